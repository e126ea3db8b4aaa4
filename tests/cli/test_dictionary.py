"""`excise dictionary` indexes records, shows no value, and names what is wrong with a file."""

from pathlib import Path

import pytest

from excise.cli.main import main

CSV = "id;name;mail\n1;Anna Müller;anna@firm.example\n2;Robert Stone;bob@firm.example\n"


@pytest.fixture
def state(tmp_path: Path) -> list[str]:
    """The option for a fresh state folder."""
    return ["--state-dir", str(tmp_path / "state")]


def test_records_are_indexed_found_and_forgotten(
    tmp_path: Path, state: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """From the file to the finding."""
    (tmp_path / "customers.csv").write_text(CSV)
    source = str(tmp_path / "customers.csv")
    assert main(["dictionary", "add", source, "--columns", "name,mail", *state]) == 0
    assert "4 values of 2 records" in capsys.readouterr().out
    (tmp_path / "text").write_text("hello\nROBERT STONE <bob@firm.example>\nanna müller\n")
    assert main(["dictionary", "check", str(tmp_path / "text"), *state]) == 1
    shown = capsys.readouterr().out
    assert shown.splitlines() == [
        f"{tmp_path}/text:2:1  customers  2 columns",
        f"{tmp_path}/text:2:15  customers  2 columns",
    ]
    assert main(["dictionary", "list", *state]) == 0
    assert "name, mail" in capsys.readouterr().out
    assert main(["dictionary", "remove", "customers", *state]) == 0
    assert main(["dictionary", "check", str(tmp_path / "text"), *state]) == 0
    files = [path for path in (tmp_path / "state").rglob("*") if path.is_file()]
    assert all(b"Stone" not in path.read_bytes() for path in files)


@pytest.mark.parametrize(
    ("name", "text", "columns", "values"),
    [
        ("a.tsv", "name\tx\nAnna\t1\n", "name", "1 values of 1"),
        ("a.jsonl", '{"name": "Anna", "n": 4711}\n\n{"n": null}\n', "name,n", "2 values of 2"),
        ("a.csv", "\ufeffname,x\nAnna\nBob,2,3\n", "name,x", "2 values of 2"),
    ],
)
def test_formats(
    name: str, text: str, columns: str, values: str, tmp_path: Path, state: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Tables with any usual separator, short rows, and JSON lines."""
    (tmp_path / name).write_text(text)
    command = ["dictionary", "add", str(tmp_path / name), "--columns", columns, "--name", "x"]
    assert main([*command, *state]) == 0
    assert values in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "text", "options", "told"),
    [
        ("a.csv", CSV, ["--columns", "nam"], 'Did you mean "name"?'),
        ("a.csv", CSV, ["--columns", "name", "--meet", "2"], "--meet 2 with 1 columns"),
        ("a.csv", CSV, ["--columns", "name", "--name", "A b"], "can be no name"),
        ("a.jsonl", '{"a": 1}\nsecretvalue\n', ["--columns", "a"], "a.jsonl:2"),
        ("a.csv", b"name\n\xff\n", ["--columns", "name"], "not UTF-8"),
        ("missing.csv", None, ["--columns", "name"], "No such file"),
    ],
)
def test_mistakes_are_named_without_a_value(
    name: str, text: str | bytes | None, options: list[str], told: str, tmp_path: Path,
    state: list[str], capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """With file, line and mend."""
    if text is not None:
        (tmp_path / name).write_bytes(text.encode() if isinstance(text, str) else text)
    assert main(["dictionary", "add", str(tmp_path / name), *options, *state]) == 2
    error = capsys.readouterr().err
    assert told in error and "secretvalue" not in error and "Anna" not in error


def test_what_is_not_there_cannot_be_removed(
    state: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The known ones are named."""
    assert main(["dictionary", "remove", "x", *state]) == 2
    assert "there are: none" in capsys.readouterr().err


def test_a_damaged_index_is_named(
    tmp_path: Path, state: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """And not silently left out."""
    (tmp_path / "a.csv").write_text(CSV)
    assert main(["dictionary", "add", str(tmp_path / "a.csv"), "--columns", "name", *state]) == 0
    (tmp_path / "state/indexes/dictionary/a").write_bytes(b"x")
    assert main(["dictionary", "list", *state]) == 2
    assert "EXC-STA-002" in capsys.readouterr().err
