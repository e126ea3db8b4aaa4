"""Where unfinished spans begin: held by every match of the pattern."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.rules.unfinished import describe

KEY = r"-{1,5}\s{0,1}(?:B|BEGIN(?: [A-Z ]{0,50}|[A-Z ]{1,50}PRIVATE KEY[\s\S]{0,9000}){0,1}){0,1}"


@pytest.mark.parametrize(
    ("source", "short", "seed"),
    [
        (KEY, 72, "PRIVATE KEY"),
        (r"P[a-z]{0,9}|PuTTY-[23](?:: {0,1}[\s\S]{0,9000}){0,1}", 9, "PuTTY-"),
        (r"[0-9]{1,9}(?:[,-][0-9]{1,9}){0,3}", 39, ""),
        (r"[0-9]{1,3}(?:,[0-9]{1,3}){0,900}", 3603, ""),  # long, but of no certain beginning
        (r"a[b]{0,900}c[d]{0,900}", 1802, ""),
        (r"[ab][\s\S]{0,9000}", 9001, ""),
    ],
)
def test_what_is_known(source: str, short: int, seed: str) -> None:
    """The width that is searched from each place, and what longer matches begin with."""
    known = describe(source)
    assert (known.short, known.seed) == (short, seed)


@pytest.mark.parametrize(
    ("source", "ignore_case", "alphabet"),
    [
        ("[0-2]{1,4}-", False, "-012"),
        ("[ab]c", True, "ABCabc"),
        (r"a[^b]", False, ""),
        ("é", False, ""),
    ],
)
def test_the_alphabet(source: str, ignore_case: bool, alphabet: str) -> None:
    """Every character of a match; empty where it may be nearly any."""
    assert "".join(sorted(set(describe(source, ignore_case=ignore_case).alphabet))) == alphabet


parts = st.sampled_from(
    ["-", "---", "BEGIN ", "RSA ", "PRIVATE KEY", "\n", "B", "x" * 80, "-----BEGIN A"]
)


@given(st.lists(parts, max_size=12).map("".join))
def test_long_matches_begin_with_the_head(text: str) -> None:
    """Wherever the pattern matches to the end of a text."""
    known = describe(KEY)
    for at in range(len(text)):
        match = re.compile(f"(?:{KEY})\\Z", re.ASCII).match(text, at)
        if match and len(match[0]) > known.short:
            head = re.compile(known.head, re.ASCII).match(text, at)
            assert head and head[0].endswith(known.seed) and len(head[0]) <= known.reach
