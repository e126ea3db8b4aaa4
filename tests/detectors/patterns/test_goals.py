"""Goals: a lead stays where what must stand behind it does, near enough."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules.samples import files

from excise.detectors.patterns.goals import Goals
from excise.detectors.patterns.hyper import Hyper
from excise.rules.compile import CompiledRule, Goal, compile_rules
from excise.rules.load import load_pack

LETTER = Goal(("letter", "parcel"), 20)
PARCEL = Goal(("parcel",), 10)
# Leads 0 and 1 have goals, 2 has none; 3 is "letter", 4 is "parcel".
GOALS = Goals([LETTER, PARCEL, None])


def keep(goals: Goals, found: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ends and numbers of what is kept of hits."""
    hits = [end << 16 | number for end, number in found]
    return [divmod(hit, 1 << 16) for hit in goals.keep(hits, 16)]


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        ([(5, 0)], []),
        ([(5, 2)], [(5, 2)]),
        ([(5, 0), (25, 3)], [(5, 0)]),
        ([(4, 0), (25, 3)], []),
        ([(5, 1), (9, 3)], []),
        ([(5, 0), (5, 1), (15, 4)], [(5, 0), (5, 1)]),
        ([(3, 4), (5, 0)], []),
        ([(5, 0), (12, 0), (26, 4), (40, 0)], [(12, 0)]),
    ],
)
def test_what_is_kept(found: list[tuple[int, int]], kept: list[tuple[int, int]]) -> None:
    """Leads with a literal of their goal behind them, as far away as it may be, and free ones."""
    assert GOALS.literals == ("letter", "parcel")
    assert keep(GOALS, found) == kept


def test_free_leads_stay() -> None:
    """Nobody knows where they end."""
    assert keep(Goals([LETTER, PARCEL], free={0}), [(5, 0), (5, 1)]) == [(5, 0)]


SIGNATURE = """
rules:
  - id: sample.order
    entity: injection.override
    kind: instruction
    title: Order to post
    severity: low
    status: incubating
    where: {direction: [request]}
    match:
      regex: '\\b(?:send|post){gap}(?:letter|parcel)\\b'
      ignore_case: true
    why: It is a sample of a rule that begins with ordinary words.
    remedy: Say it in other words.
    references: [https://example.com/]
    examples:
      - name: a letter
        text: "<<send the letter>>"
      - name: nothing
        text: "send the bill"
        expect: none
"""
GAP = "(?:[^0-9A-Za-z]{1,4}[0-9A-Za-z]{1,16}){0,4}[^0-9A-Za-z]{1,4}"


def signature() -> CompiledRule:
    """A rule with a goal."""
    (rule,) = load_pack("sample", files(order=SIGNATURE.replace("{gap}", GAP))).rules
    return compile_rules([rule])[0]


RULE = signature()
HYPER = Hyper([RULE])
words = st.sampled_from(["send", "Post ", "the ", "é ", "文 ", "letter", "PARCEL", " x" * 60, ", "])


@given(st.lists(words, max_size=14).map("".join))
def test_no_match_is_missed(text: str) -> None:
    """Where the pattern matches, a hit says that it may begin there."""
    assert RULE.goal is not None and RULE.goal.literals == ("letter", "parcel")
    ends = HYPER.hits([text]).get(0, {}).get(0) or []
    for match in RULE.regex.finditer(text):
        low, high = match.start() + RULE.lead_least, match.start() + RULE.lead_width
        assert any(low <= end <= high for end in ends)


def test_a_lead_without_its_goal_is_no_hit() -> None:
    """Nor with one out of reach."""
    assert HYPER.hits(["please send it"]) == {}
    assert HYPER.hits(["please send it" + " x" * 200 + " letter"]) == {}
    assert HYPER.hits(["please send it, a letter"]) != {}
