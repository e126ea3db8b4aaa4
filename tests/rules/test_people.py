"""Made-up numbers are the same for the same seed and keep their layout."""

import re

import pytest

from excise.rules.fillers import FillerError, fill
from excise.rules.people import PHONES, grouped
from excise.rules.wallets import base58check, bech32


def test_a_seed_decides() -> None:
    assert fill("{id:de-tax}", "a") == fill("{id:de-tax}", "a") != fill("{id:de-tax}", "b")


@pytest.mark.parametrize(
    ("value", "layout", "wanted"),
    [("123456789", "3-2-4", "123-45-6789"), ("12345678901", "3.3.3-2", "123.456.789-01")],
)
def test_groups(value: str, layout: str, wanted: str) -> None:
    assert grouped(value, layout) == wanted


def test_a_layout_must_use_every_character() -> None:
    with pytest.raises(FillerError):
        fill("{id:us-ssn:3-2}", "a")


@pytest.mark.parametrize("filler", ["{id:nowhere}", "{phone:XX}", "{wallet:gold}", "{id-bad:x}"])
def test_unknown_fillers_are_named(filler: str) -> None:
    with pytest.raises(FillerError):
        fill(filler, "a")


@pytest.mark.parametrize("region", sorted(PHONES))
def test_phones_hold_digits(region: str) -> None:
    assert len(re.findall(r"\d", fill(f"{{phone:{region}}}", "a"))) >= 9


def test_wallets() -> None:
    assert base58check(fill("{wallet:btc}", "a"))
    assert bech32(fill("{wallet:bech32}", "a"))
