"""What was made of a text before, by the digest of the text."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

REMEMBERED: Final = 8192  # verdicts kept; one is a digest and its findings, some hundred bytes


class Memory[Verdict]:
    """Verdicts by digest, the least recently used forgotten first; safe for several threads."""

    def __init__(self, size: int = REMEMBERED) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, Verdict] = OrderedDict()
        self.hits = self.misses = 0  # how often something was asked for and known, or not

    def get(self, key: bytes) -> Verdict | None:
        """What was kept, or None."""
        return self.get_all((key,))[0]

    def get_all(self, keys: Iterable[bytes]) -> list[Verdict | None]:
        """For each of these what was kept, or None."""
        found = []
        with self._lock:
            for key in keys:
                known = self._known.get(key)
                if known is None:
                    self.misses += 1
                else:
                    self.hits += 1
                    self._known.move_to_end(key)
                found.append(known)
        return found

    def put(self, key: bytes, verdict: Verdict) -> None:
        """Keep it."""
        with self._lock:
            self._known[key] = verdict
            if len(self._known) > self._size:
                self._known.popitem(last=False)
