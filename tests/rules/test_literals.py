"""Literals of which every match holds one."""

import pytest

from excise.rules.literals import best, find_literals
from excise.rules.tree import parse


@pytest.mark.parametrize(
    ("regex", "sets"),
    [
        ("abc", [{"abc"}]),
        ("a[bc]d", [{"abd", "acd"}]),
        ("AB(?:c|D)", [{"abc", "abd"}]),
        ("ab[a-z]cd", [{"ab"}, {"cd"}]),
        ("ab{2}c", [{"abbc"}]),
        ("ab?c", [{"a"}, {"c"}]),
        ("(?:ab[a-z]|cd)x", [{"ab", "cd"}, {"x"}]),
        ("(?:ab|[a-z])x", [{"x"}]),
        ("(?:ab){1,3}", [{"ab"}]),
        ("(?:ab){0,3}", []),
        ("é", []),
        ("[^a]", []),
    ],
)
def test_sets(regex: str, sets: list[set[str]]) -> None:
    """In the order in which they stand."""
    assert find_literals(parse(regex)[0]) == sets


def test_the_best_set_is_the_most_selective() -> None:
    """Long members before few members."""
    sets = [frozenset({"ab"}), frozenset({"abc", "xyz"}), frozenset({"abcd", "x"})]
    assert best(sets) == {"abc", "xyz"}
    assert best([]) == frozenset()
