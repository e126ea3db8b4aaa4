"""What is too much is refused before it hurts; what has ended makes room."""

from __future__ import annotations

import resource

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.edge import load
from excise.edge.load import Load, most_connections
from excise.edge.passage import Passage


def test_there_is_a_most_of_exchanges() -> None:
    """Counted by those who count them."""
    most = Load(exchanges=2, connections=1)
    assert [most.is_full(active) for active in (0, 1, 2, 3)] == [False, False, True, True]


def test_this_machine_has_room_left() -> None:
    """For its own tests and probes, when clients have taken all."""
    held = Load(connections=2)
    assert [held.enter(local=False) for _ in range(3)] == [True, True, False]
    assert held.enter(local=True)
    held.leave()
    held.leave()
    held.leave()
    assert held.enter(local=False)


@given(st.lists(st.integers(0, 50), max_size=20))
def test_what_is_let_go_makes_room(sizes: list[int]) -> None:
    """To the last byte."""
    held = Load(held=100, connections=1)
    passages = [Passage(load=held) for _ in sizes]
    for passage, size in zip(passages, sizes, strict=True):
        assert passage.hold(size) is not held.is_heavy()
    assert held.held == sum(sizes)
    assert held.is_full(0) is (sum(sizes) > 100)
    for passage in passages:
        passage.let_go()
        passage.let_go()
    assert held.held == 0
    assert Passage().hold(10**12)


@pytest.mark.parametrize(
    ("limit", "want"), [(1024, 412), (100, 8), (resource.RLIM_INFINITY, 499_900)]
)
def test_each_client_needs_two_files(
    monkeypatch: pytest.MonkeyPatch, limit: int, want: int
) -> None:
    """And some are for others."""
    monkeypatch.setattr(load.resource, "getrlimit", lambda _: (limit, limit))
    assert most_connections() == want
