"""Streamed conversations: what goes on, what stands whole, and how the answer is ended."""

from __future__ import annotations

from framings import FRAMINGS, load_events

from excise.codecs.dialects.mistral_conversations_stream import MistralConversationsStream
from excise.model import Usage

WIRE = FRAMINGS["named"]
BODY = WIRE.write(load_events("mistral-conversations", "text"))


def test_channels() -> None:
    events = list(MistralConversationsStream().feed(BODY))
    channels = [[delta.channel for delta in event.deltas] for event in events]
    assert [[channel.json for channel in each] for each in channels] == [
        *([], [False], [False], [False]),
        *([True], [True], []),
    ]
    assert [event.ends_all for event in events] == [False] * 6 + [True]
    assert events[-1].usage == Usage(input=7, output=8)


def test_the_ending() -> None:
    said, done = WIRE.read(MistralConversationsStream().close("No."))
    assert said["content"] == "No."
    assert done["type"] == "conversation.response.done"
