"""A guarded stream: faults end it, what must be on disk waits, nothing follows an end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from edge.fakes import FakeStep, FakeStream

from excise.edge.passage import End, GuardedStream, Passage
from excise.errors import AuditError, StateError
from excise.model import Halt, RefusalClass


class _Notes:
    def __init__(self) -> None:
        self.noted: list[tuple[str, str]] = []
        self.committed: list[Any] = []
        self.broken = False

    def note(self, where: str, fault: BaseException) -> str:
        self.noted.append((where, type(fault).__name__))
        return "ref"

    async def commit(self, record: Any) -> None:
        if self.broken:
            raise AuditError("EXC-AUD-001", "broken.")
        self.committed.append(record)


def _guarded(stream: Any = None, halt: Halt | None = None) -> tuple[GuardedStream, _Notes]:
    notes = _Notes()
    made = GuardedStream(stream or FakeStream(), notes.note, notes.commit, lambda: halt)
    return made, notes


def test_clean_chunks_need_no_waiting() -> None:
    stream, _ = _guarded()
    release = stream.feed(b"data: a\n\n")
    assert (release.data, release.end, release.wait) == (b"data: a\n\n", End.OPEN, None)


async def test_a_ruling_is_on_disk_before_the_release() -> None:
    stream, notes = _guarded()
    release = stream.feed(b"DISK")
    assert release.wait is not None
    assert notes.committed == []
    await release.wait()
    assert notes.committed == [{"what": "stream"}]
    assert (release.data, release.end) == (b"DISK", End.OPEN)


class _Ending(FakeStream):
    """Ends the answer for what nobody could read."""

    def feed(self, chunk: bytes) -> FakeStep:
        return FakeStep(b"bye", closed=True)


async def test_an_end_of_ours_is_on_disk_before_it_is_heard() -> None:
    stream, notes = _guarded(_Ending())
    release = stream.feed(b"x")
    assert release.wait is not None
    await release.wait()
    assert notes.committed and (release.data, release.end) == (b"bye", End.CLOSED)


class _Waiting(FakeStream):
    """Every chunk waits for what `rest` brings."""

    def __init__(self, rest: FakeStep | None) -> None:
        super().__init__()
        self.rest = rest
        self.waited: list[bool] = []

    def feed(self, chunk: bytes) -> FakeStep:
        return FakeStep(chunk, wait=lambda: self.waited.append(_is_on_loop()))


def _is_on_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@pytest.mark.parametrize(
    ("rest", "data", "end", "lines"),
    [
        (FakeStep(b"-rest"), b"head-rest", End.OPEN, 0),
        (FakeStep(b"-over", closed=True, rulings=(1,)), b"head-over", End.CLOSED, 1),
        (FakeStep(b"", clauses=(1,)), b"head", End.OPEN, 1),
    ],
)
async def test_a_step_that_waits_is_completed_beside_the_loop(
    rest: FakeStep, data: bytes, end: End, lines: int
) -> None:
    inner = _Waiting(rest)
    stream, notes = _guarded(inner)
    release = stream.feed(b"head")
    assert release.wait is not None
    await release.wait()
    assert inner.waited == [False]
    assert (release.data, release.end, len(notes.committed)) == (data, end, lines)
    assert stream.end is end


async def test_a_fault_while_it_waits_ends_the_answer() -> None:
    stream, notes = _guarded(_Waiting(None))
    release = stream.feed(b"head")
    assert release.wait is not None
    await release.wait()
    assert release.end is End.CLOSED and release.data.startswith(b"head")
    assert notes.noted == [("stream", "RuntimeError")]
    assert stream.feed(b"more").data == b""


async def test_a_trail_that_fails_takes_the_permission_back() -> None:
    stream, notes = _guarded()
    notes.broken = True
    release = stream.feed(b"DISK")
    assert release.wait is not None
    await release.wait()
    assert (release.data, release.end) == (b"", End.ABORTED)
    assert stream.feed(b"more").end is End.ABORTED


@pytest.mark.parametrize(("closes", "end"), [(True, End.CLOSED), (False, End.ABORTED)])
@pytest.mark.parametrize("where", ["feed", "finish"])
@pytest.mark.parametrize("kind", [ValueError, MemoryError, RecursionError, SystemExit])
def test_a_fault_ends_it(closes: bool, end: End, where: str, kind: type[BaseException]) -> None:
    class Broken(FakeStream):
        def feed(self, chunk: bytes) -> FakeStep:
            raise kind("PLANTED")

        finish = feed  # type: ignore[assignment]

    inner = Broken()
    inner.closes = closes
    if where == "finish":
        inner.finish = lambda *, cut=False: inner.feed(b"")  # type: ignore[method-assign]
    stream, notes = _guarded(inner)
    release = stream.feed(b"x") if where == "feed" else stream.finish()
    assert release.end is end
    assert b"PLANTED" not in release.data
    assert bool(release.data) is closes
    assert notes.noted == [("stream", kind.__name__)]
    after = stream.feed(b"unread")
    assert (after.data, after.end) == (b"", end)


@pytest.mark.parametrize(
    ("halt", "fault", "said"),
    [
        (None, ValueError("x"), b"closed fault ref"),
        (None, StateError("EXC-STA-006", "x."), b"closed away ref"),
        (Halt.AWAY, None, b"closed away store-away"),
        (Halt.SWITCHED, None, b"closed off kill-switch"),
    ],
)
def test_the_ending_says_why(halt: Halt | None, fault: Exception | None, said: bytes) -> None:
    class Asking(FakeStream):
        def feed(self, chunk: bytes) -> FakeStep:
            assert fault is not None
            raise fault

    stream, _ = _guarded(Asking(), halt)
    assert said in stream.feed(b"x").data


def test_an_ending_that_fails_too_is_a_cut() -> None:
    class Worse(FakeStream):
        def feed(self, chunk: bytes) -> FakeStep:
            raise ValueError

        def close(self, reference: str, cls: RefusalClass) -> bytes:
            raise KeyError

    stream, notes = _guarded(Worse())
    assert stream.feed(b"x").end is End.ABORTED
    assert len(notes.noted) == 2


def test_nothing_follows_an_answer_ended_by_policy() -> None:
    stream, _ = _guarded()
    assert stream.feed(b"STOP").end is End.CLOSED
    assert stream.feed(b"data: PLANTED").data == b""
    assert stream.finish().data == b""


def test_a_lost_upstream_releases_what_is_decided() -> None:
    stream, _ = _guarded()
    stream.feed(b"HOLD")
    release = stream.lost()
    assert (release.data, release.end) == (b"HOLD", End.ABORTED)


def test_the_record_is_settled_once() -> None:
    stream, _ = _guarded()
    assert not stream.settled
    stream.record()
    assert stream.settled


def test_a_new_passage_permits_nothing() -> None:
    passage = Passage()
    assert (passage.opaque, passage.own, passage.stream) == (False, False, None)
