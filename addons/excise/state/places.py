"""Who is under way at once: places by name, in one process or in all that share a file."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from excise.state.base import SHARED, Base

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS places (
    name TEXT NOT NULL, owner INTEGER NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (name, owner)
) WITHOUT ROWID
"""


class MemoryPlaces:
    """Implements `Places` for one process."""

    def __init__(self) -> None:
        self._held: Counter[str] = Counter()
        self._lock = threading.Lock()

    def enter(self, wanted: Sequence[tuple[str, int]]) -> str | None:
        """Take a place under each name, or none of them and the name that is full."""
        with self._lock:
            for name, most in wanted:
                if self._held[name] >= most:
                    return name
            self._held.update(name for name, _ in wanted)
        return None

    def leave(self, names: Iterable[str]) -> None:
        """Give places back."""
        with self._lock:
            for name in names:
                self._held[name] -= 1
                if self._held[name] <= 0:
                    del self._held[name]

    def held(self, name: str) -> int:
        """How many places are taken."""
        with self._lock:
            return self._held[name]

    def renew(self) -> None:
        """Nobody counts places of a process that is gone."""


class SqlitePlaces:
    """Implements `Places` in a file; those of a process that has died are free again."""

    def __init__(
        self, path: Path, owner: int, is_alive: Callable[[int], bool] | None = None
    ) -> None:
        """`owner` is the id of this process. Raises `StateError` where the file cannot be used."""
        self._owner = owner
        self._is_alive = is_alive or _is_alive
        self._base = Base(path, _SCHEMA, synchronous="OFF", what=SHARED)

    def enter(self, wanted: Sequence[tuple[str, int]]) -> str | None:
        """Take a place under each name, or none of them and the name that is full. Raises
        `StateError`."""
        if not wanted:
            return None
        with self._base.transaction() as base:
            for name, most in wanted:
                if self._count(base, name) >= most and not self._freed(base, name, most):
                    return name
            base.executemany(
                "INSERT INTO places VALUES (?, ?, 1) "
                "ON CONFLICT (name, owner) DO UPDATE SET count = count + 1",
                [(name, self._owner) for name, _ in wanted],
            )
        return None

    def leave(self, names: Iterable[str]) -> None:
        """Give places back. Raises `StateError`."""
        mine = [(name, self._owner) for name in names]
        if not mine:
            return
        with self._base.transaction() as base:
            base.executemany(
                "UPDATE places SET count = count - 1 WHERE name = ? AND owner = ?", mine
            )
            base.execute("DELETE FROM places WHERE count <= 0")

    def held(self, name: str) -> int:
        """How many places are taken. Raises `StateError`."""
        with self._base.transaction() as base:
            return self._count(base, name)

    def renew(self) -> None:
        """The system tells which processes are there."""

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    @staticmethod
    def _count(base: sqlite3.Connection, name: str) -> int:
        row = base.execute("SELECT total(count) FROM places WHERE name = ?", (name,)).fetchone()
        return int(row[0])

    def _freed(self, base: sqlite3.Connection, name: str, most: int) -> bool:
        """Whether there is room once those that died are struck off."""
        owners = base.execute("SELECT DISTINCT owner FROM places").fetchall()
        gone = [row for row in owners if not self._is_alive(row[0])]
        base.executemany("DELETE FROM places WHERE owner = ?", gone)
        return bool(gone) and self._count(base, name) < most


def _is_alive(owner: int) -> bool:
    try:
        os.kill(owner, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
