"""Hands the lines of the trail on, each sink from a bounded queue in a thread of its own.

Sinks are given the bytes that were written to the trail, chain and checkpoints included, once they
have been: what reaches a sink is on disk. A batch that was not taken is sent again, so that a
receiver may see a line twice and knows it by `seq` and `worker`. A full queue loses its oldest
lines, which is counted and told, or, with `refuse`, has the trail refuse records, and so the
traffic.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPException
from typing import Final, Protocol

from excise.audit.trail import Notice

FIRST_WAIT: Final = 0.5
LONGEST_WAIT: Final = 30.0
PATIENCE: Final = 5.0  # seconds that a sink has at the end to take what is left

# The lines that were written → what is sent of them.
Pick = Callable[[Sequence[bytes]], Sequence[bytes]]


class SinkFault(Exception):
    """A batch was not taken. `lasting`: nor will it be; `lost`: only so many lines of it, the rest
    was taken; `after`: seconds to wait, if told."""

    def __init__(
        self, why: str, *, lasting: bool = False, lost: int = 0, after: float = 0.0
    ) -> None:
        self.lasting = lasting
        self.lost = lost
        self.after = after
        super().__init__(why)


class Sender(Protocol):
    """One receiver. Used by one thread."""

    def send(self, lines: Sequence[bytes]) -> None:
        """Return once the lines are taken. Raises `SinkFault`, `OSError` or `HTTPException`."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


class Feeder:
    """The queue and the thread of one sink."""

    def __init__(
        self,
        name: str,
        sender: Sender,
        *,
        queue: int = 10_000,
        batch: int = 100,
        refuse: bool = False,
        notice: Notice = lambda _: None,
        first_wait: float = FIRST_WAIT,
        pick: Pick | None = None,
    ) -> None:
        """`pick` says what is sent where some lines were written; None: those lines."""
        self.name = name
        self.sent = self.dropped = self.failures = 0
        self._sender = sender
        self._limit, self._batch, self._refuse = queue, batch, refuse
        self._notice = notice
        self._pick = pick
        self._first_wait = first_wait
        self._queue: deque[bytes] = deque()
        self._active: list[bytes] = []
        self._changed = threading.Condition()
        self._closing = self._failing = False
        self._thread = threading.Thread(target=self._run, name=f"sink {name}", daemon=True)
        self._thread.start()

    @property
    def depth(self) -> int:
        """Lines that are not taken yet."""
        return len(self._queue) + len(self._active)

    @property
    def is_full(self) -> bool:
        """Whether no record may be taken before this sink has caught up."""
        return self._refuse and self.depth >= self._limit

    def give(self, lines: Sequence[bytes]) -> None:
        """Queue lines; never waits."""
        if self._pick is not None and not (lines := self._pick(lines)):
            return
        with self._changed:
            self._queue.extend(lines)
            # One that refuses was asked before; what was under way by then is kept.
            while not self._refuse and self.depth > self._limit and self._queue:
                self._queue.popleft()
                self.dropped += 1
            self._changed.notify()

    def close(self, patience: float = PATIENCE) -> None:
        """Send what is left, for as long as `patience` lasts; the file has it all anyway."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        dropped = self.dropped
        self._thread.join(patience)
        if left := self.depth + self.dropped - dropped:
            self._notice(f"{self.name}: {left} lines were not taken before the end.")

    def _run(self) -> None:
        wait = self._first_wait
        while self._take():
            try:
                self._sender.send(self._active)
            except (SinkFault, OSError, HTTPException) as fault:
                if self._failed(fault):
                    continue
                wait = self._rest(max(wait, getattr(fault, "after", 0.0)))
            else:
                wait = self._first_wait
                self._taken()
        self._sender.close()

    def _take(self) -> bool:
        with self._changed:
            while not self._queue and not self._active and not self._closing:
                self._changed.wait()
            if not self._active:
                count = min(self._batch, len(self._queue))
                self._active = [self._queue.popleft() for _ in range(count)]
            return bool(self._active)

    def _taken(self) -> None:
        with self._changed:
            self.sent += len(self._active)
            self._active = []
        if self._failing:
            self._failing = False
            self._notice(f"{self.name}: lines are taken again.")

    def _failed(self, fault: Exception) -> bool:
        """Count it; whether the batch is given up."""
        # The text of an OSError names addresses at most, that of a fault is ours.
        why = fault if isinstance(fault, SinkFault | OSError) else type(fault).__name__
        self.failures += 1
        if not self._failing:
            self._failing = True
            self._notice(f"{self.name}: lines are not taken ({why}).")
        # Of a batch that was taken in part, nothing is left to be tried.
        lost = getattr(fault, "lost", 0)
        partly = 0 < lost < len(self._active)
        if not getattr(fault, "lasting", False) or (self._refuse and not partly):
            return False
        with self._changed:
            lost = lost if partly else len(self._active)
            self.dropped += lost
            self.sent += len(self._active) - lost
            self._active = []
        return True

    def _rest(self, wait: float) -> float:
        with self._changed:
            if self._closing:  # one last attempt was made
                self.dropped += self.depth
                self._active, self._queue = [], deque()
            else:
                self._changed.wait(wait)
        return min(wait * 2, LONGEST_WAIT)


class Sinks:
    """All sinks of one trail."""

    def __init__(self, feeders: Sequence[Feeder]) -> None:
        self._feeders = tuple(feeders)

    def give(self, data: bytes) -> None:
        """Whole lines as they were written to the trail."""
        lines = data.splitlines()
        for feeder in self._feeders:
            feeder.give(lines)

    def full(self) -> str:
        """The name of a sink without which no record may be taken, or ""."""
        return next((feeder.name for feeder in self._feeders if feeder.is_full), "")

    def state(self) -> Mapping[str, Mapping[str, int]]:
        """Numbers of each sink by its name."""
        return {
            each.name: {
                "depth": each.depth,
                "sent": each.sent,
                "dropped": each.dropped,
                "failures": each.failures,
            }
            for each in self._feeders
        }

    def close(self) -> None:
        """Send what is left and end the threads."""
        for feeder in self._feeders:
            feeder.close()
