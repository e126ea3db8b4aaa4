"""Checks: tables of what holds and what does not."""

import pytest

from excise.detectors.patterns.checks import CHECKS, decode_base64, entropy
from excise.rules.fillers import BRANDS, FillerError, fill

HOLDS = {
    "luhn": ["79927398713", "7992 7398-713"],
    "pan": [f"{{pan:{brand}}}" for brand in BRANDS] + ["{pan:visa:4-4-4-4}", "{luhn:13:4}"],
    "iban": ["{iban:DE}", "{iban:GB:4}", "{iban:NO}"],
    "aba": ["{aba}"],
    "jwt": ["{jwt}", "eyJhbGciOieeeiIsInR5cCI6IkpXVCJ9.x.y"],
    "base64": ["{b64:40}", "{b64url:40}", "TWE=", "TWFu"],
    "base64-json": ["eyJhIjogMX0", "eyJhIjogMX0="],
    "base64-run": ["-- {b64:24} --"],
    "mixed": ["a1", "é1"],
    "mixed-case": ["aB1"],
    "no-run": ["aaaab", ""],
    "not-sequence": ["{alnum:20}", "abc", "k7f2m9"],
    "not-placeholder": ["{alnum:20}", "Tr0ub4dor&3", "{hex:32}"],
    "not-word": ["hunter2", "{alnum:20}", "p4ss"],
    "not-path": ["{alnum:20}", "hunter2"],
}
FAILS = {
    "luhn": ["79927398710", "0000000000", "", "12a4"],
    "pan": ["{luhn-bad:16:4}", "{luhn:16:9}", "{luhn:12:4}", "0000000000000000"],
    "iban": ["DE00370400440532013000", "{iban:DE}0", "XX12", ""],
    "aba": ["123456789", "99{digit:7}", "{digit:8}"],
    "jwt": ["eyJhIjogMX0.x.y", "abc", "", "eyJhIjogMX.x.y"],
    "base64": ["a b", "", "a", "???"],
    "base64-json": ["TWFu", "", "W10"],
    "base64-run": ["{b64:23}", ""],
    "mixed": ["abc", "123", ""],
    "mixed-case": ["ab1", "AB1", "aB"],
    "no-run": ["xaaaaay"],
    "not-sequence": ["12345678", "abcdefgh", "qwertyuiop", "87654321", "abcd1234",
                     "a1b2c3d4e5f6g7h8i9j0", "A9-B8-C7-D6-E5-F4-G3-H2"],
    "not-placeholder": [
        "xxxxxxxxxxxx", "your_api_key_here", "<token>", "${TOKEN}", "changeme", "my-secret-key",
        "example", "********", "{{ value }}", "aaaaaaaa", "password", "INSERT_TOKEN_HERE",
    ],
    "not-word": ["hello", "Hello-World", "some_plain_words", "camelCaseName", "UPPER_CASE"],
    "not-path": ["/etc/passwd", "os.environ.get", "https://a.b/c", "getToken(x)", "./a", "a/b"],
}  # fmt: skip


def cases(table: dict[str, list[str]]) -> list[tuple[str, str]]:
    """One pair for each text."""
    return [(name, text) for name, texts in table.items() for text in texts]


def value(text: str) -> str:
    """Fillers filled; braces that are none stay."""
    try:
        return fill(text.replace("{{", "{ {").replace("}}", "} }"), text)
    except FillerError:
        return text


def test_each_check_of_this_table_is_tried_both_ways() -> None:
    """Something that holds and something that fails; other packs' checks have their own tables."""
    assert set(HOLDS) == set(FAILS) <= set(CHECKS)


@pytest.mark.parametrize(("name", "text"), cases(HOLDS))
def test_what_holds(name: str, text: str) -> None:
    """The check is true of it."""
    assert CHECKS[name](value(text))


@pytest.mark.parametrize(("name", "text"), cases(FAILS))
def test_what_fails(name: str, text: str) -> None:
    """The check is false of it."""
    assert not CHECKS[name](value(text))


@pytest.mark.parametrize("name", sorted(CHECKS))
@pytest.mark.parametrize("text", ["", "é", "٣٤٥", "\ud800", "x" * 5000, "1" * 5000, "\0"])
def test_no_check_raises(name: str, text: str) -> None:
    """Whatever the text: a check answers, it does not fail."""
    assert CHECKS[name](text) in (True, False)


@pytest.mark.parametrize(("text", "bits"), [("", 0), ("aaaa", 0), ("abab", 1), ("abcdefgh", 3)])
def test_entropy(text: str, bits: float) -> None:
    """Bits per character."""
    assert entropy(text) == pytest.approx(bits)


def test_base64_is_strict() -> None:
    """Both alphabets and absent padding are read; foreign characters are not."""
    assert decode_base64("-_-_") == decode_base64("+/+/") == b"\xfb\xff\xbf"
    assert decode_base64("TQ") == b"M"
    assert decode_base64("T Q") is None
