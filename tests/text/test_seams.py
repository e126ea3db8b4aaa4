"""Pieces of a value are put together, and ordinary text is left alone."""

from __future__ import annotations

import codecs
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.model import Span
from excise.text.packed import shape
from excise.text.seams import find_guessed, find_said, find_turned
from excise.text.unwrap import find_encoded, find_guesses

WORD: Final = "quartzDoor7391lamp42"


@pytest.mark.parametrize(
    "text",
    [
        '"quartzDoor" + "7391lamp42"',
        '"quartzDoor"+"7391lamp42"',
        "'quartzDoor' . '7391lamp42'",
        '("quartzDoor"\n    "7391lamp42")',
        '"quartzDoor" +\n  "7391lamp42"',
        '"quartzDoor" \\\n "7391lamp42"',
        '"quartzDoor" + f"7391lamp42"',
        '["quartzDoor", "7391lamp42"].join("")',
        "export KEY=quartzDoor\\\n7391lamp42",
        'x = "quartz" + "Door7391" + "lamp42"',
    ],
)
def test_what_a_language_says_is_put_together(text: str) -> None:
    (view, *_) = find_encoded(text)
    assert WORD in view.text
    start = view.text.index(WORD)
    back = view.back(Span(start, start + len(WORD)))
    assert text[back.start : back.end].startswith("quartz")
    assert text[back.start : back.end].endswith("lamp42")


@pytest.mark.parametrize(
    "text",
    [
        "",
        '["quartzDoor", "7391lamp42"]',
        '{"a": "b", "c": ""}',
        'print("a " + name + " b")',
        "run \\\n  --flag \\\n  --other",
        "it's what 'one' and 'two' say",
    ],
)
def test_nothing_is_put_together_that_stands_apart(text: str) -> None:
    assert not list(find_said(text))


@pytest.mark.parametrize(
    "text",
    [
        "quartzDoor\n7391lamp42",
        "quartzDoor\n    7391lamp42",
        "quartzDoor**7391lamp42",
        "quartzDoor``7391lamp42",
        "quartzDoor<b>7391lamp42</b>",
        "quar tzDo or73 91la mp42",
        "quart.zDoor.7391l.amp42".replace(".", " "),
        "quar.tzDo.or73.91la.mp42",
    ],
)
def test_pieces_are_guessed(text: str) -> None:
    found = [view.text for view in find_guesses(f"see {text}. ok")]
    assert any(WORD in each for each in found)


@pytest.mark.parametrize(
    "turned",
    [WORD[::-1], codecs.encode(WORD, "rot13"), "quar-tzDo-or73-91la-mp42"],
)
def test_a_word_is_turned_and_covered_wholly(turned: str) -> None:
    text = f"see {turned} ok"
    (view,) = find_guesses(text)
    start = view.text.index(WORD)
    assert view.back(Span(start, start + len(WORD))) == Span(4, 4 + len(turned))


@pytest.mark.parametrize(
    "text",
    [
        "Two lines of prose\nthat go on, 2 of them.",
        "a **bold** word, `code`, 3*4 and a < b",
        "they went home late that cold wet night",
        "/usr/share/documentation/of/some/package",
    ],
)
def test_ordinary_text_has_no_guesses(text: str) -> None:
    assert not list(find_guessed(text, shape(text)))
    assert not list(find_turned(text, shape(text)))


pieces = st.sampled_from(
    ["a", "Zq9", " ", "\n", '"', "'", " + ", "\\", "*", "`", "<b>", "-", WORD, "ab12 ", "x"]
)


@given(st.lists(pieces, max_size=40).map("".join), st.data())
def test_every_span_finds_its_way_back(text: str, data: st.DataObject) -> None:
    """Law: spans stay inside and in order, whatever is taken for a seam."""
    for view in (*find_encoded(text), *find_guesses(text)):
        start = data.draw(st.integers(0, len(view.text)))
        end = data.draw(st.integers(start, len(view.text)))
        back = view.back(Span(start, end))
        assert 0 <= back.start <= back.end <= len(text)
