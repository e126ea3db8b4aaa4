"""Own code is indexed, listed, asked for and forgotten; none of it stands in any file."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from own_code_samples import GO, PYTHON, UNRELATED, renamed

from excise.cli.main import main


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A folder with own code."""
    folder = tmp_path / "Freight House"
    folder.mkdir()
    (folder / "settle.py").write_text(PYTHON)
    (folder / "blend.go").write_text(GO)
    return folder


def run(tmp_path: Path, *words: str) -> int:
    return main(["fingerprint", *words, "--state-dir", str(tmp_path / "state")])


def listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    capsys.readouterr()
    assert run(tmp_path, "list", "--json") == 0
    rows: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return rows


def test_from_index_to_answer(
    tmp_path: Path, house: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "add", str(house), "--names", "--packages", "com.acme.") == 0
    assert capsys.readouterr().out.startswith("Freight-House: 2 files, ")
    (row,) = listed(tmp_path, capsys)
    assert (row["name"], row["count"], row["packages"]) == ("Freight-House", 2, 1)
    text = tmp_path / "asked.txt"
    text.write_text(f"see\n{PYTHON}\nimport com.acme.x\n{renamed(GO)}")
    assert run(tmp_path, "check", str(text)) == 1
    said = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[1].split(",")[0] for line in said] == [
        "own",
        "internal-package",
        "near",
    ]
    assert said[0].startswith(f"{text}:2-") and said[0].endswith("in settle.py")
    text.write_text(UNRELATED)
    assert run(tmp_path, "check", str(text)) == 0
    assert capsys.readouterr().out == ""


def test_names_of_files_are_kept_only_when_asked_for(
    tmp_path: Path, house: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(tmp_path, "add", str(house), "--name", "main", "--packages", "com.acme.") == 0
    kept = b"".join(p.read_bytes() for p in (tmp_path / "state").rglob("*") if p.is_file())
    for word in (b"settle", b"blend", b"acme", b"freight", b"Freight"):
        assert word not in kept
    capsys.readouterr()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(PYTHON.encode())))
    assert run(tmp_path, "check", "-", "--json") == 1
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["label"], row["first_line"], row["file"]) == ("own", 1, "file 1")


def test_several_indexes_answer_as_one_and_are_forgotten_one_by_one(
    tmp_path: Path, house: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("settle.py", "blend.go"):
        assert run(tmp_path, "add", str(house / name), "--name", name, "--names") == 0
    asked = tmp_path / "asked.txt"
    asked.write_text(f"{PYTHON}\n{UNRELATED}\n{GO}")
    assert run(tmp_path, "check", str(asked)) == 1
    assert capsys.readouterr().out.count(": own") == 2
    assert run(tmp_path, "remove", "settle.py") == 0
    assert [row["name"] for row in listed(tmp_path, capsys)] == ["blend.go"]
    assert run(tmp_path, "check", str(asked)) == 1
    assert capsys.readouterr().out.count(": own") == 1
    assert run(tmp_path, "remove", "settle.py") == 2
    assert run(tmp_path, "remove", "../key") == 2
    assert run(tmp_path, "list") == 0
    assert "blend.go" in capsys.readouterr().out


def test_globs_leave_out_and_nothing_left_is_said(
    tmp_path: Path, house: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "add", str(house), "--exclude", "*.go", "--exclude", "*.py") == 1
    assert "no own code" in capsys.readouterr().err
    assert listed(tmp_path, capsys) == []
    assert run(tmp_path, "list") == 0
    assert "nothing is indexed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["add"], "EXC-CFG-001"),
        (["add", "nowhere"], "EXC-CFG-003"),
        (["add", ".", "--name", "a/b"], "EXC-CFG-001"),
        (["add", "--packages", "..."], "EXC-CFG-001"),
        (["check", "nowhere"], "EXC-CFG-003"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(
    tmp_path: Path, words: list[str], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, *words) == 2
    assert code in capsys.readouterr().err


def test_an_index_of_another_key_is_refused(
    tmp_path: Path, house: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "add", str(house), "--name", "main") == 0
    (tmp_path / "state" / "key").unlink()
    assert run(tmp_path, "check", str(house / "settle.py")) == 2
    assert "EXC-STA-002" in capsys.readouterr().err


PROFILE = """\
profile: house
title: Own code stays here
level: 2
packs:
  - pack: source-code
uninspectable: {otherwise: alert}
on-fault: block
"""


def test_the_engine_reads_what_was_indexed(
    tmp_path: Path, house: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From `fingerprint add` to a redaction by `scan`, and an alert for the near copy."""
    assert run(tmp_path, "add", str(house)) == 0
    profile, lines = tmp_path / "house.yaml", tmp_path / "lines.jsonl"
    profile.write_text(PROFILE)
    texts = (f"see\n{PYTHON}", f"see\n{renamed(PYTHON)}", UNRELATED)
    lines.write_text("".join(json.dumps({"id": "1", "text": text}) + "\n" for text in texts))
    capsys.readouterr()
    state = str(tmp_path / "state")
    main(["scan", "--jsonl", str(lines), "--profile", str(profile), "--state-dir", state])
    own, near, other = map(json.loads, capsys.readouterr().out.splitlines())
    assert "source-code.own" in own["rules"] and own["action"] == "redact"
    assert "ledger.book" not in own["redacted"]
    assert "source-code.near" in near["rules"] and near["action"] == "alert"
    assert not {"source-code.own", "source-code.near"} & set(other["rules"])
