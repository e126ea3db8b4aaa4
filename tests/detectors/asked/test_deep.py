"""The answer of the operator's model becomes sights."""

from typing import Any

import pytest

from excise.detectors.asked.deep import Deep
from excise.detectors.base import Glance, Sight
from excise.errors import NoAnswer
from excise.model import Part, Role, Segment, Span

TEXTS = ("Anna is here", "nobody")
GLANCES = [Glance(Segment(text, Role.USER, Part.PROMPT, 0)) for text in TEXTS]


def test_sights_are_in_order_and_inside_the_text() -> None:
    """Whatever a model says."""
    answer: list[list[list[Any]]] = [[["ORG", 5, 99, 1.5], ["PERSON", -1, 4, 0.5]], []]
    asked = []

    def ask(question: Any, seconds: float) -> Any:
        asked.append((question, seconds))
        return answer

    assert Deep(ask, 2.0).find(GLANCES) == [
        (Sight("PERSON", Span(0, 4), 0.5), Sight("ORG", Span(5, 12), 1.0)),
        (),
    ]
    assert Deep(ask, 2.0).find_within(GLANCES, 0.5) == Deep(ask, 2.0).find_within(GLANCES, 9.0)
    question = {"texts": ["Anna is here", "nobody"]}
    assert asked == [(question, 2.0), (question, 0.5), (question, 2.0)], "the least of both"


def test_no_answer_is_passed_on() -> None:
    """The scanner names what is missing."""

    def ask(question: Any, seconds: float) -> Any:
        raise NoAnswer("late")

    with pytest.raises(NoAnswer):
        Deep(ask, 2.0).find(GLANCES)
