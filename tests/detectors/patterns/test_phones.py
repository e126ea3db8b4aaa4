"""The plans as one pattern each agree with the library's own parser."""

import phonenumbers
import pytest

from excise.detectors.patterns.phones import REGIONS, phone, phone_us
from excise.rules.fillers import fill
from excise.rules.people import PHONES


@pytest.mark.parametrize("region", sorted(PHONES))
def test_made_up_numbers_are_assigned(region: str) -> None:
    assert all(phone(fill(f"{{phone:{region}}}", str(seed))) for seed in range(5))


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_every_regions_example_number_passes(region: str) -> None:
    number = phonenumbers.example_number(region)
    assert number is not None
    form = phonenumbers.PhoneNumberFormat.INTERNATIONAL
    assert phone(phonenumbers.format_number(number, form))


@pytest.mark.parametrize("region", REGIONS)
def test_national_forms_of_the_known_regions_pass(region: str) -> None:
    number = phonenumbers.example_number(region)
    assert number is not None
    assert phone(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL))


@pytest.mark.parametrize(
    "text",
    ["+1 212 555 0123 x45", "0049 30 23456789", "+49 (0)30 23456789", "(212) 555-0123 ext. 9"],
)
def test_other_ways_of_writing(text: str) -> None:
    assert phone(text)


@pytest.mark.parametrize(
    "text", ["", "+", "00000000000", "+999 1234567", "+1 123 456 7890", "192.168.1.1"]
)
def test_other_numbers_are_none(text: str) -> None:
    assert not phone(text)


@pytest.mark.parametrize(
    ("text", "right"),
    [("212-555-0123", True), ("+1 (212) 555-0123", True), ("112-555-0123", False),
     ("99212-555-0123", False)],
)  # fmt: skip
def test_north_america(text: str, right: bool) -> None:
    assert phone_us(text) is right
