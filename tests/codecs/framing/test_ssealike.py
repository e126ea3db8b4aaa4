"""Only an event whose every other byte is the same is known without parsing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.codecs.framing.ssealike import COUNT, build_likeness, decode_string

RAW = b'data: {"sequence_number":7,"id":"a\\"b","n":123456,"delta":"x","tail":[1]}\n\n'
# Tokens: 0 sequence_number 1 id 2 a"b 3 n 4 123456 5 delta 6 x 7 tail
LIKENESS = build_likeness(RAW, 6, len(RAW) - 2, [(6, "x")])


def with_text(text: bytes, count: bytes = b"7") -> bytes:
    return RAW.replace(b'"x"', b'"' + text + b'"').replace(b":7,", b":" + count + b",")


@pytest.mark.parametrize(
    ("text", "count"),
    [(b"x", b"7"), (b"", b"8"), (b'\\"\\u00e9', b"0"), ("é😀".encode(), b"99999")],
)
def test_another_text_and_another_count_are_alike(text: bytes, count: bytes) -> None:
    assert LIKENESS is not None
    assert LIKENESS.match(with_text(text, count)) == {COUNT: count, 6: text}


@pytest.mark.parametrize(
    "raw",
    [
        with_text(b'y","delta":"z'),
        with_text(b"\\"),
        with_text(b"\\q"),
        with_text(b"\\u12"),
        with_text(b"\x01"),
        with_text(b"a\n"),
        with_text(b"x", b"07"),
        with_text(b"x", b"123456"),
        with_text(b"x", b"-1"),
        with_text(b"x", b"1.5"),
        RAW.replace(b"123456", b"123457"),
        RAW.replace(b"tail", b"tali"),
        RAW[:-1],
        RAW + b"\n",
        b"",
    ],
)
def test_anything_else_is_not(raw: bytes) -> None:
    assert LIKENESS is not None
    assert LIKENESS.match(raw) is None


@pytest.mark.parametrize("texts", [[(6, "other")], [(4, "123456")], [(20, "x")]])
def test_tokens_that_are_not_there_are_noticed(texts: list[tuple[int, str]]) -> None:
    assert build_likeness(RAW, 6, len(RAW) - 2, texts) is None


@given(st.text())
def test_a_string_is_decoded_as_the_parser_does(text: str) -> None:
    for ascii_only in (True, False):
        written = json.dumps(text, ensure_ascii=ascii_only)[1:-1].encode("utf-8", "surrogatepass")
        assert decode_string(written) == text
