"""Without threads: one after the other, when their answers are wanted."""

from __future__ import annotations

from excise.detectors.asked.deep import Deep
from excise.detectors.asked.slow import InTurn, Sights, Slow
from excise.detectors.build import SHIPPED
from excise.errors import NoAnswer


def test_silence_is_an_answer_and_the_others_are_heard() -> None:
    asked: list[float] = []

    def here(seconds: float) -> Sights:
        asked.append(seconds)
        return [()]

    def silent(seconds: float) -> Sights:
        raise NoAnswer("died")

    collect = InTurn().begin({"silent": silent, "here": here}, 3.0)
    assert asked == []
    came = collect()
    assert came["here"] == [()] and asked == [3.0]
    assert isinstance(came["silent"], NoAnswer)


def test_who_waits_for_another_process_is_slow() -> None:
    assert isinstance(Deep(lambda *_: [], 1.0), Slow)
    assert not isinstance(SHIPPED["code"](), Slow)
