"""What limits are told, in place or beside the event loop, and what becomes of faults."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from excise.edge.metered import Metered
from excise.edge.passage import Passage
from excise.edge.ports import Verdict
from excise.errors import StateError


class Meter:
    """Notes what it is told, and by which thread; waits for `gate` where there is one."""

    def __init__(self, verdict: Any = None, gate: threading.Event | None = None) -> None:
        self.verdict = verdict or SimpleNamespace(limit="", wait=None, would=())
        self.gate = gate
        self.away = False
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.threads: set[int] = set()

    def admit(self, exchange: Any, **told: Any) -> Verdict:
        self.told.append((exchange.id, told))
        found: Verdict = self.verdict
        return found

    def settle(self, exchange_id: str, **told: Any) -> None:
        if self.gate is not None:
            assert self.gate.wait(5)
        self.threads.add(threading.get_ident())
        if self.away:
            raise StateError("EXC-STA-006", "away.")
        self.told.append((exchange_id, told))

    def sweep(self) -> None:
        """Nothing."""


PASSAGE: Any = SimpleNamespace(exchange=SimpleNamespace(id="1"))
ANSWERED = {"usage": {"input": 3, "output": 4}, "upstream": {"status": 500}}


def _outcome() -> Any:
    context = SimpleNamespace(model="m", tokens=7, host=SimpleNamespace(provider="p"))
    return SimpleNamespace(context=context, record={"would": "allow", "reasons": ["x"]})


@pytest.mark.parametrize(
    ("limit", "would", "record"),
    [
        ("", (), {"would": "allow", "reasons": ["x"]}),
        ("", ("a", "b"), {"would": "limit", "reasons": ["x", "shadow:limit:a", "shadow:limit:b"]}),
        ("real", ("a",), {"would": "allow", "reasons": ["x"]}),
    ],
)
def test_an_admission_is_told_and_shadow_limits_are_named(
    limit: str, would: tuple[str, ...], record: dict[str, Any]
) -> None:
    meter, outcome = Meter(SimpleNamespace(limit=limit, wait=1.0, would=would)), _outcome()
    verdict = Metered(meter, lambda *_: "").admit(PASSAGE.exchange, outcome)
    assert verdict is meter.verdict and outcome.record == record
    assert meter.told == [("1", {"model": "m", "provider": "p", "tokens": 7})]


def test_nobody_is_told_where_nobody_counts() -> None:
    metered = Metered(None, lambda *_: "")
    assert metered.admit(PASSAGE.exchange, _outcome()) is None
    metered.settle(PASSAGE)
    meter = Meter()
    Metered(meter, lambda *_: "").settle(Passage())
    assert meter.told == []


async def test_a_server_is_told_beside_the_loop_which_goes_on() -> None:
    meter = Meter(gate=threading.Event())
    metered = Metered(meter, lambda *_: "", far=True)
    metered.settle(PASSAGE, ANSWERED)
    await asyncio.sleep(0)
    assert meter.told == []
    assert meter.gate is not None
    meter.gate.set()
    await metered.finish(5)
    assert meter.told == [("1", {"tokens_in": 3, "tokens_out": 4, "failed": True})]
    assert threading.get_ident() not in meter.threads
    await metered.finish(5)


@pytest.mark.parametrize("far", [True, False])
async def test_a_fault_is_noted_and_goes_no_further(far: bool) -> None:
    noted: list[str] = []
    meter = Meter()
    meter.away = True
    metered = Metered(meter, lambda where, fault: noted.append(where) or "", far=far)
    metered.settle(PASSAGE)
    await metered.finish(5)
    assert noted == ["limits"]
