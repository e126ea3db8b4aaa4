"""A table for people, an object a line for programs; the exit status says whether there is one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from audit.test_discover import trail as trail

from excise.audit.writer import AuditWriter
from excise.cli.main import main


def test_suspects_are_shown_and_told_to_programs(
    trail: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "discover", "--audit", str(trail)]) == 1
    shown = capsys.readouterr().out.splitlines()
    assert [line.split()[2] for line in shown[1:]] == ["a.test", "b.test"]
    assert main(["audit", "discover", "--json", "--host", "b.test", "--audit", str(trail)]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["who"], told["answers"], told["signs"]) == ("user:ana", 4, ["llm-cadence"])


def test_nothing_found_is_status_0(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    AuditWriter(path, clock=lambda: 0.0).close()
    assert main(["audit", "discover", "--audit", str(path)]) == 0
