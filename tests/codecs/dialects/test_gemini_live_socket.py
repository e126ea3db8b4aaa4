"""Gemini Live server messages: texts, thoughts and transcripts apart, and when each is over."""

from __future__ import annotations

import json
from typing import Any

import pytest
from socket_cases import gemini, written
from splits import open_stream

from excise.codecs.dialects.gemini_live_socket import GeminiLiveMessages, GeminiLiveSocket
from excise.codecs.messages import cut_messages, put_end
from excise.model import Refusal, RefusalClass

SOCKET = GeminiLiveSocket()


def _said(**content: Any) -> dict[str, Any]:
    return {"serverContent": content}


def _turn(*parts: dict[str, Any]) -> dict[str, Any]:
    return _said(modelTurn={"parts": list(parts)})


def _read(*messages: dict[str, Any]) -> tuple[GeminiLiveMessages, list[Any]]:
    reader = SOCKET.open_reader()
    return reader, [each for one in messages for each in reader.feed(put_end(written(one)))]


@pytest.mark.parametrize(
    ("message", "key"),
    [
        (_turn({"text": "a"}), "text"),
        (_turn({"text": "a", "thought": True}), "thought"),
        (_said(inputTranscription={"text": "a"}), "input"),
        ({"server_content": {"output_transcription": {"text": "a"}}}, "output"),
    ],
)
def test_each_has_a_channel(message: dict[str, Any], key: str) -> None:
    _, (event,) = _read(message)
    assert [each.channel.key for each in event.deltas] == [(key,)]


@pytest.mark.parametrize(
    ("message", "keys"),
    [
        (_turn({"text": "a"}), {"input"}),
        (_said(inputTranscription={"text": "a", "finished": True}), {"input"}),
        (_said(outputTranscription={"finished": True}), {"output"}),
        (_said(generationComplete=True), {"text", "thought"}),
        (_said(turnComplete=True), {"text", "thought", "input", "output"}),
        ({"setupComplete": {}}, set()),
    ],
)
def test_what_ends_a_text(message: dict[str, Any], keys: set[str]) -> None:
    _, (event,) = _read(message)
    assert {each.key[0] for each in event.ends} == keys


def test_sound_counts_as_an_event() -> None:
    _, (event,) = _read(_turn({"inlineData": {"mimeType": "audio/pcm", "data": "AAAA"}}))
    assert [each.segment.text for each in event.deltas] == [""]
    assert "AAAA" in [each.text for each in event.segments]


def test_turns_come_and_go_and_count_their_tokens() -> None:
    reader, events = _read(*gemini(["a", "b"]))
    assert (reader.live, reader.turns) == (set(), 1)
    assert (events[-1].usage.input, events[-1].usage.output) == (3, 4)


def test_a_turn_under_way_is_ended_with_a_notice() -> None:
    reader = SOCKET.open_reader()
    stream = open_stream(reader)
    assert reader.close("Stopped.") == b""
    stream.feed(put_end(written(_turn({"text": "hello there"}))))
    said, end = map(json.loads, cut_messages(reader.close("Stopped.")))
    assert said["serverContent"]["modelTurn"]["parts"][0]["text"] == "\n\nStopped."
    assert end == _said(turnComplete=True)
    assert reader.close("Stopped.") == b""


@pytest.mark.parametrize(
    ("message", "asks"),
    [
        ({"clientContent": {"turns": [], "turnComplete": True}}, True),
        ({"clientContent": {"turns": []}}, False),
        ({"toolResponse": {}}, True),
        ({"realtimeInput": {"text": "a"}}, False),
        ({"setup": {}}, False),
    ],
)
def test_which_messages_ask(message: Any, asks: bool) -> None:
    assert SOCKET.asks(message) is asks


def test_a_refusal_is_a_turn_unless_there_is_none_yet() -> None:
    refusal = Refusal(cls=RefusalClass.POLICY, reference="ref-1", message="No.")
    said, end = SOCKET.refuse(refusal, {"clientContent": {}})
    assert b"ref-1" in said
    assert SOCKET.turn_of(json.loads(end)) == ("", True)
    assert SOCKET.refuse(refusal, {"setup": {}}) == ()
