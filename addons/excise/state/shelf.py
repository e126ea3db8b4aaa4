"""A shelf in a SQLite file: what the workers of one node hold in common while they run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from excise.errors import StateError
from excise.state.base import SHARED, Base

MOST: Final = 200_000  # names; beyond, those that end first are forgotten by the next sweep
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS shelf (name BLOB PRIMARY KEY, value BLOB NOT NULL, ends REAL NOT NULL)
WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS shelf_ends ON shelf (ends);
"""


class SqliteShelf:
    """Implements `Shelf` in an owner-only file; `clock` tells seconds since 1970.

    It is made to be thrown away: nothing waits for the disk. Every process opens one of its own.
    """

    def __init__(self, path: Path, clock: Callable[[], float], *, most: int = MOST) -> None:
        """Raises `StateError` where the file cannot be used."""
        self._clock = clock
        self._most = most
        self._base = Base(path, _SCHEMA, synchronous="OFF", what=SHARED)

    def __repr__(self) -> str:
        return f"<SqliteShelf {self._base.path.name}>"

    def put(self, items: Mapping[bytes, bytes], seconds: float) -> None:
        """Keep these for so long. Raises `StateError`."""
        ends = self._clock() + seconds
        rows = [(name, value, ends) for name, value in items.items()]
        with self._base.transaction() as base:
            base.executemany("INSERT OR REPLACE INTO shelf VALUES (?, ?, ?)", rows)

    def get(self, name: bytes) -> bytes | None:
        """What is kept under a name, or None. Raises `StateError`."""
        with self._base.using() as base:
            row = base.execute("SELECT value, ends FROM shelf WHERE name = ?", (name,)).fetchone()
        return bytes(row[0]) if row is not None and self._clock() < row[1] else None

    def sweep(self) -> None:
        """Forget what is over, and the oldest of what is too much. Raises `StateError`."""
        with self._base.using() as base:
            base.execute("DELETE FROM shelf WHERE ends <= ?", (self._clock(),))
            (count,) = base.execute("SELECT count(*) FROM shelf").fetchone()
            if count > self._most:
                base.execute(
                    "DELETE FROM shelf WHERE name IN "
                    "(SELECT name FROM shelf ORDER BY ends LIMIT ?)",
                    (count - self._most,),
                )

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()


def clear_shelf(path: Path) -> None:
    """Remove the file of an earlier run: its key is gone, so nobody can read it. Raises
    `StateError`."""
    for end in ("", "-wal", "-shm"):
        try:
            with suppress(FileNotFoundError):
                path.with_name(path.name + end).unlink()
        except OSError as fault:
            raise StateError(
                "EXC-STA-003",
                f"what an earlier run shared cannot be removed ({fault.strerror}).",
                at=str(path),
            ) from None
