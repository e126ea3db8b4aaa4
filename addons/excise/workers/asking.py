"""Questions put at once to what answers outside of this process, under one time for all of them.

Who fails again and again is left alone for a while, twice as long each time, and then asked once:
meanwhile nobody waits for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic
from typing import Any, Final, NamedTuple

from excise.errors import NoAnswer

PATIENCE: Final = 3  # failures in a row before a rest
FIRST_REST: Final = 1.0  # seconds
LONGEST_REST: Final = 60.0
THREADS: Final = 16
_LONGEST: Final = 3600.0


class Breaker(NamedTuple):
    """How it stands with one that is asked: failures in a row, and until when it rests."""

    failures: int = 0
    until: float = 0.0

    @property
    def rest(self) -> float:
        """Seconds of the rest that these failures have earned."""
        over = self.failures - PATIENCE
        return 0.0 if over < 0 else min(FIRST_REST * 2.0 ** min(over, 16), LONGEST_REST)

    def failed(self, now: float) -> Breaker:
        """After another failure."""
        more = Breaker(self.failures + 1)
        return more._replace(until=now + more.rest)


class Asked:
    """Questions that were put. Call it to wait for the answers."""

    def __init__(
        self, put: Mapping[str, Future[Any] | None], collect: Callable[[str], Any]
    ) -> None:
        self._put = put
        self._collect = collect

    def __call__(self) -> dict[str, Any]:
        """The answers, by name."""
        return {name: self._collect(name) for name in self._put}

    @property
    def is_ready(self) -> bool:
        """Whether nobody is waited for any more."""
        return all(each is None or each.done() for each in self._put.values())


class Asking:
    """Safe to use from several threads. Its own threads end with the process."""

    def __init__(self, clock: Callable[[], float] = monotonic, threads: int = THREADS) -> None:
        self._clock = clock
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="asking")
        self._breakers: dict[str, Breaker] = {}
        self._lock = threading.Lock()

    def begin(self, questions: Mapping[str, Callable[[float], Any]], seconds: float) -> Asked:
        """Put the questions, each told the seconds that it has; call what is returned to wait for
        the answers until `seconds` from now. An answer is what a question gave or a `NoAnswer`."""
        until = self._clock() + min(seconds, _LONGEST)
        put: dict[str, Future[Any] | None] = {}
        for name, question in questions.items():
            free = seconds > 0 and self._may_ask(name)
            put[name] = self._pool.submit(self._answer, question, until) if free else None
        return Asked(put, lambda name: self._collected(name, put[name], until))

    def resting(self) -> dict[str, float]:
        """Who is left alone right now, and for how many seconds more."""
        now = self._clock()
        with self._lock:
            return {
                name: each.until - now for name, each in self._breakers.items() if each.until > now
            }

    def _answer(self, question: Callable[[float], Any], until: float) -> Any:
        left = until - self._clock()
        if left <= 0:
            raise NoAnswer("late")
        return question(left)

    def _collected(self, name: str, asked: Future[Any] | None, until: float) -> Any:
        if asked is None:
            return NoAnswer("resting")
        try:
            answer = asked.result(max(0.0, until - self._clock()))
        except NoAnswer as why:
            self._failed(name)
            return why
        except TimeoutError:
            # One that never began says nothing of who would have been asked.
            if not asked.cancel():
                self._failed(name)
            return NoAnswer("late")
        with self._lock:
            self._breakers.pop(name, None)
        return answer

    def _may_ask(self, name: str) -> bool:
        now = self._clock()
        with self._lock:
            breaker = self._breakers.get(name)
            if breaker is None or breaker.rest == 0:
                return True
            if now < breaker.until:
                return False
            # One question goes out; until its answer is there the others do without.
            self._breakers[name] = breaker._replace(until=now + breaker.rest)
            return True

    def _failed(self, name: str) -> None:
        with self._lock:
            self._breakers[name] = self._breakers.get(name, Breaker()).failed(self._clock())
