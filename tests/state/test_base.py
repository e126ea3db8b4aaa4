"""A SQLite file of several processes: opened at once by many, and by nobody else's eyes."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from excise.errors import StateError
from excise.state.base import Base, open_base

SCHEMA = "CREATE TABLE IF NOT EXISTS a (b); CREATE INDEX IF NOT EXISTS c ON a (b);"


def test_many_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    """SQLite refuses the second of two that change its mode, without waiting."""
    faults: list[BaseException] = []

    def opening(path: Path, together: threading.Barrier) -> None:
        together.wait(10)
        try:
            open_base(path, SCHEMA, synchronous="OFF").close()
        except sqlite3.Error as fault:
            faults.append(fault)

    for number in range(20):
        together = threading.Barrier(4)
        path = tmp_path / f"{number}.db"
        threads = [threading.Thread(target=opening, args=(path, together)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert faults == []


def test_it_is_the_owners_alone_and_in_write_ahead_mode(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.db"
    path.parent.mkdir()
    path.touch(mode=0o644)
    base = open_base(path, SCHEMA, synchronous="NORMAL")
    assert path.stat().st_mode & 0o777 == 0o600
    assert base.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert base.execute("PRAGMA synchronous").fetchone() == (1,)
    base.execute("INSERT INTO a VALUES (1)")
    beside = path.with_name("a.db-wal")
    assert beside.stat().st_mode & 0o777 == 0o600
    base.close()


@pytest.mark.parametrize("what", ["a folder", "no database"])
def test_what_cannot_be_used_is_told(tmp_path: Path, what: str) -> None:
    path = tmp_path / "a.db"
    if what == "a folder":
        path.mkdir()
    else:
        path.write_bytes(b"no database" * 100)
    with pytest.raises((OSError, sqlite3.Error)):
        open_base(path, SCHEMA, synchronous="OFF")


def test_what_a_transaction_did_stands_and_faults_say_what_cannot_be_used(tmp_path: Path) -> None:
    base = Base(tmp_path / "a.db", SCHEMA, synchronous="OFF", what="the letters")
    with base.transaction() as connection:
        connection.execute("INSERT INTO a VALUES (1)")
    with base.using() as connection:
        assert connection.execute("SELECT b FROM a").fetchall() == [(1,)]
    match = "the letters cannot be used"
    with pytest.raises(StateError, match=match) as fault, base.transaction() as connection:
        connection.execute("SELECT nothing FROM nowhere")
    assert (fault.value.code, fault.value.at) == ("EXC-STA-003", str(base.path))
    with base.transaction():  # the one before is over
        pass
    base.close()
    with pytest.raises(StateError):
        Base(tmp_path, SCHEMA, synchronous="OFF", what="x")
