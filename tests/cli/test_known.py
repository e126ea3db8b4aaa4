"""`excise known` reads secrets from environments and files, and keeps and shows none of them."""

import io
from pathlib import Path

import pytest

from excise.cli.known import SECRETIVE, from_environment, from_path, from_text
from excise.cli.main import main
from excise.rules.fillers import fill

VALUE = fill("{alnum:20}", "known")


def test_the_environment_gives_what_is_named_a_secret() -> None:
    """And passwords in addresses under any name."""
    environ = {
        "PATH": "/usr/bin:/bin",
        "ACME_API_TOKEN": VALUE,
        "DB": "postgres://app:p%40ss-word1@db.internal/x",
        "database_url": "mysql://app:other-pass-2@db/x",
        "GREETING": "hello world 12",
    }
    assert set(from_environment(environ, SECRETIVE)) == {
        VALUE,
        "p@ss-word1",
        "mysql://app:other-pass-2@db/x",
        "other-pass-2",
    }
    assert list(from_environment(environ, ["greet*"])) == ["p@ss-word1", "other-pass-2",
                                                           "hello world 12"]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("A_KEY=abc # why", ["abc"]),
        ("export A='b c # d'\n# no\n\n", ["b c # d"]),
        ('  "x": "y",', ['"x": "y",']),
        ("key: value-1", ["value-1", "key: value-1"]),
        ("bare-value", ["bare-value"]),
        ('{"a": ["x-1", {"b": "y-2"}], "c": 3}', ["x-1", "y-2"]),
        ("-----BEGIN X-----", []),
    ],
)
def test_lines_of_a_file(text: str, values: list[str]) -> None:
    """Assignments give their value, other lines themselves, comments nothing."""
    assert list(from_text(text)) == values


def test_a_folder_gives_each_of_its_files(tmp_path: Path) -> None:
    """As secrets are mounted into containers."""
    (tmp_path / "a").write_text("one-1\n")
    (tmp_path / "b").write_text("two-2\n")
    (tmp_path / "sub").mkdir()
    assert list(from_path(tmp_path)) == ["one-1", "two-2"]


def test_values_are_kept_as_digests_and_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is printed are counts."""
    state = ["--state-dir", str(tmp_path / "state")]
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{VALUE}\nproduction\n"))
    assert main(["known", "add", "--stdin", "--name", "team", *state]) == 0
    assert main(["known", "list", *state]) == 0
    out = capsys.readouterr().out
    assert "1 values; 1 left out" in out and "forms of values" in out and VALUE not in out
    files = [path for path in (tmp_path / "state").rglob("*") if path.is_file()]
    assert all(VALUE.encode() not in path.read_bytes() for path in files)
    assert main(["known", "remove", "team", *state]) == 0
    assert main(["known", "remove", "team", *state]) == 2


@pytest.mark.parametrize(
    ("options", "status", "told"),
    [
        ([], 2, "nothing to read"),
        (["/nonexistent/x"], 2, "No such file"),
        (["--stdin", "--name", "a/b"], 2, "can be no name"),
        (["--stdin"], 1, "none of 1 values"),
    ],
)
def test_mistakes_are_named(
    options: list[str], status: int, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Without a value."""
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    assert main(["known", "add", *options, "--state-dir", str(tmp_path)]) == status
    assert told in capsys.readouterr().err
