"""A classifier of the operator's own is asked about open texts alone, and read in our words."""

from __future__ import annotations

from typing import Any

import pytest

from excise.detectors.asked.sequence import SequenceModel, label_of
from excise.detectors.asked.slow import Slow
from excise.detectors.base import Glance
from excise.errors import NoAnswer
from excise.model import Part, Role, Segment, Span


def glances(*texts: str) -> list[Glance]:
    return [Glance(Segment(text, Role.USER, Part.PROMPT, 0)) for text in texts]


def test_only_open_texts_are_asked_about_each_in_its_place() -> None:
    asked: list[Any] = []

    def ask(question: Any, seconds: float) -> Any:
        asked.append((question["texts"], seconds))
        return [[["BENIGN", 0.1], ["MALICIOUS", 0.9]] for _ in question["texts"]]

    made = SequenceModel(ask, 5.0, lambda glance: "maybe" in glance.text)
    assert isinstance(made, Slow)
    seen = made.find_within(glances("a", "maybe b", "c", "maybe d"), 0.5)
    assert asked == [(["maybe b", "maybe d"], 0.5)]
    assert [[(each.label, each.span, each.score) for each in sights] for sights in seen] == [
        [], [("injection", Span(0, 7), 0.9)], [], [("injection", Span(0, 7), 0.9)],
    ]  # fmt: skip
    assert made.find(glances("a")) == [()] and len(asked) == 1, "nobody is asked about nothing"


@pytest.mark.parametrize(
    ("classes", "sights"),
    [
        ([["LABEL_0", 0.2], ["LABEL_1", 0.8]], {"injection": 0.8}),
        ([["BENIGN", 0.2], ["INJECTION", 0.3], ["JAILBREAK", 0.5]], {"injection": 0.8}),
        ([["SAFE", 0.98], ["INJECTION", 0.02]], {}),
        ([["Toxic Talk", 0.6]], {"toxic-talk": 0.6}),
        ([], {}),
    ],
)
def test_classes_in_our_words(classes: list[list[Any]], sights: dict[str, float]) -> None:
    (seen,) = SequenceModel(lambda *_: [classes], 1.0).find(glances("x"))
    assert {each.label: each.score for each in seen} == pytest.approx(sights)


def test_the_label_of_nothing_wrong_is_none() -> None:
    assert [label_of(word) for word in ("BENIGN", "LABEL_0", "safe")] == ["", "", ""]


def test_silence_is_passed_on() -> None:
    def silent(*_: Any) -> Any:
        raise NoAnswer("late")

    with pytest.raises(NoAnswer):
        SequenceModel(silent, 1.0).find(glances("x"))
