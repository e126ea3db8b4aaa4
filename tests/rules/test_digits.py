"""Check digits: right numbers pass, every wrong digit is seen."""

import pytest

from excise.rules.digits import IBAN_LENGTHS, aba_sum, iban_remainder, luhn_sum


@pytest.mark.parametrize("number", ["79927398713", "0", "18", "4" + "1" * 15])
def test_luhn_knows_right_numbers(number: str) -> None:
    """The sum of a number with its check digit is 0."""
    assert luhn_sum(number) == 0


def test_luhn_sees_every_single_wrong_digit() -> None:
    """No digit can be another without the sum showing it."""
    number = "79927398713"
    for at in range(len(number)):
        for digit in set("0123456789") - {number[at]}:
            assert luhn_sum(number[:at] + digit + number[at + 1 :]) != 0


def test_iban_remainder_is_one_for_the_standards_own_example() -> None:
    """The example of ISO 13616 for the United Kingdom."""
    assert iban_remainder("GB82WEST12345698765432") == 1
    assert iban_remainder("GB82WEST12345698765423") != 1


def test_iban_lengths_are_those_of_the_standard() -> None:
    """Between 15 and 34 characters, two letters each."""
    assert all(15 <= length <= 34 for length in IBAN_LENGTHS.values())
    assert all(len(code) == 2 and code.isupper() for code in IBAN_LENGTHS)


def test_aba_sum_sees_a_wrong_digit() -> None:
    """The weighted sum of a right number is 0, that of its neighbour is not."""
    assert aba_sum("011000015") == 0
    assert aba_sum("011000016") != 0
