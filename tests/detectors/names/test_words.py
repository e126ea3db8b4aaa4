"""Many words at once come to what they come to one by one."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from excise.detectors.models import read_model
from excise.detectors.names import words as names_words
from excise.detectors.names.features import class_of, features_of
from excise.detectors.names.model import NamesModel
from excise.detectors.names.words import LONGEST, WordRows
from excise.text.tokens import tokenize

MODEL = NamesModel.from_bytes(read_model("names.npz"))
ROWS = WordRows(MODEL)
LISTS = ["anna", "Maria", "BERLIN", "street", "Mr", "march", "Garcia", "the", "GmbH", "von", "l"]
ODD = ["\u0130stanbul", "\u03a3\u03a3", "\u01c5abc", "\u00aa", "\ud800x", "\u0301a", "\u674e\u96f7"]
WIDE = ["\U00010400\U00010428", "\u0661\u0669\u0660\u0660", "\u00b2", "\u1e9e", "stra\u00dfe"]
PLAIN = ["19", "1984", "20", "2031", "2131", "7", "a", "A", "McKay", "x"]
WORDS = st.one_of(
    st.sampled_from([*LISTS, *ODD, *WIDE, *PLAIN]),
    st.text("aA\u00e9\u00c9\u0130\u01c5\u674e\U00010400", min_size=1, max_size=6),
    st.text("012349", min_size=1, max_size=11),
    st.text(min_size=1, max_size=8),
    st.integers(1, 3 * LONGEST).map(lambda size: "\u0391b" * size),
)


def tokens_of(words: list[str]) -> list[str]:
    text = " ".join(words)
    tokens = tokenize(text)
    return [text[a:b] for a, b in zip(tokens.starts.tolist(), tokens.ends.tolist(), strict=True)]


def check(rows: WordRows, words: list[str]) -> None:
    """Read as few and as many, and in several goes."""
    bits = list(zip(words, MODEL.bits_of(words), strict=True))
    wanted = MODEL.rows_of([features_of(word, own) for word, own in bits])
    for few, at_once in ((0, 1_024), (40, 1_024), (0, 3)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(names_words, "_FEW", few)
            patch.setattr(names_words, "_AT_ONCE", at_once)
            sums, classes = rows.rows(words)
        assert np.array_equal(sums, wanted)
        assert classes.tolist() == [class_of(word, own) for word, own in bits]


@settings(deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=20).map(tokens_of).filter(bool))
@example([*LISTS, "12", ","])
@example([*ODD[:3], "1984"])
@example([","])
def test_rows_are_those_of_the_words_alone(words: list[str]) -> None:
    check(ROWS, words)


@pytest.mark.parametrize("room", [1, 3, 40])
def test_signatures_beyond_the_room_for_them(room: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names_words, "_SIGNATURES", room)
    rows = WordRows(MODEL)
    shapes = ["a" * size for size in range(1, 9)] + ["A" + "b" * size for size in range(1, 9)]
    for words in (LISTS, shapes, shapes[:2], LISTS[3:], [*shapes, *LISTS]):
        check(rows, words)


@pytest.mark.parametrize("size", [LONGEST - 1, LONGEST, LONGEST + 1])
def test_long_words_of_wide_characters(size: int) -> None:
    check(ROWS, ["\U00020000" * size, "\U00010400" * size, "x"])
