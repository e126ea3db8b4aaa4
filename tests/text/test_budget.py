"""A budget is spent from left to right, and says when it was too small."""

from __future__ import annotations

from excise.text.budget import Budget


def test_what_fits_is_kept_in_order() -> None:
    budget = Budget(runs=3, characters=5)
    assert budget.spend([(4, 6, "cd"), (0, 2, "ab")], 2) == [(0, 2, "ab"), (4, 6, "cd")]
    assert (budget.runs, budget.characters, budget.exhausted) == (1, 1, False)


def test_what_does_not_fit_ends_it() -> None:
    budget = Budget(characters=3)
    assert budget.spend([(0, 2, "ab"), (4, 6, "cd"), (8, 9, "e")], 0) == [(0, 2, "ab")]
    assert (budget.characters, budget.exhausted) == (1, True)


def test_of_two_that_overlap_the_first_is_kept() -> None:
    budget = Budget()
    assert budget.spend([(0, 4, "ab"), (2, 6, "cd"), (4, 5, "e")], 0) == [(0, 4, "ab"), (4, 5, "e")]


def test_a_known_cost_is_taken_whole_or_not() -> None:
    budget = Budget(runs=2, characters=10)
    assert budget.take(1, 10)
    assert not budget.take(0, 1)
    assert not budget.take(2, 0)
    assert (budget.runs, budget.characters) == (1, 0)
