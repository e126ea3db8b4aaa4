"""A session grows turn by turn, and is measured at both of its ends."""

import random
from collections.abc import Sequence
from itertools import pairwise
from types import SimpleNamespace

import pytest

from excise.cli import bench_session
from excise.model import Segment


def test_each_turn_holds_those_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_session, "TURN", 100)
    told = [
        [each.text for each in segments if len(each.text) >= 100]
        for segments in bench_session.turns(random.Random(1), 5)
    ]
    assert [len(texts) for texts in told] == [1, 2, 3, 4, 5]
    assert all(after[: len(before)] == before for before, after in pairwise(told))


def test_the_ends_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(bench_session, "time", SimpleNamespace(perf_counter=lambda: clock[0]))
    monkeypatch.setattr(bench_session, "TURN", 100)

    def look(segments: Sequence[Segment]) -> None:
        clock[0] += sum(len(each.text) >= 100 for each in segments) / 1000

    found = bench_session.last_turn(look, random.Random(1), sessions=1)
    assert found == {"first": 3.0, "last": 98.0, "ratio": 32.67}


def test_reading_is_measured_by_size() -> None:
    cost = bench_session.codec(random.Random(1), (5_000, 50_000))
    assert list(cost) == [5_000, 50_000]
    assert all(took > 0 for took in cost.values())
