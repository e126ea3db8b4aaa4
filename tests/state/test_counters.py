"""No window anywhere holds more than the limit, whoever asks at the same time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from excise.errors import StateError
from excise.state.counters import SLOTS, Charge, Counters, MemoryCounters, SqliteCounters


class Clock:
    """Seconds that the test sets."""

    def __init__(self) -> None:
        self.time = 1_000_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture(params=["memory", "sqlite"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Counters, Clock]]:
    clock = Clock()
    if request.param == "memory":
        yield MemoryCounters(clock), clock
        return
    counters = SqliteCounters(tmp_path / "c.db", clock)
    yield counters, clock
    counters.close()


def charge(amount: int = 1, *, key: str = "k", limit: int = 10, seconds: int = 60) -> Charge:
    return Charge(key, limit, seconds, amount)


def test_all_or_none(made: tuple[Counters, Clock]) -> None:
    counters, _ = made
    both = [charge(3), charge(key="other", limit=2)]
    assert counters.take(both) is None
    assert counters.take(both) is None
    denied = counters.take(both)
    assert denied is not None and denied.charge.key == "other"
    assert counters.used(charge()) == 6


def test_the_wait_is_long_enough_and_no_longer_than_a_slot_more(
    made: tuple[Counters, Clock],
) -> None:
    counters, clock = made
    assert counters.take([charge(10)]) is None
    denied = counters.take([charge(1)])
    assert denied is not None and denied.wait is not None
    assert 60 - 60 / SLOTS <= denied.wait <= 60 + 60 / SLOTS
    clock.time += denied.wait
    assert counters.take([charge(1)]) is None


def test_what_can_never_fit_has_no_wait(made: tuple[Counters, Clock]) -> None:
    denied = made[0].take([charge(11)])
    assert denied is not None and denied.wait is None


def test_what_came_is_counted_beyond_the_limit_and_given_back(
    made: tuple[Counters, Clock],
) -> None:
    counters, _ = made
    assert counters.add([charge(25)]) == [25] == [counters.used(charge())]
    assert counters.add([charge(-20), charge(3, key="b")]) == [5, 3]
    assert counters.used(charge()) == 5
    assert counters.add([charge(-20)]) == [0] == [counters.used(charge())]
    assert counters.add([]) == []


def test_a_clock_that_goes_back_frees_nothing(made: tuple[Counters, Clock]) -> None:
    counters, clock = made
    assert counters.take([charge(10)]) is None
    clock.time -= 10_000
    assert counters.take([charge(1)]) is not None


def test_counters_are_forgotten_by_name_and_when_idle(made: tuple[Counters, Clock]) -> None:
    counters, clock = made
    counters.add([charge(key=key) for key in ("a", "a/x", "a/y/z", "ab", "b")])
    assert counters.reset("a") == 3
    assert sorted(counters.keys()) == ["ab", "b"]
    assert counters.sweep() == 0
    clock.time += 120
    assert counters.sweep() == 2
    assert counters.keys() == {}


def test_200_threads_get_exactly_the_limit(made: tuple[Counters, Clock]) -> None:
    """And no charge that was refused has left a trace on a counter that would have held it."""
    counters, _ = made
    admitted: list[bool] = []
    gate = threading.Barrier(200)

    def ask() -> None:
        gate.wait()
        for _ in range(2):
            both = [charge(key="wide", limit=10_000), charge(limit=123)]
            admitted.append(counters.take(both) is None)

    threads = [threading.Thread(target=ask) for _ in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(admitted), sum(admitted)) == (400, 123)
    assert counters.used(charge(key="wide", limit=10_000)) == 123


def test_two_processes_share_a_file_and_a_restart_forgets_nothing(tmp_path: Path) -> None:
    clock = Clock()
    one, other = (SqliteCounters(tmp_path / "c.db", clock) for _ in range(2))
    taken = sum((one, other)[turn % 2].take([charge(1)]) is None for turn in range(30))
    one.close()
    other.close()
    again = SqliteCounters(tmp_path / "c.db", clock)
    assert (taken, again.used(charge())) == (10, 10)
    again.close()


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "c.db").write_bytes(b"no database" * 100)
    with pytest.raises(StateError) as fault:
        SqliteCounters(tmp_path / "c.db", Clock())
    assert fault.value.code == "EXC-STA-003"


def test_strangers_beyond_the_number_of_keys_share_one() -> None:
    counters = MemoryCounters(Clock(), keys=5)
    taken = sum(counters.take([charge(key=f"k{number}")]) is None for number in range(40))
    assert taken == 5 + 10


Times = st.lists(st.tuples(st.integers(0, 9_000), st.integers(1, 6)), max_size=60)


@settings(max_examples=60, deadline=None)
@given(Times)
def test_no_window_holds_more_than_the_limit(steps: list[tuple[int, int]]) -> None:
    """Wherever a window begins; and after a window and a slot of rest all of it is free."""
    clock = Clock()
    counters = MemoryCounters(clock)
    admitted: list[tuple[float, int]] = []
    for pause, amount in steps:
        clock.time += pause / 1000
        if counters.take([charge(amount)]) is None:
            admitted.append((clock.time, amount))
    for begin, _ in admitted:
        assert sum(a for t, a in admitted if begin <= t < begin + 60) <= 10
    clock.time += 60 + 60 / SLOTS
    assert counters.take([charge(10)]) is None


def test_a_large_amount_costs_no_more_than_a_small_one() -> None:
    """A budget of tokens or money must not keep a row for each unit."""
    counters = MemoryCounters(Clock())
    assert counters.take([charge(10**12, limit=10**15)]) is None
    assert counters.used(charge(0, limit=10**15)) == 10**12
