"""The values of a pack: closed lists agree with what carries them out."""

from rules.samples import sample_rules

from excise.detectors.patterns.checks import CHECKS as CARRIED_OUT
from excise.rules.examples import DISGUISES as APPLIED
from excise.rules.schema import CHECKS, DISGUISES


def test_every_check_is_carried_out() -> None:
    """The names that a pack may use are those that the detectors know."""
    assert set(CARRIED_OUT) == CHECKS


def test_every_disguise_is_applied() -> None:
    """The same for disguises."""
    assert set(APPLIED) == DISGUISES


def test_an_example_shows_no_text() -> None:
    """Example texts look like secrets, so they do not print."""
    for rule in sample_rules():
        assert all(example.text not in repr(rule) for example in rule.examples)
