"""Where text stands in Realtime events, and what it is."""

from __future__ import annotations

import json

import pytest

from excise.codecs.dialects.openai_realtime import OpenAIRealtime, answer_of
from excise.codecs.dialects.openai_responses_stream import OpenAIResponsesStream
from excise.model import Part, Role

DIALECT = OpenAIRealtime(OpenAIResponsesStream)

ITEM = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "WORD"}]}
CASES = [
    ({"type": "session.update", "session": {"instructions": "WORD"}}, Role.SYSTEM, Part.PROMPT),
    ({"session": {"tools": [{"description": "WORD"}]}}, Role.SYSTEM, Part.TOOL_DEFINITION),
    ({"type": "conversation.item.create", "item": ITEM}, Role.USER, Part.PROMPT),
    ({"item": {"type": "function_call_output", "output": "WORD"}}, Role.TOOL, Part.TOOL_RESULT),
    ({"type": "response.create", "response": {"instructions": "WORD"}}, Role.SYSTEM, Part.PROMPT),
    ({"response": {"input": [ITEM]}}, Role.USER, Part.PROMPT),
    ({"type": "input_audio_buffer.append", "audio": "WORD"}, Role.USER, Part.DOCUMENT),
    ({"type": "brand.new", "deep": [{"er": "WORD"}]}, Role.USER, Part.METADATA),
]


@pytest.mark.parametrize(("event", "role", "part"), CASES)
def test_what_the_client_says(event: object, role: Role, part: Part) -> None:
    reading = DIALECT.read_request(json.dumps(event).encode())
    found = [segment for segment in reading.segments if segment.text == "WORD"]
    assert [(each.role, each.part) for each in found] == [(role, part)]


@pytest.mark.parametrize(
    ("event", "role"),
    [
        ({"type": "session.updated", "session": {"instructions": "WORD"}}, Role.SYSTEM),
        ({"type": "conversation.item.added", "item": ITEM}, Role.USER),
        ({"type": "response.done", "response": {"output": [{"type": "message",
          "role": "assistant", "content": [{"transcript": "WORD"}]}]}}, Role.ASSISTANT),
    ],
)  # fmt: skip
def test_what_the_server_says(event: object, role: Role) -> None:
    reading = DIALECT.read_response(json.dumps(event).encode())
    assert [each.role for each in reading.segments if each.text == "WORD"] == [role]


@pytest.mark.parametrize(
    ("event", "answer"), [({"response": {"id": "r"}}, {"id": "r"}), ({"response": 1}, {}), ({}, {})]
)
def test_the_answer_an_event_carries(event: dict[str, object], answer: object) -> None:
    assert answer_of(event) == answer
