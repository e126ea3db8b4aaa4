"""The dialect: what is refused and why, and that what is derived from a pattern is true of it."""

import pytest

from excise.rules.dialect import best_literals, implies, shape
from excise.rules.tree import DialectError

REFUSED = [
    (r"a(?=b)", "look-around"),
    (r"(?<!a)b", "look-around"),
    (r"(a)\1", "back-references"),
    (r"a++", "possessive"),
    (r"(?>a)", "atomic"),
    (r"(?i)a", "inline flags"),
    (r"(?i:a)b", "inline flags"),
    (r"\Aa", "anchors"),
    (r"a+", "upper bound"),
    (r"a{2,}", "upper bound"),
    (r"a?", "nothing at all"),
    (r"a{1,300}", "at most 200"),
    (r"(", "not a regular expression"),
    (r"(?:[a-z]{1,5}){1,5}x", "two ways"),
    (r"(?:[a-z]{1,5}-?){1,5}", "two ways"),
    (r"[a-z]{1,90}[a-f]{0,90}[a-c]{0,90}-", "share one run"),
    (r"(?P<s>a)|b", "take part"),
    (r"(?:(?P<s>a)){0,1}b", "take part"),
]
ALLOWED = [
    r"\bcvd_live_[0-9A-Za-z]{24}\b",
    r"(?:[0-9][ -]?){12,18}[0-9]",
    r"(?:[a-z]{1,9}\.){1,5}com",
    r"^x{3}$",
    r"[a-z]{1,60}[a-f]{0,60}[a-c]{0,60}",  # nothing behind it can fail
]


@pytest.mark.parametrize(("regex", "why"), REFUSED)
def test_what_the_dialect_refuses(regex: str, why: str) -> None:
    """Each refusal says what is wrong."""
    group = "s" if "(?P<s>" in regex else ""
    with pytest.raises(DialectError, match=why):
        shape(regex, group, widest=200)


@pytest.mark.parametrize("regex", ALLOWED)
def test_what_it_allows(regex: str) -> None:
    """Patterns of the kind that rules need."""
    assert shape(regex, widest=200).width <= 200


@pytest.mark.parametrize(
    ("regex", "word"),
    [
        (r"key-[a-z]{8}", True),
        (r"key-[a-z]{8}(?:\s|$)", True),  # one character behind the span ends it
        (r"key = (?P<s>[!-~]{8,20})\b", True),  # space in front of the span does no harm
        (r"key = (?P<s>[^\"]{8,20})\"", False),
        (r"(?P<s>[a-z]{4}) {1,3}end", False),
        (r"(?:[0-9] ?){13}", False),
    ],
)
def test_words_are_told_from_texts(regex: str, word: bool) -> None:
    """Only what is visible ASCII from the start of its span to the end of the match is a word."""
    assert shape(regex, widest=200).word is word


def test_the_only_named_group_is_the_span() -> None:
    """So is a group that is asked for; the whole match otherwise."""
    assert shape(r"a(?P<x>b)", widest=9).group == "x"
    assert shape(r"(?P<x>a)(?P<y>b)", "y", widest=9).group == "y"
    assert shape(r"(?P<x>a)(?P<y>b)", widest=9).group == ""
    with pytest.raises(DialectError, match="no group"):
        shape(r"(?P<x>a)", "z", widest=9)


@pytest.mark.parametrize(
    ("regex", "literals"),
    [
        (r"\bgh[ps]_[A-Za-z0-9]{36}", {"ghp_", "ghs_"}),
        (r"(?:api|secret)[_-]?key=[a-z]{8}", {"key="}),
        (r"(?:alpha|beta)[0-9]{3}", {"alpha", "beta"}),
        (r"TOKEN[0-9]{3}", {"token"}),
        (r"[a-z]{30}", set()),
    ],
)
def test_literals_every_match_holds(regex: str, literals: set[str]) -> None:
    """The most selective ones, in lower case."""
    assert best_literals(shape(regex, widest=99)) == literals


def test_keywords_are_proven() -> None:
    """A keyword counts only if every alternative holds one."""
    found = shape(r"(?:alpha|beta)-[0-9]{3}", widest=99)
    assert implies(found, ["alph", "beta"])
    assert not implies(found, ["alpha"])
