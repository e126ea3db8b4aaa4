"""Counters over sliding windows, in memory or in SQLite, on the storage of pyrate-limiter.

The library's own algorithms keep a row for each unit (a request of 100 000 tokens: 100 000 rows)
or let twice the limit pass in one window; this one keeps a window in slots of its own, through the
library's interface for algorithms of constant state. docs/decisions/0014 has the figures.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from math import ceil
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from pyrate_limiter import Rate
from pyrate_limiter.abstracts.algorithm import ADMITTED, Decision, State, StateAlgorithm
from pyrate_limiter.buckets.state_bucket import InMemoryStateStore

from excise.state.base import Base

SLOTS: Final = 24
KEYS: Final = 20_000
"""Counters that are kept apart in memory; beyond, all new ones share one, which is never milder."""
_SHARED: Final = "*"


class Charge(NamedTuple):
    """`amount` counted on `key`, of which no window of `seconds` may hold more than `limit`."""

    key: str
    limit: int
    seconds: int
    amount: int


class Denied(NamedTuple):
    """Which charge did not fit, and in how many seconds it may; None where it never can."""

    charge: Charge
    wait: float | None


class Counters(Protocol):
    """What limits are counted in. Safe to use from several threads."""

    def take(self, charges: Sequence[Charge]) -> Denied | None:
        """Count all of these, or none of them where one does not fit."""
        ...

    def add(self, charges: Sequence[Charge]) -> list[int]:
        """Count these whatever the limit, and say what then stands on each; a negative amount is
        given back."""
        ...

    def used(self, charge: Charge) -> int:
        """What stands on a counter now."""
        ...

    def keys(self) -> dict[str, tuple[int, int]]:
        """Key → what it was limited to and its window in seconds, as last seen."""
        ...

    def reset(self, name: str) -> int:
        """Forget the counter of this key and all below it; how many those were."""
        ...

    def sweep(self) -> int:
        """Forget counters on which nothing stands; how many those were."""
        ...


class Slots(StateAlgorithm):
    """A window as `SLOTS` slots and the one that is just ending.

    State: number of the newest slot, then the counts, newest first. As the slot that is leaving
    counts in full, no window of that length anywhere holds more than the limit; what was used is
    free again after the window and at most one slot (a 24th) more.
    """

    def initial(self, rates: list[Rate]) -> State:
        """Nothing counted yet."""
        return (0.0,) * (SLOTS + 2)

    def step(
        self, rates: list[Rate], state: State, now: int, weight: int
    ) -> tuple[State, Decision]:
        """`now` in milliseconds; what does not fit changes nothing."""
        rate = rates[0]
        slot, counts = self.moved(rate, state, now)
        if sum(counts) + weight <= rate.limit:
            return (slot, counts[0] + weight, *counts[1:]), ADMITTED
        return state, Decision(rate, self._wait(rate, slot, counts, now, weight))

    def consumed(self, rates: list[Rate], state: State, now: int) -> int:
        """What counts now."""
        return int(sum(self.moved(rates[0], state, now)[1]))

    @staticmethod
    def moved(rate: Rate, state: State, now: int) -> tuple[float, tuple[float, ...]]:
        """Newest slot and counts at `now`; a clock that went back stands still."""
        newest, counts = state[0], state[1:]
        slot = max(float(now * SLOTS // rate.interval), newest)
        gone = int(min(slot - newest, len(counts)))
        return slot, (*(0.0,) * gone, *counts[: len(counts) - gone])

    @staticmethod
    def _wait(
        rate: Rate, slot: float, counts: tuple[float, ...], now: int, weight: int
    ) -> int | None:
        """Milliseconds until enough slots have left."""
        if weight > rate.limit:
            return None
        left = sum(counts) + weight
        for age in range(SLOTS, -1, -1):
            left -= counts[age]
            if left <= rate.limit:
                return max(1, ceil((slot - age + SLOTS + 1) * rate.interval / SLOTS) - now)
        return None


class Debit(Slots):
    """The same counters, whatever the limit: an answer that came is counted even beyond it.

    What is given back comes off the newest slots, none of which falls below 0: so it can never let
    more pass later.
    """

    def step(
        self, rates: list[Rate], state: State, now: int, weight: int
    ) -> tuple[State, Decision]:
        """Never denies."""
        slot, counts = self.moved(rates[0], state, now)
        if weight >= 0:
            return (slot, counts[0] + weight, *counts[1:]), ADMITTED
        back, kept = float(-weight), []
        for count in counts:
            taken = min(count, back)
            back -= taken
            kept.append(count - taken)
        return (slot, *kept), ADMITTED


_WRITTEN: Final = " ".join(["%.0f"] * (SLOTS + 2))
TAKE: Final = Slots()
ADD: Final = Debit()


@lru_cache(maxsize=256)
def rates_of(limit: int, seconds: int) -> list[Rate]:
    """A limit as the library has it."""
    return [Rate(limit, seconds * 1000)]


def write_state(state: State) -> str:
    """A state as a text."""
    return _WRITTEN % state


def read_state(text: str) -> State:
    """The state that a text tells; nothing counted where it tells none."""
    state = tuple(map(float, text.split()))
    return state if len(state) == SLOTS + 2 else TAKE.initial([])


def counted(state: State) -> int:
    """What counts at the moment of a state."""
    return int(sum(state[1:]))


class _Kept(NamedTuple):
    store: Any  # InMemoryStateStore, which has no types
    limit: int
    seconds: int


class MemoryCounters:
    """Implements `Counters` in this process; `clock` tells seconds since 1970."""

    def __init__(self, clock: Callable[[], float], *, keys: int = KEYS) -> None:
        self._clock = clock
        self._most = keys
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def take(self, charges: Sequence[Charge]) -> Denied | None:
        """Count all of these, or none of them where one does not fit."""
        with self._lock:
            now = self._now()
            for done, charge in enumerate(charges):
                decision = self._check(TAKE, charge, now)
                if not decision.allowed:
                    for each in charges[:done]:
                        self._check(ADD, each._replace(amount=-each.amount), now)
                    return denied_by(charge, decision)
        return None

    def add(self, charges: Sequence[Charge]) -> list[int]:
        """Count these whatever the limit."""
        with self._lock:
            now = self._now()
            return [self._added(charge, now) for charge in charges]

    def used(self, charge: Charge) -> int:
        """What stands on a counter now."""
        with self._lock:
            kept = self._kept.get(charge.key)
            return 0 if kept is None else _stands(kept, charge, self._now())

    def keys(self) -> dict[str, tuple[int, int]]:
        """Every counter with its limit and window."""
        with self._lock:
            return {key: (kept.limit, kept.seconds) for key, kept in self._kept.items()}

    def reset(self, name: str) -> int:
        """Forget counters."""
        with self._lock:
            gone = [key for key in self._kept if f"{key}/".startswith(f"{name}/")]
            for key in gone:
                del self._kept[key]
            return len(gone)

    def sweep(self) -> int:
        """Forget counters on which nothing stands."""
        with self._lock:
            return self._sweep()

    def _sweep(self) -> int:
        now = self._now()
        idle = []
        for key, kept in self._kept.items():
            rates = rates_of(kept.limit, kept.seconds)
            if not TAKE.consumed(rates, kept.store.read(TAKE, rates), now):
                idle.append(key)
        for key in idle:
            del self._kept[key]
        return len(idle)

    def _added(self, charge: Charge, now: int) -> int:
        self._check(ADD, charge, now)
        return _stands(self._place(charge), charge, now)

    def _place(self, charge: Charge) -> _Kept:
        return self._kept.get(charge.key) or self._made(charge)

    def _check(self, algorithm: StateAlgorithm, charge: Charge, now: int) -> Decision:
        decision: Decision = self._place(charge).store.check(
            algorithm, rates_of(charge.limit, charge.seconds), now, charge.amount
        )
        return decision

    def _made(self, charge: Charge) -> _Kept:
        key = charge.key
        if len(self._kept) >= self._most and not self._sweep():
            key = f"{_SHARED}/{charge.limit}/{charge.seconds}"
        if key not in self._kept:
            self._kept[key] = _Kept(InMemoryStateStore(), charge.limit, charge.seconds)
        return self._kept[key]

    def _now(self) -> int:
        return int(self._clock() * 1000)


def _stands(kept: _Kept, charge: Charge, now: int) -> int:
    rates = rates_of(charge.limit, charge.seconds)
    return TAKE.consumed(rates, kept.store.read(TAKE, rates), now)


_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS counters (
    key TEXT PRIMARY KEY, state TEXT NOT NULL, amount INTEGER NOT NULL, seconds INTEGER NOT NULL
) WITHOUT ROWID
"""


