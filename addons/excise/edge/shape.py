"""The outline of a connection that nobody reads: how much went each way, when, in what pieces.

A model's streamed answer has one that few others have: some hundred small pieces of about one size,
a few to some hundred a second, never evenly spaced, after one question and with nothing from the
client meanwhile. What the pieces say is encrypted and stays so. Held by docs/discovery.md, where
`scripts/evaluate-discovery` prints what is found of it and what is taken for it.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

# Pieces that come closer together than this are one event: a length, its chunk and its end may be
# written one by one.
_TOGETHER: Final = 0.003
_KEPT: Final = 256  # events of an answer whose size and time are remembered
_ASK: Final = 150  # bytes: smaller ones of a client acknowledge, ping, or keep alive
_FEWEST: Final = 16
_SHORTEST: Final = 0.5  # seconds
# An answer ends: the longest outputs take some minutes. Feeds, logs and tickers go on.
_LONGEST: Final = 600.0
_GAP: Final = (0.003, 0.4)  # between events, the median: 330 to 2.5 a second
_PAUSE: Final = 2.0  # nine of ten gaps are shorter
_SIZE: Final = (25, 1200)  # of an event, the median: from one frame of a socket to a padded event
_RATE: Final = 64_000  # bytes a second
_TAIL: Final = 3.0  # nine of ten events are at most so many medians; lines of logs are not
_SIZES: Final = 4  # heartbeats have one size or two
_EVEN: Final = 0.04  # a clock's gaps: the middle half within 4 % of the median …
_CLOCK: Final = 0.015  # … which is longer than this: shorter ones blur
_CHANGES: Final = 0.3  # of neighbours, the share that differ in size; counters hardly do
_NUDGES: Final = 0.5  # pieces of the client for each event: talk of both sides is no answer


class Outline(NamedTuple):
    """One answer: medians in seconds and bytes, `spread` as share of the median."""

    events: int
    seconds: float
    gap: float
    size: int
    spread: float
    rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A whole connection. `answers` counts those like a model's; `best` is the longest of them, or
    else the longest of any. Bytes are those of the client and those to it."""

    seconds: float
    sent: int
    received: int
    answers: int
    best: Outline | None

    def told(self) -> dict[str, float]:
        """Its numbers by the names that a line has for them."""
        best = self.best
        return {
            "seconds": self.seconds,
            "sent": self.sent,
            "received": self.received,
            "answers": self.answers,
            **(
                {n: getattr(best, n) for n in ("events", "gap", "size", "spread", "rate")}
                if best
                else {}
            ),
        }


class Answer:
    """What came between two questions of a client."""

    __slots__ = ("asked", "events", "first", "gaps", "last", "nudges", "sizes", "total")

    def __init__(self) -> None:
        self.asked = self.events = self.nudges = self.total = 0
        self.first = self.last = 0.0
        self.gaps = array("f")
        self.sizes = array("L")

    def add(self, size: int, now: float) -> None:
        """A piece of it came."""
        self.total += size
        if not self.events:
            self.first = now
        elif now - self.last < _TOGETHER:
            self.last = now
            if self.events <= _KEPT:
                self.sizes[-1] += size
            return
        if self.events < _KEPT:
            if self.events:
                self.gaps.append(now - self.last)
            self.sizes.append(size)
        self.events += 1
        self.last = now

    def outline(self) -> Outline:
        """Its numbers; needs two events."""
        seconds = self.last - self.first
        sizes, gaps = sorted(self.sizes), sorted(self.gaps)
        size = quantile(sizes, 0.5)
        spread = (quantile(sizes, 0.75) - quantile(sizes, 0.25)) / max(size, 1)
        rate = self.total / max(seconds, _TOGETHER)
        return Outline(self.events, seconds, quantile(gaps, 0.5), int(size), spread, rate)

    def is_streamed(self) -> bool:
        """Whether it came as a model's answer comes."""
        if self.events < _FEWEST or self.asked < _ASK:
            return False
        told = self.outline()
        return (
            _SHORTEST <= told.seconds <= _LONGEST
            and _GAP[0] <= told.gap <= _GAP[1]
            and _SIZE[0] <= told.size <= _SIZE[1]
            and told.rate <= _RATE
            and self.nudges <= self.events * _NUDGES
            and quantile(sorted(self.gaps), 0.9) <= _PAUSE
            and quantile(sorted(self.sizes), 0.9) <= told.size * _TAIL
            and len(set(self.sizes)) >= _SIZES
            and self._changes() >= _CHANGES
            and not self._is_clockwork(told.gap)
        )

    def _changes(self) -> float:
        pairs = list(pairwise(self.sizes))
        return sum(one != other for one, other in pairs) / max(len(pairs), 1)

    def _is_clockwork(self, gap: float) -> bool:
        gaps = sorted(self.gaps)
        return gap >= _CLOCK and quantile(gaps, 0.75) - quantile(gaps, 0.25) < gap * _EVEN


class Watch:
    """Told of every piece of a connection, in order; times in seconds of one clock."""

    def __init__(self, now: float) -> None:
        self._began = self._last = now
        self._sent = self._received = self._answers = 0
        self._answer = Answer()
        self._best: Outline | None = None
        self._streamed = False

    def sent(self, size: int, now: float) -> None:
        """The client sent so many bytes."""
        self._sent += size
        self._last = now
        if self._answer.events:
            if size < _ASK:
                self._answer.nudges += 1
                return
            self._close()
        self._answer.asked += size

    def received(self, size: int, now: float) -> None:
        """The server did."""
        self._received += size
        self._last = now
        self._answer.add(size, now)

    def end(self) -> Shape:
        """All that was seen."""
        self._close()
        return Shape(
            seconds=self._last - self._began,
            sent=self._sent,
            received=self._received,
            answers=self._answers,
            best=self._best,
        )

    def _close(self) -> None:
        done, self._answer = self._answer, Answer()
        if done.events < 2:
            return
        streamed, told = done.is_streamed(), done.outline()
        self._answers += streamed
        known = (self._streamed, self._best.seconds if self._best else 0.0)
        if (streamed, told.seconds) > known:
            self._streamed, self._best = streamed, told


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which that share of ordered values stands; 0 where there are none."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0
