"""What is remembered of conversations: bounded, forgetful, under names that tell nothing."""

from __future__ import annotations

import struct
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from excise.errors import StateError
from excise.state.ports import Shelf

Numbers = tuple[float, ...]

MOST: Final = 50_000  # names
TTL: Final = 24 * 3600.0  # seconds after the last change


class MemorySessions:
    """Numbers by name in this process, the least recently changed forgotten first. Safe to use
    from several threads."""

    def __init__(self, clock: Callable[[], float], most: int = MOST) -> None:
        """`clock` tells seconds."""
        self._clock = clock
        self._most = most
        self._held: OrderedDict[bytes, tuple[Numbers, float]] = OrderedDict()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<MemorySessions {len(self._held)} names>"

    def get(self, name: bytes) -> Numbers | None:
        """What is kept under a name, or None."""
        with self._lock:
            held = self._held.get(name)
        return held[0] if held is not None and self._clock() < held[1] else None

    def change(self, name: bytes, change: Callable[[Numbers | None], Sequence[float]]) -> None:
        """Put in the place of what is kept what is made of it; nobody else changes it meanwhile."""
        now = self._clock()
        with self._lock:
            numbers, ends = self._held.pop(name, (None, 0.0))
            self._held[name] = (tuple(change(numbers if now < ends else None)), now + TTL)
            if len(self._held) > self._most:
                self._held.popitem(last=False)


class SharedSessions:
    """The same on a shelf that several workers share. Of two changes at once in two processes one
    may be lost: a turn counts a little less."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def __repr__(self) -> str:
        return "<SharedSessions>"

    def get(self, name: bytes) -> Numbers | None:
        """What is kept under a name; None where it is not, or the shelf cannot be reached."""
        try:
            kept = self._shelf.get(name)
        except StateError:
            return None
        return None if kept is None else struct.unpack(f"<{len(kept) // 8}d", kept)

    def change(self, name: bytes, change: Callable[[Numbers | None], Sequence[float]]) -> None:
        """Put in the place of what is kept what is made of it, where the shelf can be reached."""
        numbers = change(self.get(name))
        with suppress(StateError):
            self._shelf.put({name: struct.pack(f"<{len(numbers)}d", *numbers)}, TTL)