class SqliteCounters:
    """Implements `Counters` in a file that several processes share and that outlives them."""

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        """Raises `StateError` where the file cannot be used."""
        self._clock = clock
        self._base = Base(path, _SCHEMA, synchronous="NORMAL", what="the counters")

    def take(self, charges: Sequence[Charge]) -> Denied | None:
        """Count all of these, or none of them where one does not fit. Raises `StateError`."""
        with self._base.transaction() as base:
            now = self._now()
            states = []
            for charge in charges:
                state, decision = self._step(TAKE, base, charge, now)
                if not decision.allowed:
                    return denied_by(charge, decision)
                states.append((charge, state))
            self._put(base, states)
        return None

    def add(self, charges: Sequence[Charge]) -> list[int]:
        """Count these whatever the limit. Raises `StateError`."""
        if not charges:
            return []
        with self._base.transaction() as base:
            now = self._now()
            states = [(each, self._step(ADD, base, each, now)[0]) for each in charges]
            self._put(base, states)
        return [counted(state) for _, state in states]

    def used(self, charge: Charge) -> int:
        """What stands on a counter now. Raises `StateError`."""
        with self._base.using() as base:
            rates = rates_of(charge.limit, charge.seconds)
            return TAKE.consumed(rates, self._state(base, charge), self._now())

    def keys(self) -> dict[str, tuple[int, int]]:
        """Every counter with its limit and window. Raises `StateError`."""
        with self._base.using() as base:
            rows = base.execute("SELECT key, amount, seconds FROM counters").fetchall()
        return {key: (amount, seconds) for key, amount, seconds in rows}

    def reset(self, name: str) -> int:
        """Forget counters. Raises `StateError`."""
        with self._base.transaction() as base:
            done = base.execute(
                "DELETE FROM counters WHERE substr(key || '/', 1, ?) = ?",
                (len(name) + 1, f"{name}/"),
            )
            return done.rowcount

    def sweep(self) -> int:
        """Forget counters on which nothing stands. Raises `StateError`."""
        idle = [
            key
            for key, (limit, seconds) in self.keys().items()
            if not self.used(Charge(key, limit, seconds, 0))
        ]
        with self._base.transaction() as base:
            base.executemany("DELETE FROM counters WHERE key = ?", [(key,) for key in idle])
        return len(idle)

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    def _step(
        self, algorithm: StateAlgorithm, base: sqlite3.Connection, charge: Charge, now: int
    ) -> tuple[State, Decision]:
        rates = rates_of(charge.limit, charge.seconds)
        return algorithm.step(rates, self._state(base, charge), now, charge.amount)

    def _state(self, base: sqlite3.Connection, charge: Charge) -> State:
        row = base.execute(
            "SELECT state FROM counters WHERE key = ? AND seconds = ?",
            (charge.key, charge.seconds),
        ).fetchone()
        return read_state(row[0] if row else "")

    def _put(self, base: sqlite3.Connection, states: Iterable[tuple[Charge, State]]) -> None:
        base.executemany(
            "INSERT OR REPLACE INTO counters VALUES (?, ?, ?, ?)",
            [
                (charge.key, write_state(state), charge.limit, charge.seconds)
                for charge, state in states
            ],
        )

    def _now(self) -> int:
        return int(self._clock() * 1000)


def denied_by(charge: Charge, decision: Decision) -> Denied:
    """What a decision against a charge says."""
    wait = decision.retry_after_ms
    return Denied(charge, None if wait is None else wait / 1000)
