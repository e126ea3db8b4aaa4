"""Responses: every type of item, known and unknown, in requests, answers and stream events."""

from __future__ import annotations

from typing import Any

import pytest
from dialect_cases import read, where

from excise.codecs.json.span import JsonReading
from excise.model import Direction, Usage

RESULT = ("tool", "tool-result")
CALL = ("assistant", "tool-arguments")


@pytest.mark.parametrize(
    ("item", "role", "part", "label"),
    [
        ({"role": "user", "content": "X"}, "user", "prompt", ""),
        ({"role": "developer", "content": "X"}, "system", "prompt", ""),
        (
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "X"}]},
            *("user", "prompt", ""),
        ),
        (
            {"role": "user", "content": [{"type": "input_file", "file_data": "X"}]},
            *("user", "document", ""),
        ),
        (
            {"role": "assistant", "content": [{"type": "output_text", "text": "X"}]},
            *("assistant", "prompt", ""),
        ),
        ({"type": "function_call", "arguments": "X"}, *CALL, ""),
        ({"type": "custom_tool_call", "input": "X"}, *CALL, ""),
        ({"type": "local_shell_call", "action": {"env": {"PW": "X"}}}, *CALL, "PW"),
        ({"type": "shell_call", "action": {"commands": ["X"]}}, *CALL, "commands"),
        ({"type": "apply_patch_call", "operation": {"diff": "X"}}, *CALL, "diff"),
        ({"type": "code_interpreter_call", "code": "X"}, *CALL, ""),
        ({"type": "code_interpreter_call", "outputs": [{"logs": "X"}]}, *RESULT, "logs"),
        ({"type": "mcp_call", "arguments": "X"}, *CALL, ""),
        ({"type": "mcp_call", "output": "X"}, *RESULT, ""),
        ({"type": "file_search_call", "results": [{"text": "X"}]}, *RESULT, ""),
        ({"type": "function_call_output", "output": "X"}, *RESULT, ""),
        (
            {"type": "function_call_output", "output": [{"type": "input_text", "text": "X"}]},
            *(*RESULT, ""),
        ),
        ({"type": "shell_call_output", "output": [{"stdout": "X"}]}, *RESULT, "stdout"),
        ({"type": "program_output", "result": "X"}, *RESULT, ""),
        ({"type": "reasoning", "summary": [{"text": "X"}]}, "assistant", "reasoning", ""),
        (
            {"type": "mcp_list_tools", "tools": [{"description": "X"}]},
            *("system", "tool-definition", "description"),
        ),
        ({"type": "brand_new", "deep": [{"er": "X"}]}, "user", "prompt", "er"),
        ({"type": {"no": "word"}, "deep": "X"}, "user", "prompt", "deep"),
        ("X", "user", "prompt", ""),
    ],
)
def test_items(item: Any, role: str, part: str, label: str) -> None:
    assert where(read("openai-responses", {"input": [item]})) == [(role, part, label)]


@pytest.mark.parametrize(
    ("body", "role", "part", "label"),
    [
        ({"input": "X"}, "user", "prompt", ""),
        ({"instructions": "X"}, "system", "prompt", ""),
        ({"items": [{"role": "user", "content": "X"}]}, "user", "prompt", ""),
        ({"prompt": {"variables": {"name": "X"}}}, "user", "prompt", "name"),
        ({"tools": [{"authorization": "X"}]}, "system", "tool-definition", "authorization"),
        ({"text": {"format": {"schema": {"title": "X"}}}}, "system", "tool-definition", "title"),
        ({"metadata": {"k": "X"}}, "user", "metadata", "k"),
    ],
)
def test_other_fields_of_a_request(body: Any, role: str, part: str, label: str) -> None:
    assert where(read("openai-responses", body)) == [(role, part, label)]


TEXT = {"type": "output_text", "text": "X"}
MESSAGE = {"type": "message", "role": "assistant", "content": [TEXT]}


@pytest.mark.parametrize(
    "body",
    [
        {"output": [MESSAGE]},
        {"output_text": "X"},
        {"type": "response.completed", "response": {"output": [MESSAGE]}},
        {"type": "response.output_item.done", "item": MESSAGE},
        {"type": "response.content_part.done", "part": TEXT},
    ],
)
def test_answers_and_events(body: Any) -> None:
    reading = read("openai-responses", body, Direction.RESPONSE)
    assert where(reading) == [("assistant", "completion", "")]


@pytest.mark.parametrize("kind", ["reasoning", "compaction", "brand_new"])
def test_encrypted_content_is_sealed_not_read(kind: str) -> None:
    item = {"type": kind, "encrypted_content": "gAAA" * 40}
    reading = read("openai-responses", {"input": [item]})
    assert isinstance(reading, JsonReading)
    assert (reading.opaque, len(reading.sealed)) == (1, 1)
    assert where(reading, "gAAA" * 40) == []


def test_facts() -> None:
    usage = {"input_tokens": 7, "output_tokens": 8}
    answer = read("openai-responses", {"model": "m", "usage": usage}, Direction.RESPONSE)
    assert (answer.codec, answer.model) == ("openai-responses", "m")
    assert answer.usage == Usage(input=7, output=8)
