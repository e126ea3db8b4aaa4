"""InvokeModel streams: whose events they are, and that they end as their maker ends them."""

from __future__ import annotations

from typing import Any

import pytest
from framings import FRAMINGS, load_events, write_message

from excise.codecs.base import StreamEvent
from excise.codecs.dialects.bedrock_invoke_stream import BedrockInvokeStream
from excise.model import Usage

WIRE = FRAMINGS["chunks"]


def read(*events: Any) -> tuple[BedrockInvokeStream, list[StreamEvent]]:
    reader = BedrockInvokeStream()
    return reader, list(reader.feed(WIRE.write(list(events))))


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("anthropic", {("block", 0)}),
        ("meta", {("generation", "stop_reason")}),
        ("mistral", {("outputs", 0)}),
        ("choices", {("choices", 0)}),
        ("nova", {("block", 0)}),
    ],
)
def test_the_first_event_tells_the_maker(name: str, keys: set[Any]) -> None:
    _, events = read(*load_events("bedrock-invoke", name))
    assert {delta.channel.key for event in events for delta in event.deltas} == keys
    assert any(event.ends_all for event in events)


def test_openai_events_are_read_as_such() -> None:
    piece = {"choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": None}]}
    reader, (event,) = read(piece)
    assert [delta.channel.key for delta in event.deltas] == [("choices", 0, "content")]
    reader.sent(event)
    ending = WIRE.read(reader.close("No."))
    assert ending[-1]["choices"][0]["finish_reason"] == "content_filter"


def test_metrics_count_the_tokens() -> None:
    for name in ("anthropic", "meta"):
        _, events = read(*load_events("bedrock-invoke", name))
        assert events[-1].usage is not None
        assert events[-1].usage.output == 4
    assert events[0].usage == Usage(input=5, output=1)


@pytest.mark.parametrize(
    ("name", "count", "last"),
    [
        ("anthropic", 3, {"type": "message_stop"}),
        ("meta", 1, {"generation": "\n\nNo.", "stop_reason": "stop"}),
        ("mistral", 1, {"outputs": [{"text": "\n\nNo.", "stop_reason": "stop"}]}),
        ("nova", 2, {"messageStop": {"stopReason": "guardrail_intervened"}}),
    ],
)
def test_the_ending_is_the_makers(name: str, count: int, last: Any) -> None:
    reader, events = read(*load_events("bedrock-invoke", name))
    for event in events[:count]:
        reader.sent(event)
    assert WIRE.read(reader.close("No."))[-1] == last


def test_nothing_was_said_yet() -> None:
    assert WIRE.read(BedrockInvokeStream().close("No."))[-1] == {"type": "message_stop"}


def test_an_exception_is_read() -> None:
    head = {":message-type": "exception", ":exception-type": "x", ":error-message": "told"}
    reader = BedrockInvokeStream()
    (event,) = reader.feed(write_message(head, b'{"message":"SECRET"}'))
    assert {"SECRET", "told"} <= {segment.text for segment in event.segments}


@pytest.mark.parametrize("odd", [{"type": "X"}, {"choices": ["X"]}, {"outputs": ["X"]}, ["X"], "X"])
def test_odd_events_are_read(odd: Any) -> None:
    reader, (event,) = read(odd)
    assert "X" in [segment.text for segment in event.segments]
    reader.sent(event)
