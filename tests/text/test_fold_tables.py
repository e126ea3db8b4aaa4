"""The tables agree with the Unicode database and with what they are made of."""

from __future__ import annotations

import unicodedata
from typing import Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.text import fold_tables as of
from excise.text.confusables import LOOK_ALIKES

TABLES: Final = of.tables()
MARKS: Final = [chr(code) for code in range(0x300, 0x370) if TABLES.bits[code] & of.MARK]


def bits(char: str) -> int:
    return int(TABLES.bits[of.place_of(char)])


@pytest.mark.parametrize(
    ("char", "kind"),
    [
        ("ａ", of.FORM),
        ("\U000e0041", of.FORM),
        ("𝓼", of.FORM),
        ("\u200b", of.INVISIBLE),
        ("\U000e0100", of.INVISIBLE),
        ("，", of.SENTENCE),
        ("中", of.JOINING),
        ("\U00020001", of.JOINING),
        ("👩", of.JOINING),
        ("\u2011", of.DASH),
        ("\u00a0", of.BLANK),
        ("“", of.QUOTE),
        ("\u0301", of.MARK),
        ("а", of.ALIKE),
        ("é", of.ACCENT),
        ("_", of.BARE),
        ("7", of.DIGIT),
    ],
)
def test_kinds(char: str, kind: int) -> None:
    assert bits(char) & kind
    assert not bits("~") & kind


@given(st.characters(max_codepoint=0x1FFFF))
def test_words_are_what_the_language_says(char: str) -> None:
    assert bool(bits(char) & of.ALNUM) == char.isalnum()
    assert bool(bits(char) & of.ASCII) == char.isascii()


@pytest.mark.parametrize("char", ["\U00030000", "\U0003ffff", "\U000e0fff", "\U0010ffff"])
def test_every_code_point_has_a_place(char: str) -> None:
    assert of.place_of(char) < TABLES.bits.size


def test_forms_and_look_alikes_are_all_there() -> None:
    for char, to in of.FORMS.items():
        at = of.place_of(char)
        assert chr(TABLES.form[at]) + TABLES.tails.get(at, "") == to
        assert TABLES.length[at] == len(to)
    for char, to in LOOK_ALIKES.items():
        assert chr(TABLES.alike[of.place_of(char)]) == to


@given(st.characters(min_codepoint=0x41, max_codepoint=0x2FFF), st.sampled_from(MARKS))
def test_pairs_that_compose_are_those_of_the_database(base: str, mark: str) -> None:
    if unicodedata.combining(base):
        return
    pair = of.pair(ord(base), ord(mark))
    at = int(np.searchsorted(TABLES.composing, np.uint64(pair)))
    known = at < TABLES.composing.size and int(TABLES.composing[at]) == pair
    assert known == (len(unicodedata.normalize("NFC", base + mark)) == 1)
