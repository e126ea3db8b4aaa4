"""Numbers by name: bounded, forgetful, and the same on a shelf."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from excise.errors import StateError
from excise.state.sessions import TTL, MemorySessions, SharedSessions
from excise.state.shelf import SqliteShelf


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("kind", ["memory", "shared"])
def test_what_is_changed_is_kept_and_forgotten(kind: str, tmp_path: Path) -> None:
    clock = Clock()
    made: Any = (
        MemorySessions(clock)
        if kind == "memory"
        else SharedSessions(SqliteShelf(tmp_path / "shelf.db", clock))
    )
    assert made.get(b"a") is None
    seen: list[Any] = []
    for _ in range(3):
        made.change(b"a", lambda kept: seen.append(kept) or (1.5, (kept or (0, 0))[1] + 1))
    assert seen == [None, (1.5, 1), (1.5, 2)]
    assert made.get(b"a") == (1.5, 3) and made.get(b"b") is None
    clock.now = TTL + 1
    assert made.get(b"a") is None
    assert "1.5" not in repr(made)


def test_the_oldest_are_forgotten_first() -> None:
    made = MemorySessions(lambda: 0.0, most=3)
    for name in (b"a", b"b", b"c", b"a", b"d"):
        made.change(name, lambda kept: ((kept or (0.0,))[0] + 1,))
    assert [made.get(name) for name in (b"a", b"b", b"c", b"d")] == [(2.0,), None, (1.0,), (1.0,)]


def test_no_change_is_lost_between_threads() -> None:
    made = MemorySessions(lambda: 0.0)

    def count() -> None:
        for _ in range(500):
            made.change(b"a", lambda kept: ((kept or (0.0,))[0] + 1,))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert made.get(b"a") == (2000.0,)


class Gone:
    """A shelf nobody reaches."""

    def get(self, name: bytes) -> bytes | None:
        raise StateError("EXC-STA-003", "gone.")

    def put(self, items: Mapping[bytes, bytes], seconds: float) -> None:
        raise StateError("EXC-STA-003", "gone.")

    def sweep(self) -> None:
        """Nothing."""


def test_a_shelf_that_is_gone_stops_no_request() -> None:
    made = SharedSessions(Gone())
    made.change(b"a", lambda kept: (1.0,))
    assert made.get(b"a") is None
