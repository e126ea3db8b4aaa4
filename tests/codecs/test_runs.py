"""Runs of text in other bytes: each that is long enough, in one piece, within a ceiling."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.codecs.runs import LONGEST, SHORTEST, find_runs

TEXT = "line one\nline two, with a key\r\n"


@pytest.mark.parametrize(
    ("data", "runs"),
    [
        (b"", ""),
        (b"x" * (SHORTEST - 1) + b"\0", ""),
        (b"\0" + b"x" * SHORTEST + b"\0", "x" * SHORTEST),
        (b"\0\1" + TEXT.encode() + b"\xff\xfe short\0" + TEXT.encode(), f"{TEXT}\n{TEXT}"),
        (b"\1" + TEXT.encode("utf-16-le") + b"\xff", TEXT),
        (b"\0" + b"y" * (LONGEST + 5) + b"\0" + TEXT.encode(), "y" * LONGEST),
    ],
    ids=range(6),
)
def test_runs(data: bytes, runs: str) -> None:
    assert find_runs(data) == runs


@given(st.binary(max_size=99), st.text(st.characters(codec="ascii", min_codepoint=33), min_size=12))
def test_no_text_is_missed(around: bytes, text: str) -> None:
    """Law: whatever stands around it."""
    plain = text.replace("\x7f", "x")
    assert plain in find_runs(around + b"\0\0" + plain.encode() + b"\0\1" + around)


def test_noise_says_nearly_nothing() -> None:
    """As the promise of `SHORTEST`, with room to spare."""
    assert find_runs(random.Random(7).randbytes(600_000)).count("\n") < 12
