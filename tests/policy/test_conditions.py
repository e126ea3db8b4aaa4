"""What a clean message cannot make true is not asked of it."""

import pytest
from policy.samples import policy, situation

from excise.policy.conditions import build_conditions
from excise.policy.features import NOTHING
from excise.policy.fields import Look

CLEAN = Look(situation(model="o3", size=4), NOTHING)


@pytest.mark.parametrize(
    ("expression", "asked"),
    [
        ('model == "o3"', True),
        ('count("pii.email") > 5', False),
        ('count("pii.email") == 0 && model == "o3"', True),
        ('count("pii.email") > 5 || model == "o3"', True),
        ('count("pii.email") > 5 && model == "o3"', False),
        ("findings.exists(f, f.score > 0.5) && size > 1", False),
        ("findings.all(f, f.score > 0.5)", True),
        ("risk > 3.0", False),
        ("!(risk > 3.0)", True),
    ],
)
def test_only_what_may_hold_is_asked_of_a_clean_message(expression: str, asked: bool) -> None:
    """And what is not asked would not have held."""
    made = policy(f"  - {{id: c, if: '{expression}', then: block}}\n")
    assert bool(made.conditions.clean.clauses) is asked
    if not asked:
        assert not made.conditions.of_message(CLEAN, found=True).ids


@pytest.mark.parametrize(("then", "holds"), [("block", True), ("redact", True), ("allow", False)])
def test_what_fails_holds_where_it_is_strict(then: str, holds: bool) -> None:
    """A clause that would have made things milder does not."""
    when = "when: {rules: ['*']}, "
    made = policy(f"  - {{id: c, {when}if: '1 / tokens > 0', then: {then}}}\n")
    held = made.conditions.of_message(CLEAN, found=True)
    assert (held.failed, held.ids) == ({"c"}, {"c"} if holds else set())


def test_without_expressions_the_library_is_not_needed() -> None:
    assert build_conditions(()).reads == frozenset()
