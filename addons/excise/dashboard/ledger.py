"""The trail as the page reads it: counted, listed, and live.

One thread counts, one reads lines, one follows what is written.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from excise.audit.counted import attach
from excise.audit.query import connect, files_of
from excise.audit.reader import Record, find_exchange, find_last, follow
from excise.audit.select import HOUR, Wanted
from excise.dashboard.questions import holding
from excise.errors import AuditError

T = TypeVar("T")
LIVE: Final = 500  # records that a page may still ask for
_STALE: Final = 10.0  # seconds for which counts are good enough
_MOST_TOLD: Final = 200  # answers that are kept
_RETRY: Final = 2.0
_LOAD: Final = 4_000_000  # bytes of counts that are held in memory: of some two million lines
_AROUND: Final = timedelta(hours=2)  # lines of one exchange are no further apart


class Fresh(NamedTuple):
    """Records since a mark, newest last, and the mark to ask for next."""

    mark: int
    records: list[Record]


class Ledger:
    """The trail of one machine. Methods that return a future may be called from any thread; what
    they raise is `AuditError`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._counting = ThreadPoolExecutor(1, thread_name_prefix="dashboard-count")
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="dashboard-read")
        self._stack = ExitStack()
        self._connection: Any = None
        self._seen: object = None
        self._looked = float("-inf")
        self._told: dict[object, Any] = {}  # answers, as long as they are true
        self._live: deque[tuple[int, Record]] = deque(maxlen=LIVE)
        self._mark = 0
        self._closing = threading.Event()
        self._follower = threading.Thread(target=self._follow, name="dashboard-live", daemon=True)

    def start(self) -> None:
        """Begin to follow, and to count what was never counted."""
        self._follower.start()
        self._counting.submit(self._counted)

    def close(self) -> None:
        """Stop; what is under way is waited for."""
        self._closing.set()
        self._reading.shutdown(cancel_futures=True)
        self._counting.submit(self._stack.close)
        self._counting.shutdown()

    def ask(self, question: Callable[[Any], T]) -> Future[T]:
        """The answer to a question to the counted trail."""
        return self._counting.submit(lambda: question(self._counted()))

    def count(self, question: Callable[[Any, Wanted], T], wanted: Wanted) -> Future[T]:
        """The answer of a question about what is wanted; one that was asked already is not asked
        again until the trail has grown."""

        def answer(counted: Any) -> T:
            if (question, wanted) not in self._told:
                self._told[question, wanted] = question(counted, wanted)
            told: T = self._told[question, wanted]
            return told

        return self.ask(answer)

    def read(self, work: Callable[[], T]) -> Future[T]:
        """Work on the thread that reads, for what may take as long as reading lines."""
        return self._reading.submit(work)

    def lines(self, wanted: Wanted, count: int) -> Future[list[Record]]:
        """The newest lines that are wanted, newest first."""
        return self._reading.submit(self._lines, wanted, count)

    def exchange(self, name: str, moment: str) -> Future[list[Record]]:
        """The lines of one exchange; `moment`, the time of one of them, spares reading the rest."""
        return self._reading.submit(self._exchange, name, moment)

    def fresh(self, mark: int, wanted: Wanted) -> Fresh:
        """What was written since `mark`; nothing for one that is not of this run."""
        held = list(self._live)
        known = 0 <= mark <= self._mark
        records = [record for at, record in held if at > mark and wanted.fits(record)]
        return Fresh(held[-1][0] if held else 0, records if known else [])

    # -- the thread that counts ----------------------------------------------------------------

    def _counted(self) -> Any:
        if self._connection is None:
            self._connection = self._stack.enter_context(connect(self.path))
        now = time.monotonic()
        if now - self._looked >= _STALE:
            facts = [(file, file.stat().st_size) for file in files_of(self.path) if file.exists()]
            if facts != self._seen:
                attach(self._connection, self.path, load=_LOAD)
                self._seen = facts
                self._told.clear()
            self._looked = time.monotonic()
        if len(self._told) > _MOST_TOLD:
            self._told.clear()
        return self._connection

    def near(self, moment: str) -> frozenset[str]:
        """Names of the full files with lines around a time; not for the thread that counts."""
        at = datetime.fromisoformat(moment)
        since, until = (f"{each:%Y-%m-%dT%H}" for each in (at - _AROUND, at + _AROUND))
        around = Wanted(since=since, until=until)
        return self.ask(lambda counted: holding(counted, around)).result()

    # -- the thread that reads -----------------------------------------------------------------

    def _lines(self, wanted: Wanted, count: int) -> list[Record]:
        # Counts know which files are worth reading; an hour's own end is included.
        asked = replace(wanted, since=wanted.since[:HOUR], until=_next_hour(wanted.until))
        only = self.ask(lambda counted: holding(counted, asked)).result()
        return find_last(self.path, count, wanted, only)[::-1]

    def _exchange(self, name: str, moment: str) -> list[Record]:
        return find_exchange(self.path, name, self.near(moment) if moment else None)

    # -- the thread that follows ---------------------------------------------------------------

    def _follow(self) -> None:
        while not self._closing.is_set():
            try:
                for record in follow(self.path, wait=self._wait):
                    self._mark += 1
                    self._live.append((self._mark, record))
            except AuditError:
                self._closing.wait(_RETRY)  # no trail yet, or a line that is none
            except InterruptedError:
                return

    def _wait(self, seconds: float) -> None:
        if self._closing.wait(seconds):
            raise InterruptedError


def _next_hour(until: str) -> str:
    """`until`, or where it cuts an hour in two, the hour behind it."""
    if len(until) <= HOUR:
        return until
    return f"{datetime.fromisoformat(f'{until[:HOUR]}:00') + timedelta(hours=1):%Y-%m-%dT%H}"
