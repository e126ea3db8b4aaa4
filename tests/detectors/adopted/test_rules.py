"""Foreign patterns as rules: a wider one of the dialect, and the library's own where it leads."""

from __future__ import annotations

import re
from typing import Any

import pytest
from detectors.foreign_samples import found
from hypothesis import given
from hypothesis import strategies as st

from excise.detectors.adopted.rules import adopt, always, group, level_of, loosen, whole
from excise.model import Kind, Severity
from excise.rules.dialect import shape
from excise.rules.schema import WIDEST, Foreign, Rule
from excise.rules.tree import DialectError

PATTERNS = (
    r"(?<!\d)\d{3}-\d{2}(?!\d)",
    r"\b([a-f])\1{2}x+\b",
    r"k(?=.*z)[a-z]{3,}",
    r"a(?:bc|d)*?e",
    r"(?>a+)b",
    r"(?i)q[A-Z]{2}",
    r"^ab$",
    r"a.c",
)
ALPHABET = "abcdefkqxz -1239\n"


def foreign_of(pattern: str, *, flags: int = 0, **changes: Any) -> Foreign:
    """A pattern compiled by `re`, the whole match, always right."""
    facts = {"spans": whole, "judge": always(0.5), **changes}
    return Foreign(pattern=re.compile(pattern, flags), **facts)


def rule(pattern: str, flags: int = 0, **changes: Any) -> Rule:
    """A rule over a pattern."""
    facts: dict[str, Any] = {"foreign": foreign_of(pattern, flags=flags), **changes}
    return adopt(
        id="other.thing-1",
        entity="secret.thing",
        title="Thing",
        kind=Kind.SECRET,
        severity=Severity.LOW,
        level=2,
        regex=loosen(pattern, flags),
        ignore_case=bool(flags & re.IGNORECASE),
        why="So.",
        remedy="So.",
        reference="https://example.org/",
        origin="test",
        **facts,
    )


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("flags", [0, re.DOTALL | re.MULTILINE | re.IGNORECASE])
def test_a_loosened_pattern_is_of_the_dialect(pattern: str, flags: int) -> None:
    """Whatever it was before."""
    if pattern.startswith("(?i)"):
        flags |= re.IGNORECASE
    shape(loosen(pattern, flags), ignore_case=bool(flags & re.IGNORECASE), widest=WIDEST)


@given(st.text(alphabet=ALPHABET, max_size=40), st.sampled_from(PATTERNS))
def test_the_one_pass_finds_what_the_pattern_finds(text: str, pattern: str) -> None:
    """Its own search, from left to right, each match over where it ends."""
    flags = re.MULTILINE | (re.IGNORECASE if "(?i)" in pattern else 0)
    bare = pattern.replace("(?i)", "")
    ahead = "(?=.*z)" in bare  # sees no further than the match is wide and two characters more
    plain = [match.span() for match in re.finditer(bare, text, flags)]
    ours = [tuple(span) for _, span in found([rule(bare, flags)], [text])[0]]
    assert ours == plain or (ahead and set(ours) <= set(plain))


def test_the_wider_pattern_may_match_elsewhere_and_finds_nothing_there() -> None:
    """A neighbour that the library forbids; a back-reference that does not repeat."""
    assert found([rule(PATTERNS[0])], ["7123-45"]) == [[]]
    ((_, span),) = found([rule(PATTERNS[1])], ["aabx aaax"])[0]
    assert span == (5, 9)


def test_a_dropped_match_is_over_where_it_ends() -> None:
    """As in the library, which does not search inside of it."""
    foreign = foreign_of("aab|ab", judge=lambda text: float(text == "ab"))
    assert found([rule("aab|ab", foreign=foreign)], ["aab"]) == [[]]
    assert len(found([rule("aab|ab", foreign=foreign)], ["aab ab"])[0]) == 1


def test_the_first_span_that_is_right_is_taken() -> None:
    """Of several that a match may have; a group may be the span."""
    foreign = foreign_of(
        "(ab)(c)",
        spans=lambda match: (match.span(), match.span(1)),
        judge=lambda text: float(text != "abc"),
    )
    ((_, span),) = found([rule("(ab)(c)", foreign=foreign)], ["xabc"])[0]
    assert span == (1, 3)
    second = foreign_of("(ab)(c)", spans=group(2))
    ((_, span),) = found([rule("(ab)(c)", foreign=second)], ["xabc"])[0]
    assert span == (3, 4)


def test_words_of_context_may_be_parts_of_words() -> None:
    """As Presidio compares them, within sixty characters."""
    asking = rule(r"\d{4}", context=("card", "card", " "))
    assert asking.match.context and asking.match.context.words == ("*card*",)
    for text, hit in (("creditcards 1234", 1), ("no 1234", 0), (f"card{' ' * 70}1234", 0)):
        assert len(found([asking], [text])[0]) == hit


def test_a_bound_that_fits_is_taken() -> None:
    """Fewer repeats where neighbours can share a run; none that fits is an error."""
    assert "{0,200}" in loosen("a *b", 0)
    assert "{0,40}" in loosen("a * * *b", 0)
    with pytest.raises(DialectError, match="next to each other"):
        loosen("a" + " *" * 9 + "b", 0)


@pytest.mark.parametrize("pattern", ["(", r"(a)?(?(1)b|c)", "x*"])
def test_what_cannot_be_adopted(pattern: str) -> None:
    """No expression, one that asks for a group, one that may match nothing."""
    with pytest.raises(DialectError):
        loosen(pattern, 0)


def test_levels() -> None:
    """The surer, the earlier."""
    assert [level_of(score) for score in (1.0, 0.6, 0.5, 0.4, 0.3)] == [2, 2, 3, 3, 4]
