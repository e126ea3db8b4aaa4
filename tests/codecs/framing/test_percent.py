"""Percent-encoded text reads as it means, and edits spell only their own run anew."""

from __future__ import annotations

from urllib.parse import quote, quote_plus, unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.codecs.framing.percent import decode_percent, splice_percent
from excise.codecs.json.edit import edit_text
from excise.model import Edit, Span


def edit(start: int, end: int, text: str = "[P]") -> Edit:
    return Edit(0, Span(start, end), text)


@pytest.mark.parametrize(
    ("raw", "plus", "text"),
    [
        ("a%20b+c", True, "a b c"),
        ("a%20b+c", False, "a b+c"),
        ("%e8%aa%9ex", True, "語x"),
        ("100%", True, "100%"),
        ("%zz%4", True, "%zz%4"),
        ("%ff%41", True, "\udcffA"),
    ],
)
def test_reading(raw: str, plus: bool, text: str) -> None:
    assert decode_percent(raw, plus=plus) == text


@pytest.mark.parametrize(
    ("raw", "group", "wanted"),
    [
        ("a%20b", [edit(0, 1)], "%5BP%5D%20b"),
        ("%41%42%43", [edit(1, 2)], "%41%5BP%5D%43"),
        ("x%e8%aa%9ey", [edit(1, 2, "é")], "x%C3%A9y"),
        ("plain", [edit(0, 1, "/"), edit(4, 5, "")], "%2Flai"),
        ("%ff%41b", [edit(1, 3, "")], "%ff"),
        ("a+b%", [edit(1, 2, "+")], "a%2Bb%"),
    ],
)
def test_editing(raw: str, group: list[Edit], wanted: str) -> None:
    assert splice_percent(raw, group) == wanted


@given(st.text(max_size=20), st.text(max_size=5), st.data(), st.sampled_from([quote, quote_plus]))
def test_an_edit_means_what_it_says(
    text: str, put: str, data: st.DataObject, spell: object
) -> None:
    raw = spell(text)
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
    after = splice_percent(raw, [edit(start, end, put)])
    assert unquote_plus(after) == edit_text(unquote_plus(raw), [edit(start, end, put)])
    assert after.startswith(spell(text[:start]))
    assert after.endswith(spell(text[end:]))


@pytest.mark.parametrize("raw", ["abc", "a%20c"])
def test_a_span_behind_the_end_is_an_error(raw: str) -> None:
    with pytest.raises(ValueError, match="behind"):
        splice_percent(raw, [edit(2, 4)])
