"""Errors name where, what and what to do; codes are of their family."""

import pytest

from excise.errors import (
    CODES,
    REASONS,
    AuditError,
    ConfigError,
    PolicyError,
    StateError,
    Unreadable,
    UnsafeError,
    closest,
)


def test_a_message_has_place_text_hint_and_code() -> None:
    """In this order."""
    fault = PolicyError(
        "EXC-POL-006", 'unknown "blok".', at="a.yaml:3", hint='Did you mean "block"?'
    )
    assert str(fault) == 'a.yaml:3: unknown "blok". Did you mean "block"? [EXC-POL-006]'


@pytest.mark.parametrize("code", CODES)
def test_every_code_belongs_to_a_class(code: str) -> None:
    """By its prefix."""
    prefixes = [
        cls.prefix for cls in (ConfigError, PolicyError, AuditError, StateError, UnsafeError)
    ]
    assert sum(code.startswith(prefix + "-") for prefix in prefixes) == 1


def test_reasons_are_closed() -> None:
    """A reason that nobody wrote down is a fault in the program."""
    for reason in REASONS:
        assert Unreadable(reason).reason == reason
    with pytest.raises(ValueError, match="unknown reason"):
        Unreadable("because")


def test_the_nearest_word_is_offered() -> None:
    """Where one is near; else nothing is said."""
    assert closest("blok", ["block", "allow"]) == 'Did you mean "block"?'
    assert closest("zzz", ["block"]) == ""
