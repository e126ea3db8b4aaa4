"""A judge sees no value, all of a text, and is known by its family."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.detectors.asked.judge import (
    INJECTION,
    OVERLAP,
    PIECE,
    UNSAFE,
    Said,
    Told,
    family_of,
    joined,
    pieces,
    says_something,
    shown,
)
from excise.detectors.base import Glance
from excise.model import Finding, Kind, Part, Role, Segment, Severity, Span


def finding(entity: str, start: int, end: int) -> Finding:
    return Finding(entity, "r", Span(start, end), 1.0, Severity.HIGH, Kind.SECRET)


@pytest.mark.parametrize(
    ("entity", "seen"),
    [
        ("pii.email", "ask [EMAIL] today"),
        ("secret.aws-access-key-id", "ask [AWS_ACCESS_KEY_ID] today"),
        ("code.own", "ask [OWN] today"),
        ("exact-match.customers", "ask [CUSTOMERS] today"),
        ("injection.direct", "ask a@b.c today"),
        ("unsafe.S1", "ask a@b.c today"),
        ("code.python", "ask a@b.c today"),
    ],
)
def test_values_are_taken_out_and_words_about_the_text_are_not(entity: str, seen: str) -> None:
    assert shown("ask a@b.c today", (finding(entity, 4, 9),)) == seen


@given(st.text(min_size=1, max_size=60), st.data())
def test_nothing_of_a_finding_is_shown(text: str, data: st.DataObject) -> None:
    """However they overlap: what is left stands outside of all of them, in order."""
    ends = st.integers(0, len(text))
    spans = [sorted(pair) for pair in data.draw(st.lists(st.tuples(ends, ends), max_size=6))]
    findings = tuple(finding("pii.x-x", *span) for span in spans)
    covered = {at for start, end in spans for at in range(start, end)}
    left = "".join(char for at, char in enumerate(text) if at not in covered)
    assert shown(text, findings).replace("[X_X]", "") == left.replace("[X_X]", "")


@given(st.integers(0, 3 * PIECE))
def test_pieces_leave_nothing_out(size: int) -> None:
    text = "".join(chr(0x4E00 + at % 20_000) for at in range(size))
    cut = pieces(text)
    assert cut[0] + "".join(each[OVERLAP:] for each in cut[1:]) == text
    assert all(len(each) <= PIECE for each in cut)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("gpt-4o", "gpt-5-mini", True),
        ("o3-mini", "gpt-4o", True),
        ("llama-guard3:8b", "meta.llama3-1-70b-instruct-v1:0", True),
        ("meta-llama/Llama-Guard-3-8B", "Llama-3.3-70B-Instruct", True),
        ("granite3-guardian:8b", "gpt-4o", False),
        ("anthropic.claude-3-haiku", "claude-sonnet-4", True),
        ("gemma2:9b", "gemini-2.0-flash", True),
        ("house-model", "house-model", True),
        ("house-model", "other-model", False),
        ("qwen2.5:7b", "mistral-large-latest", False),
    ],
)
def test_families(one: str, other: str, same: bool) -> None:
    assert (family_of(one) == family_of(other)) is same


def test_a_verdict_is_read_by_the_detector_of_its_family() -> None:
    glance = Glance(Segment("they rob the mill", Role.USER, Part.PROMPT, 0))
    verdict = (Said(UNSAFE, "S2", 0.9), Said(INJECTION, "injection", 0.7))
    (seen,) = Told(UNSAFE, {glance.digest: verdict}).find([glance])
    assert [(each.label, each.span, each.score) for each in seen] == [("S2", Span(0, 17), 0.9)]
    assert Told(UNSAFE).find([glance]) == [()]
    assert Told(UNSAFE).labels >= {"S1", "S14"} and Told("judge-topics").labels == frozenset()


def test_the_worst_of_all_pieces_counts() -> None:
    low, high = Said(UNSAFE, "S2", 0.4), Said(UNSAFE, "S2", 0.9)
    assert joined([(low,), (), (high, Said(UNSAFE, "S1", 0.1))]) == (
        Said(UNSAFE, "S1", 0.1),
        high,
    )


@pytest.mark.parametrize(("text", "is_said"), [("", False), ("12, 3!", False), ("a1b2c", True)])
def test_what_says_nothing_is_not_asked_about(text: str, is_said: bool) -> None:
    assert says_something(text) is is_said
