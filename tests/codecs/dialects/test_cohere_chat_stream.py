"""Cohere's events: what goes on, what ends it, and how it is ended."""

from __future__ import annotations

from typing import Any

import pytest
from framings import FRAMINGS, load_events

from excise.codecs.base import StreamEvent
from excise.codecs.dialects.cohere_chat_stream import CohereChatStream
from excise.model import Usage

NAMED = FRAMINGS["named"]


def read(*events: Any) -> tuple[CohereChatStream, list[StreamEvent]]:
    reader = CohereChatStream()
    return reader, list(reader.feed(NAMED.write(list(events))))


def test_channels_and_their_ends() -> None:
    _, events = read(*load_events("cohere-chat", "tools"))
    keys = {(delta.channel.key, delta.channel.json) for event in events for delta in event.deltas}
    assert keys == {(("plan", 0), False), (("call", 0), True)}
    assert [[each.key for each in event.ends] for event in events] == [
        *([[]] * 3),
        [("plan", 0)],
        *([[]] * 3),
        [("call", 0)],
        [],
    ]
    assert [event.ends_all for event in events] == [False] * 8 + [True]
    assert events[-1].usage == Usage(input=9, output=4)


@pytest.mark.parametrize(
    ("name", "count", "kinds"),
    [
        ("text", 0, ["message-start", "content-start", "content-delta"]),
        ("text", 3, ["content-end", "content-start", "content-delta"]),
        ("text", 9, ["content-start", "content-delta"]),
        ("tools", 5, ["tool-call-delta", "tool-call-end", "content-start", "content-delta"]),
        ("tools", 7, ["tool-call-end", "content-start", "content-delta"]),
    ],
)
def test_open_blocks_are_closed(name: str, count: int, kinds: list[str]) -> None:
    reader, events = read(*load_events("cohere-chat", name))
    for event in events[:count]:
        reader.sent(event)
    ending = NAMED.read(reader.close("No."))
    assert [event["type"] for event in ending] == [*kinds, "content-end", "message-end"]
    assert ending[-1]["delta"]["finish_reason"] == "COMPLETE"


def test_the_notice_has_a_block_of_its_own() -> None:
    reader, events = read(*load_events("cohere-chat", "text"))
    for event in events[:5]:
        reader.sent(event)
    assert {event.get("index") for event in NAMED.read(reader.close("No."))[1:4]} == {1}


def test_the_old_version_is_ended_the_old_way() -> None:
    reader = CohereChatStream(lines=True)
    events = list(reader.feed(FRAMINGS["lines"].write(load_events("cohere-chat", "old"))))
    assert events[-1].usage == Usage(input=9, output=4)
    for event in events[:2]:
        reader.sent(event)
    ending = FRAMINGS["lines"].read(reader.close("No."))
    assert [event["event_type"] for event in ending] == ["text-generation", "stream-end"]


@pytest.mark.parametrize(
    "odd",
    [{"type": "content-delta", "delta": "X"}, {"type": ["X"]}, {"type": "brand-new", "a": "X"}],
)
def test_odd_events_are_read(odd: Any) -> None:
    reader = CohereChatStream()
    (event,) = reader.feed(FRAMINGS["sse"].write([odd]))
    assert "X" in [segment.text for segment in event.segments]
    reader.sent(event)
    assert b"No." in reader.close("No.")
