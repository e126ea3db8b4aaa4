"""The report shows every check, and its exit status follows the worst."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from excise.cli import doctor
from excise.cli.checks import Check, Status
from excise.cli.main import main


@pytest.mark.parametrize(
    ("worst", "status"), [(Status.OK, 0), (Status.SKIP, 0), (Status.WARN, 0), (Status.FAIL, 1)]
)
def test_only_a_failure_is_an_exit_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], worst: Status, status: int
) -> None:
    seen = [Check("one", Status.OK, "fine"), Check("[two]", worst, "found", "do this")]
    monkeypatch.setattr(doctor, "CHECKS", (lambda settings: seen,))
    assert main(["doctor"]) == status
    shown = capsys.readouterr().out
    assert "[two]" in shown and "do this" in shown
    assert main(["doctor", "--json"]) == status
    assert json.loads(capsys.readouterr().out)[1]["status"] == worst


def test_it_looks_where_the_arguments_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        doctor, "CHECKS", (lambda settings: [Check("s", Status.OK, str(settings.audit))],)
    )
    assert main(["doctor", "--audit", str(tmp_path / "a.jsonl"), "--json"]) == 0
    assert str(tmp_path / "a.jsonl") in capsys.readouterr().out
