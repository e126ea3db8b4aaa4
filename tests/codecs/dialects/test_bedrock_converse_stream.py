"""Converse streams: blocks, what is signed in them, and how the message is ended."""

from __future__ import annotations

from typing import Any

import pytest
from framings import FRAMINGS, load_events, write_message

from excise.codecs.base import StreamEvent
from excise.codecs.dialects.bedrock_converse_stream import BedrockConverseStream
from excise.model import Usage

WIRE = FRAMINGS["converse"]


def read(*events: Any) -> tuple[BedrockConverseStream, list[StreamEvent]]:
    reader = BedrockConverseStream()
    return reader, list(reader.feed(WIRE.write(list(events))))


def test_blocks_are_channels() -> None:
    _, events = read(*load_events("bedrock-converse", "text"))
    assert [[delta.channel.key for delta in event.deltas] for event in events][1:6] == [
        [("block", 0)],
        [],
        *[[("block", 1)]] * 3,
    ]
    assert [[each.key for each in event.ends] for event in events][2] == [("block", 0)]
    assert [event.ends_all for event in events] == [*[False] * 7, True, False]
    assert events[-1].usage == Usage(input=9, output=4)
    _, events = read(*load_events("bedrock-converse", "tools"))
    assert {delta.channel for event in events for delta in event.deltas} == {(("block", 0), True)}


def test_reasoning_is_sealed() -> None:
    _, events = read(*load_events("bedrock-converse", "text"))
    (delta,) = events[1].deltas
    assert delta.segment.token in events[1].sealed


@pytest.mark.parametrize(
    ("name", "count", "kinds"),
    [
        ("text", 0, ["messageStart"]),
        ("text", 1, []),
        ("text", 2, ["contentBlockStop"]),
        ("text", 3, []),
        ("tools", 2, ["contentBlockDelta", "contentBlockStop"]),
        ("tools", 4, ["contentBlockDelta", "contentBlockStop"]),
        ("tools", 5, ["contentBlockStop"]),
    ],
)
def test_open_blocks_are_closed(name: str, count: int, kinds: list[str]) -> None:
    reader, events = read(*load_events("bedrock-converse", name))
    for event in events[:count]:
        reader.sent(event)
    ending = WIRE.read(reader.close("No."))
    told = [kind for event in ending for kind in event]
    assert told == [*kinds, "contentBlockDelta", "contentBlockStop", "messageStop"]
    assert ending[-1] == {"messageStop": {"stopReason": "guardrail_intervened"}}
    assert ending[-3]["contentBlockDelta"]["delta"] == {"text": "No."}


def test_an_exception_is_read_and_is_over() -> None:
    head = {":message-type": "exception", ":exception-type": "throttlingException"}
    reader = BedrockConverseStream()
    (event,) = reader.feed(write_message(head, b'{"message":"SECRET"}'))
    assert "SECRET" in [segment.text for segment in event.segments]
    reader.sent(event)
    assert reader.close("No.") == b""


def test_the_message_of_an_error_is_read_and_sealed() -> None:
    head = {":message-type": "error", ":error-code": "x", ":error-message": "SECRET told"}
    reader = BedrockConverseStream()
    (event,) = reader.feed(write_message(head, b""))
    assert [segment.text for segment in event.segments] == ["SECRET told"]
    assert {segment.token for segment in event.segments} == event.sealed
    reader.sent(event)
    assert reader.close("No.") == b""


@pytest.mark.parametrize("odd", [{"delta": "X"}, {"delta": {"text": {"a": "X"}}}, ["X"], "X"])
def test_odd_events_are_read(odd: Any) -> None:
    reader, (event,) = read({"contentBlockDelta": odd})
    assert "X" in [segment.text for segment in event.segments]
    reader.sent(event)
    assert b"No." in reader.close("No.")
