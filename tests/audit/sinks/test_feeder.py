"""Lines arrive in order, at least once; what is lost is counted; who must not lose refuses."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from excise.audit.fields import Stage
from excise.audit.record import Facts, build_record
from excise.audit.sinks.feeder import Feeder, SinkFault, Sinks
from excise.audit.writer import AuditWriter
from excise.errors import AuditError


class Taker:
    """A receiver that can be shut or made to refuse for good."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.open = threading.Event()
        self.open.set()
        self.fault: Exception | None = None
        self.closed = False

    def send(self, lines: Sequence[bytes]) -> None:
        self.open.wait(5)
        if self.fault is not None:
            raise self.fault
        self.lines += lines

    def close(self) -> None:
        self.closed = True


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def numbers(start: int, end: int) -> list[bytes]:
    return [b"%d" % number for number in range(start, end)]


def test_lines_arrive_in_order_and_the_end_waits_for_them() -> None:
    taker = Taker()
    feeder = Feeder("s", taker, batch=3)
    feeder.give(numbers(0, 10))
    feeder.close()
    assert (taker.lines, taker.closed) == (numbers(0, 10), True)
    assert (feeder.sent, feeder.dropped, feeder.depth) == (10, 0, 0)


def test_a_batch_that_was_not_taken_is_sent_again() -> None:
    taker, said = Taker(), list[str]()
    taker.fault = SinkFault("status 503")
    feeder = Feeder("s", taker, first_wait=0.01, notice=said.append)
    feeder.give(numbers(0, 4))
    until(lambda: feeder.failures > 2)
    taker.fault = None
    until(lambda: feeder.sent == 4)
    feeder.close()
    assert taker.lines == numbers(0, 4)
    assert said == ["s: lines are not taken (status 503).", "s: lines are taken again."]


def test_a_full_queue_loses_its_oldest_lines_and_counts_them() -> None:
    taker = Taker()
    taker.open.clear()
    feeder = Feeder("s", taker, queue=5, batch=2)
    feeder.give(numbers(0, 2))
    until(lambda: not feeder._queue)
    feeder.give(numbers(2, 12))
    assert (feeder.dropped, feeder.depth, feeder.is_full) == (7, 5, False)
    taker.open.set()
    feeder.close()
    assert taker.lines == [*numbers(0, 2), *numbers(9, 12)]


def test_what_is_refused_for_good_is_given_up_unless_nothing_may_be() -> None:
    for refuse in (False, True):
        taker = Taker()
        taker.fault = SinkFault("status 400", lasting=True)
        feeder = Feeder("s", taker, refuse=refuse, first_wait=0.01)
        feeder.give(numbers(0, 3))
        until(lambda: feeder.failures > 0)  # noqa: B023
        if refuse:
            until(lambda: feeder.failures > 2)  # noqa: B023
        assert (feeder.dropped, feeder.depth) == ((0, 3) if refuse else (3, 0))
        feeder.close()


def test_an_end_does_not_wait_for_a_dead_receiver() -> None:
    taker, said = Taker(), list[str]()
    taker.fault = ConnectionRefusedError(111, "refused")
    feeder = Feeder("s", taker, first_wait=60, notice=said.append)
    feeder.give(numbers(0, 3))
    until(lambda: feeder.failures > 0)
    began = time.monotonic()
    feeder.close()
    assert time.monotonic() - began < 4
    assert said[-1] == "s: 3 lines were not taken before the end."


async def test_sinks_get_what_the_file_has_and_a_full_one_refuses(tmp_path: Path) -> None:
    path, taker, other = tmp_path / "audit.jsonl", Taker(), Taker()
    sinks = Sinks([Feeder("must", taker, queue=2, refuse=True, batch=1), Feeder("may", other)])
    line = build_record(Facts(stage=Stage.TUNNEL, id="x"))
    with AuditWriter(path, onward=sinks) as audit:
        await audit.commit(line)
        until(lambda: bool(taker.lines))
        taker.open.clear()
        await audit.commit(line)
        await audit.commit(line)
        with pytest.raises(AuditError, match="EXC-AUD-005"):
            await audit.commit(line)
        with pytest.raises(AuditError, match="EXC-AUD-005"):
            audit.offer(line)
        assert sinks.full() == "must"
        taker.open.set()
        until(lambda: not sinks.full())
        await audit.commit(line)
    written = path.read_bytes().splitlines()
    assert b'"lost":2' in b"".join(written)  # told as a gap
    assert taker.lines == other.lines == written
    assert sinks.state()["must"] == {"depth": 0, "sent": 5, "dropped": 0, "failures": 0}


@pytest.mark.parametrize("refuse", [False, True])
def test_of_a_batch_that_was_taken_in_part_only_the_rest_is_lost(refuse: bool) -> None:
    taker = Taker()
    taker.fault = SinkFault("refused", lasting=True, lost=1)
    feeder = Feeder("s", taker, refuse=refuse, first_wait=0.01)
    feeder.give(numbers(0, 3))
    until(lambda: feeder.depth == 0)
    assert (feeder.dropped, feeder.sent, feeder.failures) == (1, 2, 1)
    feeder.close()
