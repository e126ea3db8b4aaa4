"""Vault and shelf of one process: bounded, forgetful, and silent about what they hold."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from excise.state.ports import Clock

PER_PRINCIPAL: Final = 10_000
IN_TOTAL: Final = 200_000
TTL: Final = 24 * 3600.0


class _Entry(NamedTuple):
    value: str
    expires: float


class MemoryVault:
    """Placeholder → value, per principal; the least recently used go first. Thread-safe.

    `clock` tells monotonic seconds; an entry is forgotten `ttl` seconds after its last use. Every
    request that holds a value puts it in again, so a chat that goes on never loses one.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        per_principal: int = PER_PRINCIPAL,
        in_total: int = IN_TOTAL,
        ttl: float = TTL,
    ) -> None:
        self._clock = clock
        self._per_principal = per_principal
        self._in_total = in_total
        self._ttl = ttl
        # Principals and their entries both stand in order of last use.
        self._held: OrderedDict[str, OrderedDict[str, _Entry]] = OrderedDict()
        self._count = 0
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<MemoryVault {self._count} entries>"

    def __len__(self) -> int:
        return self._count

    def keep(self, principal: str, kept: Mapping[str, str]) -> None:
        """Remember values by their placeholders."""
        if not kept:
            return
        with self._lock:
            expires = self._clock() + self._ttl
            own = self._held.setdefault(principal, OrderedDict())
            self._held.move_to_end(principal)
            for placeholder, value in kept.items():
                self._count += placeholder not in own
                own[placeholder] = _Entry(value, expires)
                own.move_to_end(placeholder)
            while len(own) > self._per_principal:
                own.popitem(last=False)
                self._count -= 1
            while self._count > self._in_total:
                self._drop_oldest()

    def find(self, principal: str, placeholder: str) -> str | None:
        """The value this principal sent, or None: never what another one sent."""
        with self._lock:
            own = self._held.get(principal)
            entry = own.get(placeholder) if own is not None else None
            if own is None or entry is None:
                return None
            now = self._clock()
            if now >= entry.expires:
                del own[placeholder]
                self._count -= 1
                return None
            own[placeholder] = _Entry(entry.value, now + self._ttl)
            own.move_to_end(placeholder)
            self._held.move_to_end(principal)
            return entry.value

    def lookup(self, principal: str) -> Callable[[str], str | None]:
        """`find` for one principal."""
        return lambda placeholder: self.find(principal, placeholder)

    def sweep(self) -> int:
        """Forget everything that has expired; how many entries that was."""
        with self._lock:
            now, before = self._clock(), self._count
            for principal in list(self._held):
                own = self._held[principal]
                for placeholder in [name for name, entry in own.items() if now >= entry.expires]:
                    del own[placeholder]
                    self._count -= 1
                if not own:
                    del self._held[principal]
            return before - self._count

    def _drop_oldest(self) -> None:
        principal, own = next(iter(self._held.items()))
        if own:
            own.popitem(last=False)
            self._count -= 1
        if not own:
            del self._held[principal]


class MemoryShelf:
    """Implements `Shelf` for one process; the names put least recently go first."""

    def __init__(self, clock: Clock, *, most: int) -> None:
        self._clock = clock
        self._most = most
        self._held: OrderedDict[bytes, tuple[bytes, float]] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, items: Mapping[bytes, bytes], seconds: float) -> None:
        """Keep these for so long."""
        with self._lock:
            ends = self._clock() + seconds
            for name, value in items.items():
                self._held[name] = value, ends
                self._held.move_to_end(name)
            while len(self._held) > self._most:
                self._held.popitem(last=False)

    def get(self, name: bytes) -> bytes | None:
        """What is kept under a name, or None."""
        with self._lock:
            value, ends = self._held.get(name, (None, 0.0))
            return value if self._clock() < ends else None

    def sweep(self) -> None:
        """Forget what is over."""
        with self._lock:
            now = self._clock()
            for name in [name for name, (_, ends) in self._held.items() if now >= ends]:
                del self._held[name]
