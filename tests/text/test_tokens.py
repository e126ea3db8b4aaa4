"""The token stage equals a plain reading of the text, character by character."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.text.tokens import BLANK, DIGIT, MARK, NEWLINE, WORD, _plane, retold, tokenize

MASK = (1 << 64) - 1


def plain_class(char: str) -> int:
    code = ord(char)
    if 0x1F000 <= code < 0x1FC00:
        return MARK
    return int(_plane()[code]) if code < 0x10000 else WORD


def plain_hash(token: str) -> int:
    total = 0
    for place, char in enumerate(token):
        total += (ord(char) + 7) * pow(0x9E3779B97F4A7C15, place % 1024, 1 << 64)
    total &= MASK
    total ^= total >> 29
    total = total * 0xBF58476D1CE4E5B9 & MASK
    return total ^ total >> 32


def plain_tokens(text: str) -> list[tuple[int, int, int, int]]:
    """What the stage promises, in the slow words of the standard library."""
    found = []
    where = 0
    for kind, group in itertools.groupby(text, plain_class):
        run = "".join(group)
        pieces = [run] if kind < NEWLINE else list(run)
        for piece in pieces:
            if kind != BLANK:
                found.append((where, where + len(piece), kind, plain_hash(piece)))
            where += len(piece)
    return found


def as_rows(text: str) -> list[tuple[int, int, int, int]]:
    starts, ends, classes, hashes = (column.tolist() for column in tokenize(text))
    return list(zip(starts, ends, classes, hashes, strict=True))


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", []),
        (" \t ", []),
        ("Anna Berg, 12b\n", ["Anna", "Berg", ",", "12", "b", "\n"]),
        ("O'Brien--x", ["O", "'", "Brien", "-", "-", "x"]),
        ("a\r\n\nb", ["a", "\r", "\n", "\n", "b"]),
        ("Zoë Łukasz", ["Zoë", "Łukasz"]),
        ("e\u0301te\u0301", ["e\u0301te\u0301"]),
        ("hi \U0001f600\U0001f600 you", ["hi", "\U0001f600", "\U0001f600", "you"]),
        ("\u00a0x\u2003y", ["x", "y"]),
        ("李雷 went", ["李雷", "went"]),
    ],
)
def test_tokens_are_cut_where_the_class_changes(text: str, tokens: list[str]) -> None:
    got = tokenize(text)
    spans = zip(got.starts.tolist(), got.ends.tolist(), strict=True)
    assert [text[start:end] for start, end in spans] == tokens


@pytest.mark.parametrize(
    ("char", "expected"),
    [("a", WORD), ("ß", WORD), ("7", DIGIT), ("٣", DIGIT), ("\n", NEWLINE), ("_", MARK)],
)
def test_classes_of_single_characters(char: str, expected: int) -> None:
    assert tokenize(char).classes.tolist() == [expected]


@given(st.text(st.characters(codec=None), max_size=60))
def test_any_text_reads_as_the_plain_reference(text: str) -> None:
    assert as_rows(text) == plain_tokens(text)


@given(st.text(st.characters(max_codepoint=127), max_size=200))
def test_ascii_text_reads_as_the_plain_reference(text: str) -> None:
    assert as_rows(text) == plain_tokens(text)


@pytest.mark.parametrize("length", [1023, 1024, 1025, 5000])
def test_long_tokens_read_as_the_plain_reference(length: int) -> None:
    text = "x" * length + " " + "y" * length
    assert as_rows(text) == plain_tokens(text)


@given(st.text(max_size=20), st.text("ab 1.\n", max_size=20))
def test_a_token_hashes_alike_wherever_it_stands(before: str, text: str) -> None:
    alone = as_rows(text)
    shifted = as_rows(before + "\n" + text)[-len(alone) or None :] if alone else []
    assert [row[3] for row in shifted] == [row[3] for row in alone]


def test_ascii_and_wide_paths_agree() -> None:
    text = "The fox, 12 of them; snake_case = 'x'\n"
    narrow, wide = tokenize(text), tokenize(text + "\u00e9")
    for left, right in zip(narrow, wide, strict=True):
        assert np.array_equal(left, right[: left.size])


@pytest.mark.parametrize("size", [1_023, 1_024, 1_025, 16_384, 16_385, 20_000])
def test_long_words_and_texts_are_read_like_short_ones(size: int) -> None:
    """Whatever is hashed at once."""
    text = f"{'ab' * 600} c {'d' * size}1 é{' efg' * (size // 4)}"
    assert as_rows(text) == plain_tokens(text)


@given(st.text(st.characters(max_codepoint=127), max_size=200))
def test_a_text_in_small_letters_has_the_tokens_of_the_one_it_was(text: str) -> None:
    for told, anew in zip(
        retold(text.lower(), tokenize(text)), tokenize(text.lower()), strict=True
    ):
        assert told.tolist() == anew.tolist()


def test_tokens_are_taken_by_their_numbers() -> None:
    tokens = tokenize("one, two\n3")
    assert tokens.take(np.array([1, 2])).hashes.tolist() == tokens.between(1, 3).hashes.tolist()
    assert tokens.take(np.array([4, 0])).starts.tolist() == [9, 0]
