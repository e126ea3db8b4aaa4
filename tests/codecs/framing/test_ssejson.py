"""What all stream readers have in common."""

from __future__ import annotations

import json

import pytest

from excise.codecs.dialects.generic_stream import GenericSseStream
from excise.codecs.dialects.openai_chat_stream import OpenAIChatStream
from excise.codecs.framing.ssejson import build_event, edited_text
from excise.errors import Unreadable
from excise.model import Edit, Part, Role, Segment, Span


def test_edits_are_spliced_into_data_on_several_lines() -> None:
    raw = b'event: e\r\ndata: {"a":\r\n: c\r\ndata:  "one two"}\r\n\r\n'
    (event,) = GenericSseStream().feed(raw)
    (segment,) = (each for each in event.segments if each.text == "one two")
    out = event.splice([Edit(segment.token, Span(4, 7), 'new\n"line"')])
    assert out == raw.replace(b"two", b'new\\n\\"line\\"')
    assert event.splice([]) == raw
    assert event.edited([Edit(segment.token, Span(0, 7), "x")]) == {"a": "x"}


def test_data_that_is_no_json_is_one_text() -> None:
    (event,) = OpenAIChatStream().feed(b"data: so {\ndata: be it\n\n")
    (segment,) = event.segments
    assert (segment.text, segment.role, segment.part) == (
        "so {\nbe it",
        Role.ASSISTANT,
        Part.COMPLETION,
    )
    out = event.splice([Edit(segment.token, Span(0, 2), "oh\ndear")])
    assert out == b"data: oh\ndata: dear {\ndata: be it\n\n"


@pytest.mark.parametrize("raw", [b": c\n\n", b"data:\n\n", b"data: \n\n", b"\n\n", b"event: x\n\n"])
def test_records_that_say_nothing_have_no_text(raw: bytes) -> None:
    (event,) = OpenAIChatStream().feed(raw)
    assert (event.segments, event.deltas, event.raw) == ((), (), raw)
    with pytest.raises(ValueError, match="without text"):
        event.splice([Edit(0, Span(0, 0), "x")])


def test_what_is_too_deep_is_unreadable_and_kept() -> None:
    bad = b"data: " + b"[" * 300 + b"]" * 300 + b"\n\n"
    reader = OpenAIChatStream()
    found = reader.feed(b'data: {"a":1}\n\n' + bad + b"data: x\n\n")
    assert next(found).raw == b'data: {"a":1}\n\n'
    with pytest.raises(Unreadable, match="depth"):
        next(found)
    assert reader.rest() == bad + b"data: x\n\n"


def test_half_a_record_at_the_end_is_unreadable_where_records_are_json() -> None:
    reader = OpenAIChatStream()
    assert not list(reader.feed(b'data: {"a'))
    with pytest.raises(Unreadable, match="truncated"):
        list(reader.finish())
    assert reader.rest() == b'data: {"a'


def test_an_event_shows_nothing_of_its_text() -> None:
    (event,) = GenericSseStream().feed(b'data: {"a":"private"}\n\n')
    assert "private" not in repr(event)


def test_a_record_of_our_own_is_one_line_whatever_is_in_it() -> None:
    raw = build_event({"type": "t", "x": "a\r\nb\u2028\ud83d"}, name=True)
    head, data = raw.decode().removesuffix("\n\n").split("\n")
    assert head == "event: t"
    assert json.loads(data.removeprefix("data: "))["x"] == "a\r\nb\u2028\ud83d"


def test_the_text_as_the_client_got_it() -> None:
    segment = Segment("abcdef", Role.USER, Part.PROMPT, 3)
    edits = [Edit(3, Span(4, 6), ""), Edit(9, Span(0, 1), "?"), Edit(3, Span(0, 1), "X")]
    assert edited_text(segment, edits) == "Xbcd"
    assert edited_text(segment, []) == "abcdef"


def test_what_an_event_says_anew() -> None:
    reader = OpenAIChatStream()
    one = {"choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": None}]}
    two = {"choices": [{"index": 0, "delta": {"content": "b"}, "finish_reason": None}]}
    raw = b"".join(build_event(each) for each in (one, two)) + b": ping\n\ndata: word\n\n"
    assert [event.news for event in reader.feed(raw)] == [(one,), (), (), ("word",)]
