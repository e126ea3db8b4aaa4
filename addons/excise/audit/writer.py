"""Writes the trail: one thread, many callers, one write and one fsync for all that wait.

`commit` returns when the line is on disk, `offer` at once. Whoever cannot be heard is told so:
a full queue and a trail that cannot be written raise, and the caller refuses the traffic. Once the
trail can be written again, a line of stage `gap` says how many records it lacks.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from excise.audit.archive import pack, rotated
from excise.audit.fields import FIELDS, Stage
from excise.audit.record import Facts, build_record, render_time
from excise.audit.trail import Keeping, Notice, Seal, Trail
from excise.errors import AuditError

# How long lines that nobody waits for may wait for company before they are written.
LINGER: Final = 0.02
RETRY: Final = 1.0
PATIENCE: Final = 30.0
_NAMES: Final = frozenset(field.name for field in FIELDS)
_ENCODER: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


class Onward(Protocol):
    """Where lines go on to once they are written."""

    def give(self, data: bytes) -> None:
        """Whole lines, as they stand in the file; never waits."""
        ...

    def full(self) -> str:
        """The name of what must not miss a line and can take no more, or ""."""
        ...

    def state(self) -> Mapping[str, Mapping[str, int]]:
        """`depth`, `sent`, `dropped` and `failures` of each sink by its name."""
        ...

    def close(self) -> None:
        """Hand on what is left."""
        ...


class _Entry(NamedTuple):
    line: bytes
    waiter: Future[None] | None


class AuditWriter:
    """One trail and the thread that writes it. Safe to use from any thread and any event loop.

    `queue_limit` bounds the records that are not written yet, `keeping` the files. With a `seal`
    the chain is signed and its head remembered outside of it. `clock` tells seconds since the
    epoch. `notice` is told in one sentence of repairs, failures and recoveries. The constructor
    raises `AuditError` where the trail cannot be opened.
    """

    def __init__(
        self,
        path: Path,
        *,
        queue_limit: int = 10_000,
        keeping: Keeping = Keeping(),  # noqa: B008  # frozen
        seal: Seal | None = None,
        clock: Callable[[], float] = time.time,
        notice: Notice = lambda _: None,
        retry_seconds: float = RETRY,
        worker: str = "",
        onward: Onward | None = None,
    ) -> None:
        self.path = path
        self._limit = queue_limit
        self._clock = clock
        self._notice = notice = _unfailing(notice)
        self._retry = retry_seconds
        self._worker = worker
        self._onward = onward
        self._packing = keeping.packing
        self._trail = Trail(
            path,
            keeping=keeping,
            clock=clock,
            notice=notice,
            render=self._keep_books,
            seal=seal,
            onward=onward.give if onward else lambda _: None,
        )
        self._queue: deque[_Entry] = deque()
        self._waiting = 0
        self._changed = threading.Condition()
        self._active: list[_Entry] = []
        self._fault: str | None = None
        self._second = (-1, "")
        self._lost = 0
        self._told = 0
        self._closing = False
        try:
            self._trail.open()
        except OSError as fault:
            raise AuditError("EXC-AUD-001", _why(fault), at=str(path)) from None
        self._packer: threading.Thread | None = None
        self._pack()
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self._thread.start()

    @property
    def failed(self) -> bool:
        """Whether the trail could not be written when last tried."""
        return self._fault is not None

    @property
    def depth(self) -> int:
        """How many records are not written yet."""
        return len(self._queue)

    @property
    def sinks(self) -> Mapping[str, Mapping[str, int]]:
        """`depth`, `sent`, `dropped` and `failures` of each sink by its name."""
        return self._onward.state() if self._onward is not None else {}

    async def commit(self, record: Mapping[str, Any]) -> None:
        """Return when the record is on disk. Raises `AuditError` when it is not going to be."""
        future: Future[None] = Future()
        self._put(record, future)
        await asyncio.wrap_future(future)

    def commit_sync(self, record: Mapping[str, Any]) -> None:
        """`commit` for callers without an event loop; blocks."""
        future: Future[None] = Future()
        self._put(record, future)
        future.result()

    def offer(self, record: Mapping[str, Any]) -> None:
        """Queue the record and return at once. Raises `AuditError` where it cannot be queued."""
        self._put(record, None)

    def close(self, patience: float = PATIENCE) -> None:
        """Write what is queued and end the thread. Raises `AuditError` where lines were lost, or
        where the disk has not answered for `patience` seconds."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(patience)
        if self._thread.is_alive():
            raise AuditError("EXC-AUD-001", "the disk does not answer.", at=str(self.path))
        self._trail.close()
        if self._packer is not None:
            self._packer.join(patience)
        if self._onward is not None:
            self._onward.close()
        left, self._queue = len(self._queue), deque()
        if left:
            raise AuditError(
                "EXC-AUD-001", f"{left} records could not be written.", at=str(self.path)
            )

    def __enter__(self) -> AuditWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- callers' side -----------------------------------------------------------------------

    def _put(self, record: Mapping[str, Any], waiter: Future[None] | None) -> None:
        line = self._render(record)
        with self._changed:
            if self._closing:
                raise AuditError("EXC-AUD-001", "the trail is closed.", at=str(self.path))
            if self._fault is not None:
                self._lost += 1
                raise AuditError("EXC-AUD-001", self._fault, at=str(self.path))
            if len(self._queue) >= self._limit:
                self._lost += 1
                raise AuditError(
                    "EXC-AUD-002",
                    f"{self._limit} records wait to be written; the disk is too slow.",
                    at=str(self.path),
                )
            if self._onward is not None and (name := self._onward.full()):
                self._lost += 1
                raise AuditError(
                    "EXC-AUD-005",
                    f"the sink {name} takes no more lines, and must not miss one.",
                    at=str(self.path),
                )
            self._queue.append(_Entry(line, waiter))
            self._waiting += waiter is not None
            if waiter is not None or len(self._queue) == 1:
                self._changed.notify()

    def _render(self, record: Mapping[str, Any]) -> bytes:
        if not _NAMES.issuperset(record):
            raise AuditError(
                "EXC-AUD-003", "a record has a field that no schema knows.", at=str(self.path)
            )
        stamped = {"time": self._now(), **record}
        if self._worker:
            stamped.setdefault("worker", self._worker)
        try:
            text = _ENCODER.encode(stamped)
        except (TypeError, ValueError):
            raise AuditError(
                "EXC-AUD-003", "a record holds what JSON cannot say.", at=str(self.path)
            ) from None
        return text.encode() + b"\n"

    def _now(self) -> str:
        now = self._clock()
        second, text = held = self._second
        if second != int(now):
            second = int(now)
            text = render_time(datetime.fromtimestamp(second, UTC)).removesuffix("000Z")
            held = second, text
        self._second = held
        return f"{text}{int((now - second) * 1000):03d}Z"

    # -- the thread's side -------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while self._take():
                self._write()
            if not self.failed:
                self._sign("stop")
        finally:
            # Also after a fault nobody thought of: nobody may wait for a thread that is gone.
            with self._changed:
                self._closing = True
                self._refuse([*self._active, *self._queue], "the trail is closed.")

    def _take(self) -> bool:
        """Wait for something to write and make it `_active`; False when there is no more to do."""
        with self._changed:
            if self._fault is not None:
                if self._closing:
                    return False
                self._changed.wait(self._retry)
            else:
                while not self._queue and not self._closing:
                    if (due := self._trail.checkpoint_due()) <= 0:
                        return True  # nothing to write but the checkpoint
                    self._changed.wait(min(due, threading.TIMEOUT_MAX))
                if not self._queue:
                    return False
                if not self._waiting and not self._closing:
                    self._changed.wait(LINGER)
            self._active = list(self._queue)
            self._queue.clear()
            self._waiting = 0
            return True

    def _write(self) -> None:
        gap = self._gap()
        lines = [*([gap] if gap else ()), *(entry.line for entry in self._active)]
        if not lines:
            self._sign("interval")
            return
        sync = bool(gap) or any(entry.waiter for entry in self._active)
        try:
            self._trail.append(lines, sync=sync)
        except OSError as fault:
            self._fail(_why(fault))
        except AuditError as fault:
            self._fail(str(fault))
        else:
            self._succeed(counted=bool(gap))
            if self._trail.turned:
                self._trail.turned = False
                self._pack()

    def _sign(self, reason: str) -> None:
        try:
            self._trail.checkpoint(reason)
        except (OSError, AuditError) as fault:
            self._fail(_why(fault) if isinstance(fault, OSError) else str(fault))

    def _keep_books(self, stage: Stage, facts: Mapping[str, Any]) -> bytes:
        """A line about the trail itself."""
        return self._render({**build_record(Facts(stage=stage)), **facts})

    def _pack(self) -> None:
        """Pack full files beside the writing."""
        if self._packing == "none" or (self._packer is not None and self._packer.is_alive()):
            return
        self._packer = threading.Thread(target=self._pack_all, name="audit-packer", daemon=True)
        self._packer.start()

    def _pack_all(self) -> None:
        try:
            for file in rotated(self.path):
                if file.suffix == self.path.suffix:
                    pack(file, self._packing)
        except OSError as fault:
            self._notice(f"{self.path}: a full file cannot be packed ({fault.strerror}).")

    def _gap(self) -> bytes:
        with self._changed:
            self._told = self._lost
            failed = self._fault is not None
        if not self._told and not failed:
            return b""
        record = build_record(Facts(stage=Stage.GAP, worker=self._worker))
        return self._render({**record, "lost": self._told})

    def _succeed(self, *, counted: bool) -> None:
        with self._changed:
            if counted:
                self._lost -= self._told
            recovered, self._fault = self._fault is not None, None
            done, self._active = self._active, []
        if recovered:
            self._notice(f"{self.path}: the trail is written again.")
        for entry in done:
            if entry.waiter is not None and entry.waiter.set_running_or_notify_cancel():
                entry.waiter.set_result(None)

    def _fail(self, why: str) -> None:
        self._trail.close()
        with self._changed:
            first = self._fault is None
            self._fault = why
            waiting = [entry for entry in (*self._active, *self._queue) if entry.waiter]
            kept = [entry for entry in (*self._active, *self._queue) if not entry.waiter]
            self._queue = deque(kept)
            self._active, self._waiting = [], 0
            self._lost += len(waiting)
            self._refuse(waiting, why)
        if first:
            self._notice(f"{self.path}: {why} [EXC-AUD-001]")

    def _refuse(self, entries: list[_Entry], why: str) -> None:
        for entry in entries:
            if entry.waiter is not None and entry.waiter.set_running_or_notify_cancel():
                entry.waiter.set_exception(AuditError("EXC-AUD-001", why, at=str(self.path)))


def _unfailing(notice: Notice) -> Notice:
    """A notice that cannot be given is left out: standard error may lie on the same full disk."""

    def give(text: str) -> None:
        with suppress(OSError, ValueError):
            notice(text)

    return give


def _why(fault: OSError) -> str:
    return (
        f"the trail cannot be written ({fault.strerror or type(fault).__name__}); "
        "free the disk or mend its permissions."
    )
