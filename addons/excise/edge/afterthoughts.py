"""What rules in shadow want to know of messages that are on their way: asked in threads beside the
traffic, which waits for none of it. So many wait, and no more."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from excise.edge.ports import Record, Thought, Trail

MOST: Final = 256  # messages that wait or are asked about
MOST_HELD: Final = 32_000_000  # characters and bytes that they hold together
THREADS: Final = 4


class Afterthoughts:
    """`take` is for the event loop; `counts` says what became of messages: `asked`, `shed` where
    too many waited, `failed` where something was raised or the trail did not take the line."""

    def __init__(
        self,
        trail: Trail,
        note: Callable[[str, BaseException], str],
        *,
        most: int = MOST,
        held: int = MOST_HELD,
        threads: int = THREADS,
    ) -> None:
        self._trail = trail
        self._note = note
        self._most = most
        self._most_held = held
        # Its threads begin with the first message.
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="afterthought")
        self._lock = threading.Lock()
        self._held = 0
        self.waiting = 0
        self.counts: Counter[str] = Counter()

    def take(self, thought: Thought | None, records: Sequence[Record]) -> None:
        """Ask soon what is to be asked, if anything. Where too many wait nobody is, and the first
        of the message's own lines, which are not written yet, names who was not asked."""
        if thought is None:
            return
        with self._lock:
            full = self.waiting >= self._most or self._held + thought.size > self._most_held
            if not full:
                self.waiting += 1
                self._held += thought.size
        if not full:
            self._pool.submit(self._ask, thought)
            return
        self.counts["shed"] += 1
        for record in records[:1]:
            known = record.get("missing", ())
            record["missing"] = [*known, *(name for name in thought.names if name not in known)]

    def close(self) -> int:
        """Ask nobody any more; how many had waited in vain."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        return self.waiting

    def _ask(self, thought: Thought) -> None:
        try:
            record = thought()
            if record is not None:
                self._trail.offer(record)
            self.counts["asked"] += 1
        except Exception as fault:
            self.counts["failed"] += 1
            self._note("afterthought", fault)
        finally:
            with self._lock:
                self.waiting -= 1
                self._held -= thought.size
