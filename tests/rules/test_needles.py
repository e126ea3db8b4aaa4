"""A needle stands near the start of every match, whatever the match looks like."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.rules.needles import NONE, Needles, find_needles
from excise.rules.tree import parse


def needles_of(regex: str) -> Needles:
    return find_needles(parse(regex, ignore_case=True)[0])


@pytest.mark.parametrize(
    ("regex", "words", "within"),
    [
        ("password", ("pass",), 4),
        ("(?:my|your)[_-]pass", ("my-p", "my_p", "your"), 4),
        (r"(?:\b|db|[a-z]pass)pw[dx]?", ("pw",), 7),  # one in the other: the shorter is enough
        ("key[a-z]{9}", ("key",), 3),
        ("(?:pass|pw)[a-z0-9]{0,24}=", ("pw", "pass"), 4),  # what goes on is left out
    ],
)
def test_needles_are_few_and_short(regex: str, words: tuple[str, ...], within: int) -> None:
    assert needles_of(regex) == Needles(words, within)


@pytest.mark.parametrize(
    "regex",
    [
        "[a-z0-9]{20}",  # too many
        "(?:^|[^a-z])key",  # nearly any character comes first
        "ab=|[0-9]",  # too short
        "s\u0131r",  # `re` takes it for `sir` as well, without the case of either telling
    ],
)
def test_where_none_tell_there_are_none(regex: str) -> None:
    assert needles_of(regex) == NONE


PATTERNS = (
    r"p[a@]{0,2}s{1,2}w(?:o?r?s?d)[a-z0-9_.-]{0,24}\s?=\s?[^\s]{4,20}",
    r"(?:\b|[_.-]|sql|db)(?:pass|pwd|pw)[0-9]{0,3}:",
    r"(?:last|social|ssn)[a-z ]{0,20}[0-9]{4}",
)


@given(st.sampled_from(PATTERNS).flatmap(lambda p: st.tuples(st.just(p), st.from_regex(p))))
def test_every_match_has_a_needle_near_its_start(case: tuple[str, str]) -> None:
    regex, text = case
    match = re.search(regex, text, re.IGNORECASE)
    words, within = needles_of(regex)
    assert match is not None
    if text.isascii():
        head = text[match.start() : match.start() + within].lower()
        assert any(word in head for word in words)
