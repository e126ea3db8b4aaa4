"""A proxy that answers is told of; one that is not there, too."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from excise.audit.fields import Stage
from excise.audit.record import Facts, build_record
from excise.audit.writer import AuditWriter
from excise.cli.main import main
from excise.state.reload import reload_mark


@pytest.mark.parametrize(
    ("event", "subject", "status"),
    [("policy-loaded", "d1", 0), ("policy-rejected", "EXC-POL-009", 1)],
)
def test_what_the_trail_says_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], event: str, subject: str, status: int
) -> None:
    trail, mark = tmp_path / "audit.jsonl", reload_mark(tmp_path / "state")

    def notice(event: str, subject: str) -> None:
        told = {"event": event, "subject": subject}
        writer.commit_sync(build_record(Facts(stage=Stage.NOTICE, notice=told)))

    def proxy() -> None:
        while not mark.exists():
            time.sleep(0.01)
        notice(event, subject)

    with AuditWriter(trail) as writer:
        notice("policy-loaded", "an old one")
        time.sleep(0.005)  # times of lines are milliseconds
        threading.Thread(target=proxy, daemon=True).start()
        words = ["--state-dir", str(tmp_path / "state"), "--audit", str(trail)]
        assert main(["reload", *words]) == status
    assert capsys.readouterr().out == f"{event} {subject}\n"


def test_nobody_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--state-dir", str(tmp_path), "--audit", str(tmp_path / "audit.jsonl")]
    assert main(["reload", "--wait", "0.05", *words]) == 1
    assert "no proxy has answered" in capsys.readouterr().out
    assert main(["reload", "--wait", "0", *words]) == 0
