"""Lines about what looks like a model, by who and where; all other lines are left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from excise.audit.discover import find_suspects
from excise.audit.fields import Stage
from excise.audit.record import Facts, build_record
from excise.audit.select import Wanted
from excise.audit.writer import AuditWriter
from excise.errors import AuditError
from excise.model import Principal

ANA = Principal(id="user:ana", source="basic", group="")
SHAPE = {"seconds": 3.5, "sent": 900, "received": 30_000, "answers": 2, "gap": 0.02}


@pytest.fixture
def trail(tmp_path: Path) -> Path:
    path = tmp_path / "audit.jsonl"
    lines: list[dict[str, Any]] = [
        {"host": "b.test", "anomalies": ("llm-cadence",), "shape": SHAPE, "principal": ANA},
        {"host": "b.test", "anomalies": ("llm-cadence",), "shape": SHAPE, "principal": ANA},
        {"host": "a.test", "anomalies": ("llm-path", "llm-body"), "target": "/v1/messages"},
        {"host": "c.test", "anomalies": ("certificate-refused",)},
        {"host": "d.test", "shape": SHAPE | {"answers": 0}},
    ]
    with AuditWriter(path, clock=lambda: 0.0) as audit:
        for each in lines:
            audit.offer(build_record(Facts(stage=Stage.TUNNEL, address="192.0.2.7", **each)))
    return path


def test_suspects_are_summed_the_surest_first(trail: Path) -> None:
    body, cadence = find_suspects(trail, Wanted())
    assert (body.who, body.host, body.score) == ("address:192.0.2.7", "a.test", 4)
    assert (body.signs, body.paths) == (("llm-body", "llm-path"), ("/v1/messages",))
    assert (cadence.who, cadence.host, cadence.score) == ("user:ana", "b.test", 1)
    assert (cadence.lines, cadence.answers, cadence.received) == (2, 4, 60_000)


def test_filters_narrow_them(trail: Path) -> None:
    assert [each.host for each in find_suspects(trail, Wanted(principal="user:ana"))] == ["b.test"]


def test_no_trail_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AuditError):
        find_suspects(tmp_path / "none.jsonl", Wanted())
