"""Tokens become types and shapes wherever they stand; features are theirs alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.detectors.code import features as code_features
from excise.detectors.code.features import (
    LINE,
    MARK_CHARACTERS,
    PAIR_BITS,
    SHAPES,
    TRIPLE_BITS,
    Vocabulary,
    encode,
    pairs_at,
    pairs_of,
    triples_of,
)
from excise.text.met import words_of

WORDS = ("def", "return", "SELECT", "the")
VOCABULARY = Vocabulary(WORDS)
TEXTS = st.text(st.sampled_from("ab Z_9.(\n\r\té中\U0001f600"), max_size=60)


def types_of(text: str) -> list[int]:
    return encode(text, VOCABULARY).types.tolist()


def test_words_of_the_vocabulary_have_types_of_their_own() -> None:
    assert types_of("def return SELECT the") == [SHAPES, SHAPES + 1, SHAPES + 2, SHAPES + 3]


def test_marks_have_types_of_their_own() -> None:
    assert len(set(types_of(MARK_CHARACTERS))) == len(MARK_CHARACTERS)
    assert max(types_of(MARK_CHARACTERS)) < SHAPES


@pytest.mark.parametrize(
    "alike",
    [
        ("camelCase", "httpServerPort"),
        ("PascalCase", "OrderService"),
        ("value", "count"),
        ("Total", "Order"),
        ("MAX", "HTTP"),
        ("CONSTANT", "TIMEOUT"),
        ("x", "n"),
        ("X", "T"),
        ("12345", "99999999"),
        ("42", "123"),
        ("中文", "été"),
    ],
)
def test_new_words_of_one_look_share_a_shape(alike: tuple[str, str]) -> None:
    one, other = alike
    assert types_of(one) == types_of(other)
    assert types_of(one)[0] < SHAPES


def test_other_looks_have_other_shapes() -> None:
    looks = ("camelCase", "PascalCase", "value", "Total", "MAX", "CONSTANT", "x", "X", "1", "中")
    assert len({tuple(types_of(look)) for look in looks}) == len(looks)


@given(st.one_of(TEXTS, st.text(st.sampled_from("aBcD1\u0661é中_ "), max_size=40)))
def test_few_new_tokens_are_read_like_many(text: str) -> None:
    """One by one and all at once."""
    alone = encode(text, VOCABULARY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(code_features, "_FEW", 0)
        together = encode(text, VOCABULARY)
    assert alone.shapes.tolist() == together.shapes.tolist()
    assert alone.types.tolist() == together.types.tolist()


def test_lines_begin_behind_each_end_of_line() -> None:
    encoded = encode("a b\n\nc", VOCABULARY)
    assert encoded.begins.tolist() == [0, 3, 4]
    assert encoded.types.tolist().count(LINE) == 2


def test_a_token_at_the_start_of_its_line_is_glued_and_an_indented_one_is_not() -> None:
    assert encode("a\nb\n  c", VOCABULARY).glued.tolist() == [1, 1, 1, 1, 0]


def test_no_text_has_no_tokens() -> None:
    encoded = encode("", VOCABULARY)
    assert encoded.types.size == encoded.begins.size == 0


@given(TEXTS)
def test_features_lie_within_their_tables(text: str) -> None:
    encoded = encode(text, VOCABULARY)
    if not encoded.types.size:
        return
    assert encoded.types.min() >= 0
    assert encoded.types.max() < VOCABULARY.size
    assert encoded.shapes.max() < SHAPES
    for bits, features in (
        (PAIR_BITS, pairs_of(encoded.types, encoded.glued)),
        (TRIPLE_BITS, triples_of(encoded.shapes, encoded.glued)),
    ):
        assert features.size == encoded.types.size
        assert 0 <= features.min() <= features.max() < 1 << bits


@given(TEXTS, TEXTS)
def test_a_token_is_the_same_in_any_text(text: str, other: str) -> None:
    own = encode(text, VOCABULARY)
    behind = encode(other + "\n" + text, VOCABULARY)
    size = own.types.size
    if size:
        assert np.array_equal(behind.types[-size:], own.types)
        assert np.array_equal(behind.shapes[-size:], own.shapes)


@given(st.sampled_from(["value", "camelCase", "MAX", "Total", "é", "X"]))
def test_a_word_has_the_shape_it_has_in_a_text(word: str) -> None:
    alone = encode(word, VOCABULARY).shapes[0]
    assert encode(f"( {word} )", VOCABULARY).shapes[1] == alone


def test_features_of_a_pair_depend_on_both_and_on_the_gap() -> None:
    types = np.array([70, 71, 72])
    one, zero = np.array([1, 1, 1]), np.array([1, 0, 1])
    assert pairs_of(types, one)[1] != pairs_of(types, zero)[1]
    assert pairs_of(types, one)[1] != pairs_of(types[::-1].copy(), one)[1]
    assert triples_of(types % SHAPES, one)[2] != triples_of(types % SHAPES, zero)[2]


@given(TEXTS, st.lists(st.integers(0, 59), max_size=9))
def test_pairs_at_some_places_are_those_of_the_whole(text: str, drawn: list[int]) -> None:
    encoded = encode(text, VOCABULARY)
    places = np.array([place for place in drawn if place < encoded.types.size], np.int64)
    whole = pairs_of(encoded.types, encoded.glued)
    assert pairs_at(encoded.types, encoded.glued, places).tolist() == whole[places].tolist()


@given(TEXTS)
def test_tokens_that_are_there_already_change_nothing(text: str) -> None:
    own, given_ = encode(text, VOCABULARY), encode(text, VOCABULARY, words_of(text))
    assert own.types.tolist() == given_.types.tolist()
    assert own.triples.tolist() == triples_of(own.shapes, own.glued).tolist()
    assert own.begins.tolist() == given_.begins.tolist()
