"""Fillers: the same seed gives the same text everywhere, and each keeps what it promises."""

import base64
import json
import re

import pytest

from excise.rules.digits import aba_sum, iban_remainder, luhn_sum
from excise.rules.fillers import ALPHABETS, BRANDS, FillerError, fill


def test_a_seed_decides_all() -> None:
    """A text reads the same on every machine; another seed gives another."""
    assert fill("{alnum:8}", "a") == fill("{alnum:8}", "a") != fill("{alnum:8}", "b")
    assert fill("{digit:12}", "fixed") == "630614008717"


@pytest.mark.parametrize("name", sorted(ALPHABETS))
@pytest.mark.parametrize("length", [1, 4, 40])
def test_alphabets_hold_what_they_promise(name: str, length: int) -> None:
    """The right length and characters, one of each group from four on, no four alike in a row."""
    text = fill(f"{{{name}:{length}}}", f"seed {length}")
    groups = ALPHABETS[name]
    assert len(text) == length and set(text) <= set("".join(groups))
    if length == 40:
        assert all(set(text) & set(group) for group in groups)
        assert not re.search(r"(.)\1{3}", text)


@pytest.mark.parametrize("brand", sorted(BRANDS))
def test_card_numbers_are_right(brand: str) -> None:
    """Prefix, length and check digit of the brand."""
    prefixes, length = BRANDS[brand]
    number = fill(f"{{pan:{brand}}}", "seed")
    assert number.startswith(prefixes) and len(number) == length and luhn_sum(number) == 0


@pytest.mark.parametrize(
    ("filler", "pattern"),
    [
        ("{luhn:16:4}", r"4\d{15}"),
        ("{pan:visa:4-4-4-4}", r"4\d{3}(-\d{4}){3}"),
        ("{pan:amex:4 6 5}", r"3\d{3} \d{6} \d{5}"),
        ("{iban:DE:4}", r"DE\d\d( \d{4}){4} \d\d"),
        ("{iban:GB}", r"GB\d\d[A-Z]{4}\d{14}"),
        ("{uuid}", r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
        ("{pem:2}", r"[A-Za-z0-9+/]{64}\n[A-Za-z0-9+/]{64}"),
        ("{pem:RSA PRIVATE KEY}", r"(?s)-----BEGIN RSA PRIVATE KEY-----\n.*\n-----END RSA .*-----"),
        ("{words:3}", r"[a-z]+ [a-z]+ [a-z]+"),
        ("{{x}}", r"\{x\}"),
        ('{"a": {}, "b": 1}', r'\{"a": \{\}, "b": 1\}'),
    ],
)
def test_forms(filler: str, pattern: str) -> None:
    """Each filler has the form that the manual gives it."""
    text = fill(filler, "seed")
    assert re.fullmatch(pattern, text), text


def test_checks_of_filled_numbers() -> None:
    """IBAN, routing number and wrong Luhn digit are what they say."""
    assert iban_remainder(fill("{iban:FR}", "s")) == 1
    assert aba_sum(fill("{aba}", "s")) == 0
    assert luhn_sum(fill("{luhn-bad:16:5}", "s")) != 0


def test_a_token_decodes() -> None:
    """The web token's header and claims are JSON."""
    header, claims, signature = fill("{jwt}", "s").split(".")
    assert json.loads(base64.urlsafe_b64decode(header + "=="))["alg"] == "HS256"
    assert json.loads(base64.urlsafe_b64decode(claims + "=="))["sub"]
    assert len(signature) == 43


def test_a_value_can_be_repeated() -> None:
    """What was kept under a name comes back, while the plain filler draws anew."""
    first, second = fill("{=k hex:8} {=k}", "s").split()
    assert first == second
    one, two = fill("{hex:8} {hex:8}", "s").split()
    assert one != two


@pytest.mark.parametrize("filler", ["{nothing:3}", "{pan:none}", "{alnum}", "{=k}", "{iban:XX}"])
def test_an_unknown_filler_is_named(filler: str) -> None:
    """The error names the filler, so that its author finds it."""
    with pytest.raises(FillerError, match=re.escape(filler)):
        fill(filler, "s")
