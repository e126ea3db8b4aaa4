"""Streamed agents: text in base64 is read, put together, and written back in base64."""

from __future__ import annotations

import base64
import json

import pytest
from framings import FRAMINGS, load_events, read_messages, write_message

from excise.codecs.dialects.bedrock_agents_stream import AgentFrame, BedrockAgentsStream
from excise.model import Edit, Span

WIRE = FRAMINGS["agents"]
BODY = WIRE.write(load_events("bedrock-agents", "text"))


def test_channels() -> None:
    events = list(BedrockAgentsStream().feed(BODY))
    texts = [[delta.segment.text for delta in event.deltas] for event in events]
    assert texts == [[], ["Grüße SECRET-12"], ["345678 [EMAIL_k3v"], ["9x2m7q] done"]]
    assert len({delta.channel for event in events for delta in event.deltas}) == 1


def test_an_edit_is_encoded_again() -> None:
    first = list(BedrockAgentsStream().feed(BODY))[1]
    token = first.deltas[0].segment.token
    ((_, payload),) = read_messages(first.splice([Edit(token, Span(6, 15), "[KEY]")]))
    assert base64.b64decode(json.loads(payload)["bytes"]).decode() == "Grüße [KEY]"
    assert first.splice([]) == first.raw


@pytest.mark.parametrize(
    "payload",
    [
        b'{"bytes":"!!"}',
        b'{"bytes":7}',
        b'{"bytes":"/w=="}',
        b'{"bytes":"YQ==","bytes":"YQ=="}',
        b'["bytes"]',
        b"{}",
    ],
)
def test_what_is_no_text_stays_as_it_is(payload: bytes) -> None:
    raw = write_message({":event-type": "chunk", ":message-type": "event"}, payload)
    frame = AgentFrame(raw)
    assert frame.data == payload
    assert frame.with_data(payload) == raw


def test_the_ending() -> None:
    assert WIRE.read(BedrockAgentsStream().close("No.")) == [{"chunk": {"bytes": "No."}}]
