"""What is kept of tools' definitions, in a SQLite file that the processes of a node share and that
outlives them."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from excise.errors import StateError
from excise.state.base import open_base

NAME: Final = "pins.db"
MOST: Final = 100_000  # tools; those written longest ago are forgotten first
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS pins (
    number INTEGER PRIMARY KEY, server TEXT NOT NULL, name TEXT NOT NULL, value BLOB NOT NULL,
    UNIQUE (server, name)
)
"""


class SqlitePins:
    """Implements `PinBoard` in an owner-only file, which is opened when it is first needed."""

    def __init__(self, path: Path, *, most: int = MOST) -> None:
        self._path = path
        self._most = most
        self._lock = threading.Lock()
        self._base: sqlite3.Connection | None = None

    def __repr__(self) -> str:
        return f"<SqlitePins {self._path.name}>"

    def read(self, server: str) -> Mapping[str, bytes]:
        """All that is kept of a server. Raises `StateError`."""
        with self._using() as base:
            rows = base.execute("SELECT name, value FROM pins WHERE server = ?", (server,))
            return {name: bytes(value) for name, value in rows}

    def write(self, server: str, pins: Mapping[str, bytes]) -> None:
        """Keep these. Raises `StateError`."""
        rows = [(server, name, value) for name, value in pins.items()]
        with self._using() as base:
            base.execute("BEGIN IMMEDIATE")
            try:
                base.executemany(
                    "INSERT OR REPLACE INTO pins (server, name, value) VALUES (?, ?, ?)", rows
                )
                base.execute(
                    "DELETE FROM pins WHERE number <= (SELECT max(number) FROM pins) - ?",
                    (self._most,),
                )
            finally:
                base.execute("COMMIT")

    def servers(self) -> list[str]:
        """Every server of which something is kept. Raises `StateError`."""
        with self._using() as base:
            return [name for (name,) in base.execute("SELECT DISTINCT server FROM pins")]

    def forget(self, server: str, names: Sequence[str]) -> None:
        """Keep these no longer. Raises `StateError`."""
        with self._using() as base:
            base.executemany(
                "DELETE FROM pins WHERE server = ? AND name = ?", [(server, each) for each in names]
            )

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._base is not None:
                self._base.close()
                self._base = None

    @contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                if self._base is None:
                    self._base = open_base(self._path, _SCHEMA, synchronous="NORMAL")
                yield self._base
            except (OSError, sqlite3.Error) as fault:
                why = fault.strerror if isinstance(fault, OSError) else str(fault)
                raise StateError(
                    "EXC-STA-003", f"the pins of tools cannot be used ({why}).", at=str(self._path)
                ) from None
