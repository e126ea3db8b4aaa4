"""Ollama's lines: what goes on, what ends it, and how it is ended."""

from __future__ import annotations

from typing import Any

import pytest
from framings import FRAMINGS, load_events

from excise.codecs.base import StreamEvent
from excise.codecs.dialects.ollama_chat_stream import OllamaChatStream
from excise.model import Usage

LINES = FRAMINGS["lines"]


def read(*events: Any) -> tuple[OllamaChatStream, list[StreamEvent]]:
    reader = OllamaChatStream(lines=True)
    return reader, list(reader.feed(LINES.write(list(events))))


def test_thoughts_end_where_the_answer_begins() -> None:
    _, events = read(*load_events("ollama-chat", "chat"))
    keys = [[delta.channel.key for delta in event.deltas] for event in events]
    thinking, content = ("message", "thinking"), ("message", "content")
    assert keys == [[thinking], [thinking], [content], [content], [content], [], []]
    assert [[each.key for each in event.ends] for event in events][2] == [thinking]
    assert [event.ends_all for event in events] == [False] * 6 + [True]
    assert events[-1].usage == Usage(input=7, output=8)
    assert events[0].model == "llama"


@pytest.mark.parametrize(("name", "field"), [("chat", "message"), ("generate", "response")])
def test_the_ending_is_of_the_same_kind(name: str, field: str) -> None:
    reader, events = read(*load_events("ollama-chat", name))
    for event in events[:3]:
        reader.sent(event)
    said, last = LINES.read(reader.close("No."))
    assert field in said
    assert (said["done"], last["done"], last["done_reason"]) == (False, True, "stop")
    assert said["model"] == last["model"] == "llama"
    assert "\n\nNo." in str(said[field]).replace("\\n", "\n")


def test_events_are_ended_as_events() -> None:
    reader = OllamaChatStream()
    assert [event["done"] for event in FRAMINGS["sse"].read(reader.close("No."))] == [False, True]


def test_an_error_is_over() -> None:
    reader, (event,) = read({"error": "SECRET"})
    assert "SECRET" in [segment.text for segment in event.segments]
    reader.sent(event)
    assert reader.close("No.") == b""


@pytest.mark.parametrize(
    "odd", [{"message": "X"}, {"message": ["X"]}, {"response": {"a": "X"}}, "X"]
)
def test_odd_lines_are_read(odd: Any) -> None:
    reader, (event,) = read(odd)
    assert "X" in [segment.text for segment in event.segments]
    reader.sent(event)
    assert b"No." in reader.close("No.")
