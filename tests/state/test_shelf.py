"""What workers hold in common: found by the others, for a while, by the owner alone."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from excise.errors import StateError
from excise.state.memory import MemoryShelf
from excise.state.ports import Shelf
from excise.state.shelf import SqliteShelf, clear_shelf


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(params=["memory", "sqlite"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Shelf, Clock]:
    clock = Clock()
    if request.param == "memory":
        return MemoryShelf(clock, most=3), clock
    return SqliteShelf(tmp_path / "state" / "workers.db", clock, most=3), clock


def test_what_is_put_is_found_until_its_time_is_over(shelf: tuple[Shelf, Clock]) -> None:
    """And not a moment longer, swept or not."""
    held, clock = shelf
    held.put({b"a": b"1", b"b": b"2"}, 10)
    assert (held.get(b"a"), held.get(b"b"), held.get(b"c")) == (b"1", b"2", None)
    clock.now += 5
    held.put({b"a": b"3"}, 10)
    clock.now += 6
    assert (held.get(b"a"), held.get(b"b")) == (b"3", None)
    held.sweep()
    assert held.get(b"a") == b"3"
    clock.now += 4
    assert held.get(b"a") is None


def test_the_oldest_go_first(shelf: tuple[Shelf, Clock]) -> None:
    """Beyond the most that are kept."""
    held, clock = shelf
    for name in (b"a", b"b", b"c", b"d"):
        held.put({name: name}, 10)
        clock.now += 1
    held.sweep()
    assert [held.get(name) for name in (b"a", b"b", b"c", b"d")] == [None, b"b", b"c", b"d"]


def test_two_processes_share_an_owner_only_file(tmp_path: Path) -> None:
    """A second connection stands for a second process."""
    path = tmp_path / "workers.db"
    one, other = SqliteShelf(path, Clock()), SqliteShelf(path, Clock())
    one.put({b"name": b"value"}, 60)
    assert other.get(b"name") == b"value"
    assert path.stat().st_mode & 0o077 == 0
    one.close()
    other.close()
    clear_shelf(path)
    assert list(tmp_path.iterdir()) == []
    clear_shelf(path)


def test_threads_may_use_it_at_once(tmp_path: Path) -> None:
    """Every value is there in the end."""
    shelf = SqliteShelf(tmp_path / "workers.db", Clock())

    def put(lane: int) -> None:
        for number in range(20):
            shelf.put({f"{lane}-{number}".encode(): b"x"}, 60)

    lanes = [threading.Thread(target=put, args=(lane,)) for lane in range(4)]
    for each in lanes:
        each.start()
    for each in lanes:
        each.join()
    assert all(shelf.get(f"{lane}-{n}".encode()) == b"x" for lane in range(4) for n in range(20))


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    """At the start, and where it breaks later."""
    (tmp_path / "workers.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(StateError, match="EXC-STA-003"):
        SqliteShelf(tmp_path / "workers.db", Clock())
    shelf = SqliteShelf(tmp_path / "other.db", Clock())
    with sqlite3.connect(tmp_path / "other.db") as base:
        base.execute("DROP TABLE shelf")
    with pytest.raises(StateError, match="EXC-STA-003"):
        shelf.get(b"x")
