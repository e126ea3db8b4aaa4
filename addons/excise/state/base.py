"""A SQLite file that several processes open, also at the same moment."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from excise.errors import StateError

PATIENCE: Final = 2.0  # seconds that another process may hold the file
_PAUSE: Final = 0.01
SHARED: Final = "what workers share"


class Base:
    """One such file, for several threads of a process. Raises `StateError` (EXC-STA-003), as all
    its methods do, where the file cannot be used; `what` says what it holds."""

    def __init__(self, path: Path, schema: str, *, synchronous: str, what: str) -> None:
        self.path = path
        self._what = what
        self._lock = threading.Lock()
        try:
            self._base = open_base(path, schema, synchronous=synchronous)
        except (OSError, sqlite3.Error) as fault:
            raise self._unusable(fault) from None

    @contextmanager
    def using(self) -> Iterator[sqlite3.Connection]:
        """The connection, for this thread alone."""
        with self._lock:
            try:
                yield self._base
            except sqlite3.Error as fault:
                raise self._unusable(fault) from None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """The connection, for this thread and process alone until what is done is written."""
        with self.using() as base:
            base.execute("BEGIN IMMEDIATE")
            try:
                yield base
            finally:
                base.execute("COMMIT")

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._base.close()

    def _unusable(self, fault: Exception) -> StateError:
        why = fault.strerror if isinstance(fault, OSError) else str(fault)
        return StateError("EXC-STA-003", f"{self._what} cannot be used ({why}).", at=str(self.path))


def open_base(path: Path, schema: str, *, synchronous: str) -> sqlite3.Connection:
    """An owner-only file in write-ahead mode, with these tables. Raises `OSError` and
    `sqlite3.Error`."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(0o600)  # before the first connection: the files beside it take after this one
    base = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
    try:
        _write_ahead(base)
        base.execute(f"PRAGMA synchronous={synchronous}")
        base.executescript(schema)
    except sqlite3.Error:
        base.close()
        raise
    return base


def _write_ahead(base: sqlite3.Connection) -> None:
    """Of two that change the mode at once SQLite refuses one at once, however patient it is."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            base.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as fault:
            if fault.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_PAUSE)
        else:
            return
