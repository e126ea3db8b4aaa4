"""Exit status 0 for a trail that holds, 1 with the place for one that does not, 2 for no trail."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from excise.audit.fields import Stage
from excise.audit.record import Facts, build_record
from excise.cli.main import main
from excise.config import load_settings
from excise.edge.parts import open_trail


@pytest.fixture
def state(tmp_path: Path) -> Path:
    config = load_settings({"state_dir": tmp_path}, environ={"HOME": str(tmp_path)})
    with open_trail(config, lambda _: None) as trail:
        for number in range(5):
            trail.offer(build_record(Facts(stage=Stage.TUNNEL, id=f"x{number}")))
    return tmp_path


def verify(state: Path, *more: str) -> int:
    return main(["audit", "verify", "--state-dir", str(state), *more])


def test_a_trail_that_holds(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(state) == 0
    shown = capsys.readouterr().out
    assert "6 lines in 1 files" in shown and "signed up to line number 6" in shown
    assert verify(state, "--json") == 0
    [report] = json.loads(capsys.readouterr().out)
    assert report["faults"] == [] and report["lines"] == 6


def test_an_edited_line_is_shown_with_its_place(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = state / "audit" / "audit.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"x2"', b'"x9"'))
    assert verify(state) == 1
    assert f"{path}:3: edited: expected digest" in capsys.readouterr().out


def test_the_printed_key_checks_elsewhere(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "key", "--state-dir", str(state)]) == 0
    public = tmp_path / "public.pem"
    public.write_text(capsys.readouterr().out)
    file = str(state / "audit" / "audit.jsonl")
    away = tmp_path / "auditor"
    assert verify(away, file, "--public-key", str(public)) == 0
    assert verify(away, file) == 0
    assert "not checked" in capsys.readouterr().out
    assert main(["audit", "key", "--state-dir", str(tmp_path / "other")]) == 0
    public.write_text(capsys.readouterr().out)
    assert verify(away, file, "--public-key", str(public)) == 1
    assert "bad signature" in capsys.readouterr().out


def test_no_trail_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(tmp_path) == 2
    assert "no trail yet" in capsys.readouterr().err
