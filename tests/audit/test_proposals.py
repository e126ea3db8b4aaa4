"""Verdicts speak for a change only where they are many and of one mind."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.audit.proposals import LOST, SURE, find_suppressions, find_thresholds
from excise.audit.review import Review


def review(number: int, verdict: bool, **seen: Any) -> Review:
    return Review(f"x{number}", "pii.email", verdict, "", "anna", "2030-01-01", seen)


def test_a_value_that_is_always_wrong_is_proposed() -> None:
    wrong = [review(n, False, fingerprint="ab") for n in range(3)]
    other = [review(9, False, fingerprint="cd")]
    assert find_suppressions([*wrong, *other]) == [("pii.email", "fingerprint", "ab", 3)]
    assert find_suppressions([*wrong, review(4, True, fingerprint="ab")]) == []
    assert find_suppressions([review(1, False, fingerprint="ab")] * 5) == []  # one exchange


def test_a_place_is_proposed_where_many_values_are_wrong_and_right_elsewhere() -> None:
    some = [review(n, False, fingerprint=f"{n}", path=f"tools/{n}/v2/text") for n in range(5)]
    elsewhere = review(9, True, fingerprint="9", path="messages/0/content")
    proposed = ("pii.email", "path", "tools/*/v2/text", 5)
    assert find_suppressions([*some, elsewhere]) == [proposed]
    assert find_suppressions(some) == []  # the rule is in question, and no place
    assert find_suppressions([*some[1:], elsewhere]) == []
    there = review(7, True, fingerprint="7", path="tools/7/v2/text")
    assert find_suppressions([*some, elsewhere, there]) == []


@pytest.mark.parametrize(
    ("low", "high", "below"),
    [
        ([False] * 6, [True] * 9, 0.7),
        ([False] * 3, [True] * 9, None),  # too few to be sure
        ([False] * 6 + [True] * 3, [True] * 9, None),  # a quarter of the right ones would go
        ([False] * 6, [], None),  # nothing is known above
        ([False] * 6, [False] * 9, None),  # no score of it is right
    ],
)
def test_a_threshold_is_proposed_where_low_scores_are_wrong(
    low: list[bool], high: list[bool], below: float | None
) -> None:
    reviews = [review(n, verdict, score=0.6) for n, verdict in enumerate(low)]
    reviews += [review(n + 50, verdict, score=0.8) for n, verdict in enumerate(high)]
    assert [each.below for each in find_thresholds(reviews)] == ([below] if below else [])


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), max_size=60))
def test_no_threshold_costs_more_than_it_may(verdicts: list[tuple[bool, float]]) -> None:
    reviews = [review(n, right, score=score) for n, (right, score) in enumerate(verdicts)]
    for each in find_thresholds(reviews):
        below = [right for right, score in verdicts if score < each.below]
        right = sum(right for right, _ in verdicts)
        assert sum(below) <= LOST * right < right
        assert 1 - sum(below) / len(below) > SURE


def test_verdicts_without_features_speak_for_nothing() -> None:
    reviews = [review(n, False) for n in range(20)]
    assert find_suppressions(reviews) == [] and find_thresholds(reviews) == []
