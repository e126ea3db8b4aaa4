"""What of a text is decided, and how changes are spread over the events that carry it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from splits import BlindScanner, SecretScanner

from excise.codecs.dialects.generic_stream import GenericSseStream
from excise.detectors.base import FOREVER, Scanned
from excise.model import Direction, Finding, Kind, Part, Role, Segment, Severity, Span
from excise.pipeline.channel import (
    CONTEXT,
    KEEP,
    MAX_HOLD,
    Change,
    ChannelText,
    Held,
    find_in,
    find_whole,
    genuine,
    settle_limit,
)
from excise.text.escapes import unescape


def segment(text: str, token: int = 0) -> Segment:
    return Segment(text, Role.ASSISTANT, Part.COMPLETION, token)


def held() -> Held:
    (event,) = GenericSseStream().feed(b"data: x\n\n")
    return Held(event)


def channel(*pieces: str, json: bool = False) -> tuple[ChannelText, list[Held]]:
    text = ChannelText(segment(""), json=json)
    events = [held() for _ in pieces]
    for piece, event in zip(pieces, events, strict=True):
        text.add(segment(piece), event)
    return text, events


@pytest.mark.parametrize(
    ("pieces", "json", "limit"),
    [
        (["plain text"], False, 10),
        (["a SECR"], False, 2),
        (["a SECRET-12345678"], False, 17),
        (["see [EMA"], False, 4),
        (["see [EMAIL_k3v9x2m7"], False, 4),
        (["see [EMAIL_k3v9x2m7q]"], False, 21),
        (["see [no"], False, 7),
        (["a\\"], False, 2),
        (["a\\"], True, 1),
        (["a\\u00"], True, 1),
        (["SE\\"], True, 0),
        (["SE\\u0043"], True, 0),
        (["\\\\SE\\u0043"], True, 2),
        (["{", '"a":"SE\\'], False, 6),
    ],
)
def test_the_limit(pieces: list[str], json: bool, limit: int) -> None:
    text, _ = channel(*pieces, json=json)
    assert text.find_limit(SecretScanner()) == (limit, False)


def test_a_change_goes_into_the_first_piece_and_is_cut_out_of_the_rest() -> None:
    text, (one, two, three, four) = channel("abc", "def", "ghi", "jkl")
    text.apply([Change(Span(2, 8), "NEW"), Change(Span(8, 9), "i!")], 10)
    assert [(edit.span, edit.text) for edit in one.edits] == [(Span(2, 3), "NEW")]
    assert [(edit.span, edit.text) for edit in two.edits] == [(Span(0, 3), "")]
    assert [(edit.span, edit.text) for edit in three.edits] == [
        (Span(0, 2), ""),
        (Span(2, 3), "i!"),
    ]
    assert not four.edits
    assert [each.waiting for each in (one, two, three, four)] == [0, 0, 0, 1]
    assert text.waits


def test_decided_text_is_kept_as_context_only_so_far() -> None:
    text, _ = channel("x" * 5000, "tail")
    text.apply([], 5000)
    assert (len(text.text), text.done) == (CONTEXT + 4, CONTEXT)
    text.add(segment("more"), held())
    text.apply([Change(Span(CONTEXT + 2, CONTEXT + 6), "")], CONTEXT + 8)
    assert text.text[-8:] == "tailmore"
    assert not text.waits


def test_context_never_begins_inside_an_escape() -> None:
    text, _ = channel("\\u0041" * 200, json=True)
    text.apply([], 1200)
    assert text.text.startswith("\\u0041")
    assert CONTEXT <= len(text.text) < CONTEXT + 6


@pytest.mark.parametrize(("forced", "limit"), [(False, 2), (True, 14)])
def test_a_limit_cuts_no_span(forced: bool, limit: int) -> None:
    spans = [Span(2, 6), Span(5, 9), Span(8, 14), Span(20, 22)]
    assert settle_limit(8, spans, forced=forced) == limit
    assert settle_limit(15, spans, forced=forced) == 15


def finding(start: int, end: int) -> Finding:
    return Finding("secret.x", "x.x", Span(start, end), 1.0, Severity.HIGH, Kind.SECRET)


def test_findings_on_placeholders_are_not_genuine() -> None:
    text = "k=[EMAIL_k3v9x2m7q] [EMAIL_aaaaaaaaa] xyz"
    found = [finding(0, 10), finding(20, 37), finding(38, 41)]
    assert genuine(found, [Span(2, 19)], text) == [finding(38, 41)]


def test_a_view_is_searched_beside_the_text_and_escapes_stay_whole() -> None:
    text = "\\u0053ECRET-12345678 SECRET-00000000"
    (found,) = find_in(SecretScanner(), [(segment(text), unescape(text))])
    assert [each.span for each in found] == [Span(0, 20), Span(21, 36)]


class SideScanner(SecretScanner):
    """Says of whole texts alone that they are read."""

    def inspect(
        self, segments: Sequence[Segment], direction: Direction, seconds: float = FOREVER
    ) -> Scanned:
        assert (direction, seconds) == (Direction.RESPONSE, 0)
        return Scanned([(ordered(each),) for each in segments])


def ordered(segment: Segment) -> Finding:
    span = Span(0, len(segment.text))
    return Finding("injection.x", "r", span, 1.0, Severity.LOW, Kind.INSTRUCTION)


def test_what_a_tool_brought_is_read_as_in_a_whole_answer() -> None:
    """In the order of the texts; the others are read as pieces of an answer."""
    parts = (Part.COMPLETION, Part.TOOL_RESULT, Part.METADATA, Part.TOOL_DEFINITION, Part.DOCUMENT)
    texts = [(segment("SECRET-12345678")._replace(part=part), None) for part in parts]
    found = find_whole(SideScanner(), texts)
    entities = [[each.entity for each in findings] for findings in found]
    secret, order = ["secret.test"], ["injection.x"]
    assert entities == [secret, order, secret, order, order]
    assert find_whole(SideScanner(), texts[:1]) == found[:1]


def test_an_endless_wait_is_cut_short() -> None:
    class Endless(BlindScanner):
        def hold(self, text: str) -> int:
            return 0

    text, _ = channel("x" * MAX_HOLD)
    assert text.find_limit(Endless()) == (0, False)
    text, _ = channel("x" * (MAX_HOLD + 1))
    assert text.find_limit(Endless()) == (MAX_HOLD + 1 - KEEP, True)
