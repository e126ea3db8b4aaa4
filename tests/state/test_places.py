"""Who is under way at once, counted over all processes, the dead ones apart."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.errors import StateError
from excise.state.places import MemoryPlaces, SqlitePlaces
from excise.state.ports import Places


@pytest.fixture(params=["memory", "sqlite"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Places:
    if request.param == "memory":
        return MemoryPlaces()
    return SqlitePlaces(tmp_path / "workers.db", os.getpid())


def test_all_places_are_taken_or_none(places: Places) -> None:
    """And the one that is full is named."""
    assert places.enter([("a", 2), ("b", 1)]) is None
    assert places.enter([("a", 2), ("b", 1)]) == "b"
    assert (places.held("a"), places.held("b")) == (1, 1)
    places.leave(["b"])
    assert places.enter([("a", 2), ("b", 1)]) is None
    places.leave(["a", "b", "a"])
    assert (places.held("a"), places.held("b")) == (0, 0)
    assert places.enter([]) is None
    places.leave([])


@given(st.lists(st.sampled_from(["in", "out"]), max_size=30), st.integers(1, 4))
def test_there_are_never_more_than_places(steps: list[str], most: int) -> None:
    """Whatever comes and goes."""
    places, inside = MemoryPlaces(), 0
    for step in steps:
        if step == "in":
            inside += places.enter([("x", most)]) is None
        elif inside:
            places.leave(["x"])
            inside -= 1
        assert places.held("x") == inside <= most


def test_another_process_counts_until_it_dies(tmp_path: Path) -> None:
    """What it never gave back is free once somebody needs it."""
    path = tmp_path / "workers.db"
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    theirs, mine = SqlitePlaces(path, child.pid), SqlitePlaces(path, os.getpid())
    assert theirs.enter([("a", 1)]) is None
    assert mine.enter([("a", 1)]) == "a"
    child.communicate(b"\n", timeout=20)
    assert mine.enter([("a", 1)]) is None
    assert (mine.held("a"), mine.enter([("a", 1)])) == (1, "a")
    theirs.close()
    mine.close()


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    """Limits that cannot be counted refuse."""
    (tmp_path / "workers.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(StateError, match="EXC-STA-003"):
        SqlitePlaces(tmp_path / "workers.db", 1)
