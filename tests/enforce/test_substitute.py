"""Substitutes keep the form of a value, and tell nothing of it."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.enforce.substitute import Substitutes, is_iban, is_luhn

ONE, OTHER = Substitutes(b"k" * 32), Substitutes(b"j" * 32)
CARD = "4111 1111 1111 1111"
IBAN = "DE89 3704 0044 0532 0130 00"


def classes(text: str) -> str:
    def of(char: str) -> str:
        if char.isdecimal():
            return "9"
        if char.isalpha():
            return "A" if char.isupper() else "a"
        return char

    return "".join(map(of, text))


@given(st.text(max_size=60))
def test_the_classes_of_characters_stay(value: str) -> None:
    """Digits for digits, letters for letters of the same case, the rest as it is."""
    made = ONE.invent("pii.email", value)
    assert len(made) == len(value)
    assert classes(made) == classes(value)
    assert made == ONE.invent("pii.email", value)


@given(st.text(string.ascii_letters + string.digits, min_size=6, max_size=30))
def test_another_key_or_entity_gives_another_one(value: str) -> None:
    """And never the value itself."""
    made = ONE.invent("a.b", value)
    assert made not in (value, OTHER.invent("a.b", value), ONE.invent("a.c", value))


@pytest.mark.parametrize("valid", [True, False])
@pytest.mark.parametrize("value", [CARD, CARD.replace(" ", "-"), "378282246310005"])
def test_a_cards_check_digit_is_as_asked_for(value: str, valid: bool) -> None:
    """ISO/IEC 7812-1."""
    made = ONE.invent("pci.pan", value, valid=valid)
    assert is_luhn(value)
    assert is_luhn(made) is valid
    assert made != value


@pytest.mark.parametrize("valid", [True, False])
@pytest.mark.parametrize("value", [IBAN, IBAN.replace(" ", ""), "GB82 WEST 1234 5698 7654 32"])
def test_an_ibans_check_digits_are_as_asked_for(value: str, valid: bool) -> None:
    """ISO 13616; the country stays."""
    made = ONE.invent("pii.iban", value, valid=valid)
    assert is_iban(made) is valid
    assert (made[:2], len(made)) == (value[:2], len(value))
    assert made != value


def test_a_thousand_values_have_a_thousand_substitutes() -> None:
    """No collisions where there is room."""
    assert len({ONE.invent("x.y", f"person{n:04d}@corp.example") for n in range(1000)}) == 1000


def test_nothing_of_the_key_shows() -> None:
    """Not in a `repr`."""
    assert repr(ONE) == "<Substitutes>"
