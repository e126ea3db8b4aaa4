"""Texts that say the same are squeezed to the same, and every character is traced back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.text.squeeze import Squeezed, digits, words


def units(squeezed: Squeezed) -> list[str]:
    """The units as strings."""
    return [squeezed.text[a:b] for a, b in zip(squeezed.starts, squeezed.ends, strict=True)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Anna Müller-Lüdenscheidt", ["anna", "muller", "ludenscheidt"]),
        ("  ANNA,\n\tmuller ", ["anna", "muller"]),
        ("a.b@c.example", ["a", "b", "c", "example"]),
        ("ＡＢ１２", ["ab12"]),
        ("Łódź 7", ["łodz", "7"]),
        ("...", []),
        ("", []),
    ],
)
def test_words(text: str, wanted: list[str]) -> None:
    """Case, marks, width and what stands between words do not count."""
    assert units(words(text)) == wanted


@pytest.mark.parametrize(
    ("text", "groups", "runs"),
    [
        ("+49 (0)171 / 123-45", ["49", "0", "171", "123", "45"], 1),
        ("12 ab 34", ["12", "34"], 2),
        ("12      34", ["12", "34"], 2),
        ("٣٤-5", ["34", "5"], 1),
        ("none", [], 0),
        ("", [], 0),
    ],
)
def test_digits(text: str, groups: list[str], runs: int) -> None:
    """Groups, and which of them may belong together."""
    squeezed = digits(text)
    assert units(squeezed) == groups
    assert len(set(squeezed.chains.tolist())) == runs


@given(st.text(max_size=40))
def test_every_character_is_traced_back(text: str) -> None:
    """Units lie in order and begin and end with characters of the text that are no blanks."""
    for squeezed in (words(text), digits(text)):
        assert len(squeezed.codes) == len(squeezed.places)
        assert sorted(squeezed.places.tolist()) == squeezed.places.tolist()
        for start, end in zip(squeezed.starts, squeezed.ends, strict=True):
            assert start < end
            assert not text[squeezed.places[start]].isspace()
            assert not text[squeezed.places[end - 1]].isspace()
