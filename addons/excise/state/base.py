"""A SQLite file that several processes open, also at the same moment."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Final

PATIENCE: Final = 2.0  # seconds that another process may hold the file
_PAUSE: Final = 0.01


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
