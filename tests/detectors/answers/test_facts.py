"""Answers held against a few facts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.detectors.answers.facts import Fact, Facts, check_fact, from_bytes, to_bytes
from excise.detectors.base import Glance
from excise.model import Part, Role, Segment

KNOWN = (
    Fact("refund", ("refund", "return period"), "30 days"),
    Fact("fee", ("annual fee",), "EUR 29.50"),
    Fact("rate", ("interest rate",), "4.5 %"),
    Fact("seat", ("head office", "headquarters"), "Oudenbosch", ("Kaltenkirchen", "Berlin")),
)


def told(text: str) -> list[tuple[str, str]]:
    (sights,) = Facts(KNOWN).find([Glance(Segment(text, Role.ASSISTANT, Part.COMPLETION, 0))])
    return [(each.label, text[each.span.start : each.span.end]) for each in sights]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("You get a refund within 30 days.", []),
        ("You get a refund within 14 days.", [("refund", "14 days")]),
        ("Refunds take 14-30 days; the 30 days are the limit.", []),
        ("We ship in 3 days. Refunds are possible.", []),
        ("A refund of 40 euros is paid.", []),
        ("The return  period is 60\ndays.", []),  # another line is another sentence
        ("The annual fee is €29.50.", []),
        ("The annual fee is 39 euros, paid in May.", [("fee", "39 euros")]),
        ("The annual fee is $39.", []),  # another currency is another thing
        ("The interest rate is 4,5 percent.", []),
        ("The interest rate is 5.2%.", [("rate", "5.2%")]),
        ("Our head office is in Berlin.", [("seat", "Berlin")]),
        ("Our head office is in Oudenbosch, not in Berlin.", []),
        ("Berlin is a nice town.", []),
        ("", []),
    ],
)
def test_other_values_than_the_facts_are_told(text: str, wanted: list[tuple[str, str]]) -> None:
    assert told(text) == wanted


@pytest.mark.parametrize(
    "fact",
    [
        Fact("a", (), "30 days"),
        Fact("a", (" ",), "30 days"),
        Fact("a", ("x",), "30"),
        Fact("a", ("x",), "Oudenbosch"),
        Fact("a", ("x",), "Berlin", ("berlin",)),
    ],
)
def test_what_nothing_can_contradict_is_no_fact(fact: Fact) -> None:
    with pytest.raises(ValueError, match=r"^it"):
        check_fact(fact)


def test_facts_are_kept_and_read_again() -> None:
    for each in KNOWN:
        check_fact(each)
    assert from_bytes(to_bytes(KNOWN)) == KNOWN
    assert Facts.stored({"shop": to_bytes(KNOWN)}).labels == {each.name for each in KNOWN}
    for data in (b"x", b"[1]", b"3"):
        with pytest.raises(ValueError, match="no facts"):
            from_bytes(data)


TEXT = (
    "Hello! The annual fee is 39 euros. Our head office is in Berlin.\n\nA refund takes 14 days; "
    "the interest rate is 4.5 %. Anything else? The return period has 10 days"
)


@given(st.lists(st.integers(0, len(TEXT)), max_size=6))
def test_where_a_stream_is_cut_changes_nothing(cuts: list[int]) -> None:
    facts, found, left = Facts(KNOWN), [], ""
    edges = sorted({0, *cuts, len(TEXT)})
    for begin, end in zip(edges, [*edges[1:], len(TEXT)], strict=True):
        left += TEXT[begin:end]
        done = len(left) if end == len(TEXT) else facts.hold(left)
        found += told(left[:done])
        left = left[done:]
    assert found == told(TEXT)


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    assert told(text) is not None
    assert 0 <= Facts(KNOWN).hold(text) <= len(text)
