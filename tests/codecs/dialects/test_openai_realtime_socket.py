"""Realtime server events: which text each delta goes on with, and when it is over."""

from __future__ import annotations

import json
from typing import Any

import pytest
from socket_cases import realtime, written
from splits import open_stream

from excise.codecs.dialects.openai_realtime_socket import (
    MAX_OPEN,
    OpenAIRealtimeMessages,
    OpenAIRealtimeSocket,
)
from excise.codecs.messages import cut_messages, put_end
from excise.model import Part, Refusal, RefusalClass, Role

SOCKET = OpenAIRealtimeSocket()
AT = {"response_id": "r", "item_id": "i", "content_index": 0}
HEARD = "conversation.item.input_audio_transcription"


def _read(*events: dict[str, Any]) -> tuple[OpenAIRealtimeMessages, list[Any]]:
    reader = SOCKET.open_reader()
    return reader, [each for event in events for each in reader.feed(put_end(written(event)))]


@pytest.mark.parametrize(
    ("kind", "end", "json_inside"),
    [
        ("response.output_text", "response.output_text.done", False),
        ("response.text", "response.content_part.done", False),
        ("response.output_audio_transcript", "response.output_item.done", False),
        ("response.function_call_arguments", "response.function_call_arguments.done", True),
        (HEARD, f"{HEARD}.completed", False),
        (HEARD, f"{HEARD}.failed", False),
    ],
)
def test_a_delta_has_a_channel_and_an_end(kind: str, end: str, json_inside: bool) -> None:
    _, (delta, other, done) = _read(
        {"type": f"{kind}.delta", **AT, "delta": "a"},
        {"type": f"{kind}.delta", **AT, "item_id": "j", "delta": "a"},
        {"type": end, **AT, "item": {"id": "i"}},
    )
    (channel,) = (each.channel for each in delta.deltas)
    assert channel.json is json_inside
    assert channel not in [each.channel for each in other.deltas]
    assert done.ends == (channel,)


def test_the_end_of_a_response_ends_all_its_texts_and_no_other() -> None:
    _, events = _read(
        {"type": "response.output_text.delta", **AT, "delta": "a"},
        {"type": "response.output_text.delta", **AT, "content_index": 1, "delta": "a"},
        {"type": "response.output_text.delta", **AT, "response_id": "s", "delta": "a"},
        {"type": "response.done", "response": {"id": "r"}},
    )
    assert {each.key[0] for each in events[-1].ends} == {"r"}
    assert len(events[-1].ends) == 2


def test_who_speaks() -> None:
    _, (heard, said) = _read(
        {"type": f"{HEARD}.delta", "item_id": "u", "delta": "a"},
        {"type": "response.output_audio_transcript.delta", **AT, "delta": "a"},
    )
    assert (heard.deltas[0].segment.role, heard.deltas[0].segment.part) == (Role.USER, Part.PROMPT)
    assert said.deltas[0].segment.part is Part.COMPLETION


def test_tokens_that_repeat_a_text_are_a_text_of_their_own() -> None:
    _, (event,) = _read({"type": f"{HEARD}.delta", "item_id": "u", "delta": "a",
                         "logprobs": [{"token": "a", "logprob": -1}]})  # fmt: skip
    assert len({each.channel for each in event.deltas}) == 2


def test_sound_is_read_whole_and_counts_as_an_event() -> None:
    _, (event,) = _read({"type": "response.output_audio.delta", **AT, "delta": "AAAA"})
    assert "AAAA" in [each.text for each in event.segments]
    assert [each.segment.text for each in event.deltas] == [""]


def test_texts_without_an_end_do_not_pile_up() -> None:
    reader, events = _read(
        *({"type": f"{HEARD}.delta", "item_id": f"u{n}", "delta": "a"} for n in range(MAX_OPEN + 9))
    )
    assert len(reader._open) == MAX_OPEN
    assert sum(len(each.ends) for each in events) == 9


def test_answers_come_and_go_and_count_their_tokens() -> None:
    reader, events = _read(*realtime(["a"]))
    assert (reader.live, reader.turns) == (set(), 1)
    assert (events[-1].usage.input, events[-1].usage.output) == (3, 4)


def test_the_model_is_told_by_the_session() -> None:
    _, (event,) = _read({"type": "session.created", "session": {"model": "gpt-realtime"}})
    assert event.model == "gpt-realtime"


def test_every_response_under_way_is_ended() -> None:
    reader = SOCKET.open_reader()
    stream = open_stream(reader)
    for event in [*realtime(["a"])[:3], *realtime(["b"], "r2")[:3], *realtime(["c"], "r3")]:
        stream.feed(put_end(written(event)))
    error, *done = map(json.loads, cut_messages(reader.close("Stopped.")))
    assert error["error"]["message"] == "Stopped."
    assert [each["response"]["id"] for each in done] == ["r1", "r2"]
    assert {each["response"]["status"] for each in done} == {"incomplete"}
    assert reader.close("Stopped.") == b""


def test_a_refusal_names_the_event() -> None:
    refusal = Refusal(cls=RefusalClass.POLICY, reference="ref-1", message="No.")
    (raw,) = SOCKET.refuse(refusal, {"event_id": "e1"})
    assert json.loads(raw)["error"]["event_id"] == "e1"
    (raw,) = SOCKET.refuse(refusal, None)
    assert "event_id" not in json.loads(raw)["error"]


def test_which_answer_a_message_belongs_to() -> None:
    assert SOCKET.turn_of({"type": "response.text.delta", **AT}) == ("r", False)
    assert SOCKET.turn_of({"type": "response.done", "response": {"id": "r"}}) == ("r", True)
    assert SOCKET.turn_of({"type": "session.updated"}) == ("", False)
