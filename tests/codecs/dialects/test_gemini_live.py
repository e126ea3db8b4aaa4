"""Where text stands in Gemini Live messages, and what it is, in both spellings of the keys."""

from __future__ import annotations

import json
from typing import Any

import pytest

from excise.codecs.dialects.gemini_content_stream import GeminiContentStream
from excise.codecs.dialects.gemini_live import GeminiLive, build_notice, either_of
from excise.model import Part, Role

DIALECT = GeminiLive(GeminiContentStream)

CONTENT = {"parts": [{"text": "WORD"}]}
ASKED = [
    ({"setup": {"systemInstruction": CONTENT}}, Role.SYSTEM, Part.PROMPT),
    ({"setup": {"system_instruction": CONTENT}}, Role.SYSTEM, Part.PROMPT),
    ({"setup": {"tools": [{"functionDeclarations": [{"description": "WORD"}]}]}},
     Role.SYSTEM, Part.TOOL_DEFINITION),
    ({"clientContent": {"turns": [{"role": "user", **CONTENT}]}}, Role.USER, Part.PROMPT),
    ({"client_content": {"turns": [{"role": "model", **CONTENT}]}}, Role.ASSISTANT, Part.PROMPT),
    ({"realtimeInput": {"text": "WORD"}}, Role.USER, Part.PROMPT),
    ({"realtime_input": {"audio": {"data": "WORD"}}}, Role.USER, Part.DOCUMENT),
    ({"toolResponse": {"functionResponses": [{"response": {"x": "WORD"}}]}},
     Role.TOOL, Part.TOOL_RESULT),
    ({"brandNew": {"x": "WORD"}}, Role.USER, Part.METADATA),
]  # fmt: skip
SAID = [
    ({"serverContent": {"modelTurn": CONTENT}}, Role.ASSISTANT, Part.COMPLETION),
    ({"serverContent": {"inputTranscription": {"text": "WORD"}}}, Role.USER, Part.PROMPT),
    ({"server_content": {"output_transcription": {"text": "WORD"}}},
     Role.ASSISTANT, Part.COMPLETION),
    ({"toolCall": {"functionCalls": [{"args": {"x": "WORD"}}]}},
     Role.ASSISTANT, Part.TOOL_ARGUMENTS),
]  # fmt: skip


@pytest.mark.parametrize(("message", "role", "part"), ASKED)
def test_what_the_client_says(message: Any, role: Role, part: Part) -> None:
    reading = DIALECT.read_request(json.dumps(message).encode())
    found = [each for each in reading.segments if each.text == "WORD"]
    assert [(each.role, each.part) for each in found] == [(role, part)]


@pytest.mark.parametrize(("message", "role", "part"), SAID)
def test_what_the_server_says(message: Any, role: Role, part: Part) -> None:
    reading = DIALECT.read_response(json.dumps(message).encode())
    found = [each for each in reading.segments if each.text == "WORD"]
    assert [(each.role, each.part) for each in found] == [(role, part)]


@pytest.mark.parametrize(
    ("message", "value"), [({"aB": 1}, 1), ({"a_b": 2}, 2), ({}, None), (None, None), ([], None)]
)
def test_a_member_under_either_spelling(message: Any, value: Any) -> None:
    assert either_of(message, "aB", "a_b") == value


def test_a_notice_is_a_turn_and_its_end() -> None:
    said, end = map(json.loads, build_notice("No."))
    assert said["serverContent"]["modelTurn"]["parts"] == [{"text": "No."}]
    assert end == {"serverContent": {"turnComplete": True}}
