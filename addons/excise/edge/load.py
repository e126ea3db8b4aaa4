"""How much one process carries at once, and when it carries no more: then it refuses, at once."""

from __future__ import annotations

import resource
from typing import Final

MOST_EXCHANGES: Final = 2_000
MOST_HELD: Final = 512_000_000  # bytes
_SPARE_FILES: Final = 200  # for trails, databases, libraries and children
_OWN: Final = 16  # connections beyond the most that this machine itself may open: tests, probes


class Load:
    """What is under way. For one event loop; `exchanges`, `held` (bytes of bodies that wait to be
    whole) and `connections` are the most of each."""

    def __init__(
        self,
        *,
        exchanges: int = MOST_EXCHANGES,
        held: int = MOST_HELD,
        connections: int | None = None,
    ) -> None:
        self._exchanges = exchanges
        self._most = held
        self._connections = most_connections() if connections is None else connections
        self.held = 0
        self.open = 0

    def is_full(self, active: int) -> bool:
        """Whether one more exchange is too much, where so many are under way."""
        return active >= self._exchanges or self.held > self._most

    def is_heavy(self) -> bool:
        """Whether bodies hold too much memory."""
        return self.held > self._most

    def enter(self, *, local: bool) -> bool:
        """Count a connection; whether there is room for it. `leave` follows in both cases."""
        self.open += 1
        return self.open <= self._connections + (_OWN if local else 0)

    def leave(self) -> None:
        """A connection has ended."""
        self.open -= 1


def most_connections() -> int:
    """As many clients as there are file descriptors for: each needs one more for upstream."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        soft = 1_000_000
    return max(8, (soft - _SPARE_FILES) // 2)
