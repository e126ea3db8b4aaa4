"""The trail is shown as it is: to people as tables, to programs as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from excise.audit.fields import Stage
from excise.audit.record import Facts, build_record
from excise.audit.writer import AuditWriter
from excise.cli.main import main
from excise.model import Action, Decision, Direction, Principal


@pytest.fixture
def trail(tmp_path: Path) -> Path:
    path = tmp_path / "audit.jsonl"
    with AuditWriter(path, clock=lambda: 0.0) as audit:
        for number, action in enumerate((Action.ALLOW, Action.REDACT, Action.BLOCK)):
            facts = Facts(
                stage=Stage.REQUEST,
                id=f"x{number}",
                reference=f"r{number}",
                direction=Direction.REQUEST,
                principal=Principal(id="ann"),
                host="api.openai.com",
                user_agent="[bold]agent[/bold]",
                timings={"total": 1.5},
            )
            decision = Decision(action=action, would=Action.BLOCK, reasons=("uninspectable:size",))
            audit.offer(build_record(facts, decision))
    return path


def test_tail_shows_the_last_ones(trail: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "tail", "-n", "2", "--audit", str(trail), "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["id"] for line in lines] == ["x1", "x2"]
    assert main(["audit", "tail", "--audit", str(trail)]) == 0
    shown = capsys.readouterr().out
    assert "redact (block)" in shown and "ann" in shown


@pytest.mark.parametrize(("name", "status"), [("x1", 0), ("r1", 0), ("zz", 1)])
def test_show_finds_an_exchange(
    trail: Path, capsys: pytest.CaptureFixture[str], name: str, status: int
) -> None:
    assert main(["audit", "show", name, "--audit", str(trail), "--json"]) == status
    out = capsys.readouterr().out
    assert ('"id":"x1"' in out) is (status == 0)
    assert main(["audit", "show", name, "--audit", str(trail)]) == status
    assert ("[bold]agent[/bold]" in capsys.readouterr().out) is (status == 0)


def test_stats_count(trail: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "stats", "--audit", str(trail), "--json"]) == 0
    stats = json.loads(capsys.readouterr().out)
    assert stats["actions"] == {"allow": 1, "redact": 1, "block": 1}
    assert stats["principals"] == {"ann": 3}
    assert stats["total_ms"] == {"p50": 1.5, "p99": 1.5}
    assert main(["audit", "stats", "--audit", str(trail)]) == 0
    assert "uninspectable:size 3" in capsys.readouterr().out


def test_no_trail_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "tail", "--audit", str(tmp_path / "none.jsonl")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
