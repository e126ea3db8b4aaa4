"""One time for all that are asked; who fails again and again is left alone, ever longer."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from excise.errors import NoAnswer
from excise.workers.asking import FIRST_REST, LONGEST_REST, PATIENCE, Asking, Breaker


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def ask(asking: Asking, answer: Any, seconds: float = 5.0) -> Any:
    """What comes of one question; an exception is raised."""

    def question(_: float) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    (came,) = asking.begin({"one": question}, seconds)().values()
    return came.reason if isinstance(came, NoAnswer) else came


def test_all_are_asked_at_once_and_each_knows_what_time_it_has(clock: Clock) -> None:
    barrier, told = threading.Barrier(3), list[float]()

    def question(left: float) -> str:
        told.append(left)
        barrier.wait(5)
        return "here"

    collect = Asking(clock).begin(dict.fromkeys("abc", question), 2.0)
    assert collect() == dict.fromkeys("abc", "here")
    assert told == [2.0] * 3


def test_who_is_late_is_named_and_the_others_count() -> None:
    free = threading.Event()
    asking = Asking()
    collect = asking.begin({"late": lambda _: free.wait(10), "quick": lambda _: "here"}, 0.05)
    came = collect()
    free.set()
    assert came["quick"] == "here"
    assert isinstance(came["late"], NoAnswer) and came["late"].reason == "late"


def test_a_budget_that_is_spent_asks_nobody_and_blames_nobody(clock: Clock) -> None:
    asking = Asking(clock)
    assert [ask(asking, "here", seconds=0.0) for _ in range(9)] == ["resting"] * 9
    assert asking.resting() == {}
    assert ask(asking, "here") == "here"


def test_one_that_never_began_is_not_blamed(clock: Clock) -> None:
    """All threads are taken by another."""
    free, asking = threading.Event(), Asking(clock, threads=1)
    for _ in range(PATIENCE + 1):
        first = asking.begin({"other": lambda _: free.wait(10)}, 1e-9)
        second = asking.begin({"one": lambda _: "here"}, 1e-9)
        came = second()["one"]
        assert came.reason == "late"
    free.set()
    first()
    assert "one" not in asking.resting()


def test_rests_grow_and_end_with_one_question(clock: Clock) -> None:
    asking = Asking(clock)
    for _ in range(PATIENCE):
        assert ask(asking, NoAnswer("died")) == "died"
    rest = FIRST_REST
    for _ in range(4):
        assert asking.resting() == {"one": rest}
        assert ask(asking, "never asked") == "resting"
        clock.now += rest
        assert ask(asking, NoAnswer("late")) == "late"
        rest *= 2
    clock.now += rest
    assert ask(asking, "here") == "here"
    assert (asking.resting(), ask(asking, NoAnswer("late"))) == ({}, "late")
    assert ask(asking, "here") == "here", "a success forgets all failures"


def test_after_a_rest_only_one_question_goes_out(clock: Clock) -> None:
    asking, free = Asking(clock), threading.Event()
    for _ in range(PATIENCE):
        ask(asking, NoAnswer("died"))
    clock.now += FIRST_REST
    trial = asking.begin({"one": lambda _: free.wait(10)}, 5.0)
    assert ask(asking, "others") == "resting"
    free.set()
    assert trial() == {"one": True}
    assert ask(asking, "others") == "others"


def test_a_rest_has_an_end_however_long_it_goes_wrong() -> None:
    breaker = Breaker()
    for _ in range(10_000):
        breaker = breaker.failed(7.0)
    assert breaker.until == 7.0 + LONGEST_REST


def test_a_fault_of_ours_is_no_silence(clock: Clock) -> None:
    """It stops the message, as any other."""
    with pytest.raises(ZeroDivisionError):
        ask(Asking(clock), ZeroDivisionError())


def test_forever_is_long_enough(clock: Clock) -> None:
    assert ask(Asking(clock), "here", seconds=float("inf")) == "here"
