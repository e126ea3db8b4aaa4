"""MCP streams: a withheld answer becomes the error of its call."""

from __future__ import annotations

from typing import Any

import pytest
from framings import FRAMINGS, load_events

from excise.codecs.base import StreamEvent
from excise.codecs.dialects.mcp_jsonrpc_stream import McpJsonrpcStream

WIRE = FRAMINGS["sse"]


def read(*events: Any) -> tuple[McpJsonrpcStream, list[StreamEvent]]:
    reader = McpJsonrpcStream()
    return reader, list(reader.feed(WIRE.write(list(events))))


def ids(ending: bytes) -> list[Any]:
    return [event["id"] for event in WIRE.read(ending)]


def test_texts_are_whole() -> None:
    _, events = read(*load_events("mcp-jsonrpc", "call"))
    assert not any(event.deltas for event in events)
    assert "read SECRET-00000001" in [segment.text for segment in events[0].segments]


def test_the_call_of_a_withheld_answer_gets_an_error() -> None:
    reader, events = read(*load_events("mcp-jsonrpc", "call"))
    for event in events[:2]:
        reader.sent(event)
    assert ids(reader.close("No.")) == [2]


def test_without_an_answer_nobody_is_named() -> None:
    reader, events = read(*load_events("mcp-jsonrpc", "call")[:2])
    for event in events:
        reader.sent(event)
    assert ids(reader.close("No.")) == [None]
    assert reader.close("No.") == b""


def test_batches_and_calls_of_the_server() -> None:
    batch = [{"id": "a", "result": {}}, {"id": 2, "error": {}}, {"id": 3, "method": "ping"}]
    reader, _ = read(batch)
    assert ids(reader.close("No.")) == ["a", 2]


@pytest.mark.parametrize("odd", ["X", ["X"], {"id": {"a": "X"}}, {"id": None, "result": "X"}])
def test_odd_messages_are_read(odd: Any) -> None:
    reader, (event,) = read(odd)
    assert "X" in [segment.text for segment in event.segments]
    reader.sent(event)
    assert ids(reader.close("No.")) == [None]
