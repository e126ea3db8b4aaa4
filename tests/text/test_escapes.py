"""Escapes are decoded, and every span finds its way back."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.model import Span
from excise.text.escapes import begins_json, find_unfinished, unescape


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        (r"a\nb", "a\nb"),
        (r"\"\\\/\b\f\r\t", '"\\/\b\f\r\t'),
        (r"\u0041\x42", "AB"),
        (r"\ud83d\ude00!", "\U0001f600!"),
        (r"\uD83D\uDE00!", "\U0001f600!"),
        (r"\ud83d!", "\ufffd!"),
        (r"\ude00\ud83d", "\ufffd\ufffd"),
        (r"\\n", "\\n"),
        (r"\\\n", "\\\n"),
        (r"\q\n", "\\q\n"),
        ("\\u12\\n", "\\u12\n"),
    ],
)
def test_escapes_are_decoded(text: str, decoded: str) -> None:
    view = unescape(text)
    assert view is not None
    assert view.text == decoded
    assert view.back(Span(0, len(decoded))) == Span(0, len(text))


@pytest.mark.parametrize("text", ["", "plain", r"C:\qux", "\\", r"\u12", r"\x4"])
def test_without_escapes_there_is_no_view(text: str) -> None:
    assert unescape(text) is None


def test_a_span_covers_whole_escapes() -> None:
    view = unescape(r"k=\u0041BC\nend")
    assert view is not None
    start = view.text.index("ABC")
    assert view.back(Span(start, start + 3)) == Span(2, 10)
    assert view.back(Span(start + 1, start + 3)) == Span(8, 10)
    assert view.offsets.floor(5) == 2


@given(st.text())
def test_every_json_string_is_decoded_as_the_parser_does(text: str) -> None:
    written = json.dumps(text)[1:-1]
    view = unescape(written)
    assert (view.text if view else written) == text


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("", 0),
        ("abc", 3),
        ("a\\", 1),
        ("a\\\\", 3),
        ("a\\\\\\", 3),
        (r"a\n", 3),
        (r"a\u", 1),
        (r"a\u004", 1),
        (r"a\u0041", 7),
        (r"a\\u004", 7),
        (r"a\ud83d", 1),
        ("a\\ud83d\\", 1),
        (r"a\ud83d\ude0", 1),
        (r"a\ud83d\ude00", 13),
        ("a\\\\ud83d\\", 8),
        (r"a\x4", 1),
        (r"a\x41", 5),
    ],
)
def test_an_unfinished_escape_is_held_from_its_backslash(text: str, at: int) -> None:
    assert find_unfinished(text) == at


@given(st.text(st.sampled_from('a"\\\n\U0001f600é/'), max_size=12), st.data())
def test_cutting_at_the_held_place_changes_nothing(text: str, data: st.DataObject) -> None:
    """Law: decoded up to the held place and from there on, it is decoded as a whole."""
    written = json.dumps(text)[1:-1]
    cut = data.draw(st.integers(0, len(written)))
    held = find_unfinished(written[:cut])
    parts = (written[:held], written[held:])
    shown = [view.text if (view := unescape(part)) else part for part in parts]
    assert "".join(shown) == text


@pytest.mark.parametrize("text", ['{"a"', "{}", ' {\n "a": 1}', '["x"]', "[{", "[]", '[ "'])
def test_json_is_known_by_its_beginning(text: str) -> None:
    assert begins_json(text)


@pytest.mark.parametrize("text", ["", "{", "[EMAIL_k3v9x2m7q] is it", "{name}", "[[link]]", "[1]"])
def test_other_text_is_not_taken_for_json(text: str) -> None:
    assert not begins_json(text)
