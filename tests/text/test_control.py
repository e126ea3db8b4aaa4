"""Colours of terminals do not stand between a rule and its token."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.model import Span
from excise.text.control import bare

ESC = "\x1b"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"{ESC}[93mkey{ESC}[0m", "key"),
        (f"a{ESC}[1;38;5;12mb", "ab"),
        (f"{ESC}]0;title\x07x", "x"),
        (f"{ESC}]8;;https://example.org{ESC}\\link{ESC}]8;;{ESC}\\", "link"),
        (f"{ESC}(Bx{ESC}c", "x"),
    ],
)
def test_sequences_are_left_out(text: str, shown: str) -> None:
    view = bare(text)
    assert view is not None
    assert view.text == shown


@pytest.mark.parametrize("text", ["", "plain", "[93mkey", f"{ESC}", f"{ESC}[93"])
def test_without_sequences_there_is_no_view(text: str) -> None:
    assert bare(text) is None


@given(st.lists(st.tuples(st.text("ab[m", min_size=1), st.sampled_from([f"{ESC}[0m", f"{ESC}c"]))))
def test_what_is_left_stands_where_it_stood(pieces: list[tuple[str, str]]) -> None:
    text = "".join(word + code for word, code in pieces)
    view = bare(text)
    if view is None:
        assert not pieces
        return
    at = start = 0
    for word, code in pieces:
        assert view.text[at : at + len(word)] == word
        assert view.back(Span(at, at + len(word))) == Span(start, start + len(word))
        at += len(word)
        start += len(word) + len(code)
