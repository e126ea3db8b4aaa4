"""Responses over a WebSocket: texts by lane, errors in their lane, an ending for each."""

from __future__ import annotations

import json
from typing import Any

import pytest
from socket_cases import responses, written
from splits import open_stream

from excise.codecs.dialects.openai_responses_socket import (
    MAX_LANES,
    OpenAIResponsesMessages,
    OpenAIResponsesSocket,
)
from excise.codecs.messages import cut_messages, put_end
from excise.model import Refusal, RefusalClass

SOCKET = OpenAIResponsesSocket()
REFUSAL = Refusal(cls=RefusalClass.POLICY, reference="ref-1", message="No.")


def _fed(events: list[dict[str, Any]]) -> tuple[OpenAIResponsesMessages, bytes]:
    reader = SOCKET.open_reader()
    stream = open_stream(reader)
    return reader, b"".join(stream.feed(put_end(written(each))).out for each in events)


def test_answers_come_and_go() -> None:
    reader, _ = _fed(responses(["a"])[:3])
    assert (reader.live, reader.turns) == ({""}, 0)
    reader, out = _fed([*responses(["a"]), *responses(["b"], "two")])
    assert (reader.live, reader.turns) == (set(), 2)
    assert len(cut_messages(out)) == 16
    assert reader.close("Stopped.") == b""


def test_every_lane_is_ended_in_its_own_name() -> None:
    one, two = responses(["a", "b"]), responses(["c", "d"], "two")
    reader, _ = _fed([*one[:5], *two[:5]])
    ending = [json.loads(each) for each in cut_messages(reader.close("Stopped."))]
    finals = [each for each in ending if each["type"] == "response.completed"]
    assert [each.get("stream_id") for each in finals] == [None, "two"]
    texts = [each["response"]["output"][0]["content"][0]["text"] for each in finals]
    assert texts == ["ab\n\nStopped.", "cd\n\nStopped."]


def test_lanes_are_forgotten_beyond_a_number() -> None:
    reader, _ = _fed([responses(["a"], str(n))[0] for n in range(MAX_LANES + 9)])
    assert len(reader._lanes) == MAX_LANES


@pytest.mark.parametrize(
    ("message", "lane"), [({"type": "response.create"}, None), ({"stream_id": "two"}, "two")]
)
def test_a_refusal_is_an_error_in_the_lane_of_what_is_refused(message: Any, lane: str) -> None:
    (raw,) = SOCKET.refuse(REFUSAL, message)
    error = json.loads(raw)
    assert (error["type"], error["status"], error.get("stream_id")) == ("error", 400, lane)
    assert "ref-1" in error["error"]["message"]


@pytest.mark.parametrize(
    ("kind", "asks", "ends"),
    [("response.create", True, False), ("response.completed", False, True),
     ("error", False, True), ("response.steer", False, False)],
)  # fmt: skip
def test_which_messages_ask_and_which_end(kind: str, asks: bool, ends: bool) -> None:
    message = {"type": kind, "stream_id": "x"}
    assert SOCKET.asks(message) is asks
    assert SOCKET.turn_of(message) == ("x", ends)
