"""Message events are sorted into texts, and broken-off streams end so that the client agrees."""

from __future__ import annotations

import json
from typing import Any

import pytest
from official import anthropic_client, ended_everywhere

from excise.codecs.base import Channel
from excise.codecs.dialects.anthropic_messages_stream import AnthropicMessagesStream
from excise.codecs.framing.ssejson import SseEvent
from excise.model import Edit, Part, Role, Span, Usage

NOTICE = "Stopped [ref 1]."


def record(**members: Any) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (
        members["type"].encode(),
        json.dumps(members).encode(),
    )


def piece(index: int = 0, **delta: Any) -> bytes:
    return record(type="content_block_delta", index=index, delta=delta)


def read(*bodies: bytes) -> list[SseEvent]:
    return list(AnthropicMessagesStream().feed(b"".join(bodies)))


@pytest.mark.parametrize(
    ("body", "channel", "part"),
    [
        (piece(2, type="text_delta", text="x"), Channel(("block", 2)), Part.COMPLETION),
        (
            piece(type="input_json_delta", partial_json="x"),
            Channel(("block", 0), True),
            Part.TOOL_ARGUMENTS,
        ),
        (piece(type="thinking_delta", thinking="x"), Channel(("block", 0)), Part.REASONING),
        (
            record(
                type="content_block_start", index=1, content_block={"type": "text", "text": "x"}
            ),
            Channel(("block", 1)),
            Part.COMPLETION,
        ),
        (record(type="completion", completion="x"), Channel(("completion",)), Part.COMPLETION),
    ],
)
def test_what_is_spelled_out_is_a_delta(body: bytes, channel: Channel, part: Part) -> None:
    (event,) = read(body)
    ((found, segment),) = event.deltas
    assert (found, segment.text, segment.part) == (channel, "x", part)
    assert segment.role is Role.ASSISTANT
    assert "x" not in [each.text for each in event.segments]


def test_thinking_is_sealed_and_signatures_are_not_text() -> None:
    thinking, signature = read(
        piece(type="thinking_delta", thinking="x"),
        piece(type="signature_delta", signature="Eq" * 40),
    )
    assert thinking.deltas[0].segment.token in thinking.sealed
    assert "Eq" * 40 not in [each.text for each in signature.segments]
    assert not signature.deltas


def test_unknown_events_and_deltas_are_whole() -> None:
    new, cited = read(
        record(type="brand_new", text="a", deep=[{"b": "c"}]),
        piece(type="citations_delta", citation={"cited_text": "d"}),
    )
    assert {"a", "c"} <= {each.text for each in new.segments}
    assert "d" in {each.text for each in cited.segments}


def test_a_block_ends_and_so_does_the_message() -> None:
    stop, over = read(record(type="content_block_stop", index=3), record(type="message_stop"))
    assert [channel.key for channel in stop.ends] == [("block", 3)]
    assert over.ends_all


def test_model_and_usage_are_read() -> None:
    message = {"model": "m", "content": [], "usage": {"input_tokens": 3, "output_tokens": 1}}
    start, end = read(
        record(type="message_start", message=message),
        record(type="message_delta", delta={}, usage={"output_tokens": 9}),
    )
    assert (start.model, start.usage) == ("m", Usage(input=3, output=1))
    assert end.usage == Usage(output=9)


@pytest.mark.parametrize("case", ["text", "thinking", "tools", "interleaved", "citations"])
def test_the_client_takes_every_ending(case: str) -> None:
    for body in ended_everywhere(AnthropicMessagesStream, f"anthropic-messages/{case}.sse", NOTICE):
        client = anthropic_client(body)
        with client.messages.stream(model="m", max_tokens=1, messages=[]) as stream:
            message = stream.get_final_message()
        assert body.count(b"message_stop") in (1, 2)
        assert message.stop_reason == "end_turn"
        stopped = NOTICE.encode() in body
        assert stopped == (
            message.content[-1].type == "text" and message.content[-1].text.lstrip() == NOTICE
        )
        for block in message.content:
            if block.type == "tool_use":
                assert isinstance(block.input, dict)


def test_a_broken_off_call_keeps_what_it_had() -> None:
    reader = AnthropicMessagesStream()
    for event in reader.feed(
        record(type="message_start", message={"usage": {}})
        + record(
            type="content_block_start",
            index=0,
            content_block={"type": "tool_use", "id": "t", "name": "n", "input": {}},
        )
        + piece(type="input_json_delta", partial_json='{"a": "SEC')
    ):
        edits = [Edit(each.segment.token, Span(7, 10), "[X]") for each in event.deltas]
        reader.sent(event, edits)
    out = reader.close(NOTICE).decode()
    assert "SEC" not in out
    assert '"partial_json":"\\"}"' in out


def test_a_legacy_completion_ends_in_its_own_shape() -> None:
    fixture = "anthropic-messages/legacy.sse"
    bodies = list(ended_everywhere(AnthropicMessagesStream, fixture, NOTICE))
    assert bodies[-1].count(b"stop_sequence") == 1
    for body in bodies[1:-1]:
        last = json.loads(body.decode().split("data: ")[-1])
        assert last["completion"].endswith(NOTICE)
        assert last["stop_reason"] == "stop_sequence"
