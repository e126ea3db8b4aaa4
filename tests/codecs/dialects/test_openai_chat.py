"""Chat completions: who says what in every field that means something."""

from __future__ import annotations

from typing import Any

import pytest
from dialect_cases import read, where

from excise.model import Direction, Usage


@pytest.mark.parametrize(
    ("message", "role", "part", "label"),
    [
        ({"role": "system", "content": "X"}, "system", "prompt", ""),
        ({"role": "developer", "content": "X"}, "system", "prompt", ""),
        ({"role": "user", "content": "X"}, "user", "prompt", ""),
        ({"content": "X", "role": "user"}, "user", "prompt", ""),
        ({"role": "user", "content": ["X"]}, "user", "prompt", ""),
        ({"role": "user", "content": [{"type": "text", "text": "X"}]}, "user", "prompt", ""),
        ({"role": "user", "name": "X"}, "user", "metadata", "name"),
        ({"role": ["user"], "content": "X"}, "user", "prompt", ""),
        (
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "X"}}]},
            *("user", "document", "url"),
        ),
        (
            {"role": "user", "content": [{"type": "file", "file": {"filename": "X"}}]},
            *("user", "document", "filename"),
        ),
        (
            {"role": "user", "content": [{"type": "brand_new", "payload": {"a": ["X"]}}]},
            *("user", "prompt", "a"),
        ),
        ({"role": "assistant", "content": "X"}, "assistant", "prompt", ""),
        ({"role": "assistant", "refusal": "X"}, "assistant", "prompt", ""),
        ({"role": "assistant", "reasoning_content": "X"}, "assistant", "reasoning", ""),
        (
            {"role": "assistant", "tool_calls": [{"function": {"arguments": "X"}}]},
            *("assistant", "tool-arguments", ""),
        ),
        (
            {"role": "assistant", "tool_calls": [{"function": {"arguments": {"password": "X"}}}]},
            *("assistant", "tool-arguments", "password"),
        ),
        (
            {"role": "assistant", "tool_calls": [{"custom": {"input": "X"}}]},
            *("assistant", "tool-arguments", ""),
        ),
        (
            {"role": "assistant", "function_call": {"arguments": "X"}},
            *("assistant", "tool-arguments", ""),
        ),
        ({"role": "tool", "content": "X"}, "tool", "tool-result", ""),
        ({"role": "tool", "content": [{"type": "text", "text": "X"}]}, "tool", "tool-result", ""),
        ({"role": "function", "content": "X"}, "tool", "tool-result", ""),
    ],
)
def test_messages(message: dict[str, Any], role: str, part: str, label: str) -> None:
    assert where(read("openai-chat", {"messages": [message]})) == [(role, part, label)]


@pytest.mark.parametrize(
    ("body", "role", "part", "label"),
    [
        (
            {"tools": [{"function": {"parameters": {"a": {"default": "X"}}}}]},
            *("system", "tool-definition", "default"),
        ),
        ({"functions": [{"description": "X"}]}, "system", "tool-definition", "description"),
        ({"response_format": {"json_schema": {"name": "X"}}}, "system", "tool-definition", "name"),
        ({"prediction": {"type": "content", "content": "X"}}, "user", "document", ""),
        ({"prompt": "X"}, "user", "prompt", ""),
        ({"prompt": ["X"]}, "user", "prompt", ""),
        ({"suffix": "X"}, "user", "prompt", ""),
        ({"input": "X"}, "user", "embedding-input", ""),
        ({"input": ["X"]}, "user", "embedding-input", ""),
        ({"input": [{"type": "text", "text": "X"}]}, "user", "embedding-input", ""),
        ({"metadata": {"ticket": "X"}}, "user", "metadata", "ticket"),
        ({"user": "X"}, "user", "metadata", "user"),
        ({"stop": ["X"]}, "user", "metadata", "stop"),
        ({"X": 1}, "user", "metadata", ""),
    ],
)
def test_other_fields_of_a_request(body: Any, role: str, part: str, label: str) -> None:
    assert where(read("openai-chat", body)) == [(role, part, label)]


@pytest.mark.parametrize(
    ("choice", "part", "label"),
    [
        ({"message": {"content": "X"}}, "completion", ""),
        ({"message": {"refusal": "X"}}, "completion", ""),
        ({"message": {"reasoning": "X"}}, "reasoning", ""),
        ({"message": {"audio": {"transcript": "X"}}}, "completion", ""),
        ({"message": {"tool_calls": [{"function": {"arguments": "X"}}]}}, "tool-arguments", ""),
        ({"delta": {"content": "X"}}, "completion", ""),
        ({"text": "X"}, "completion", ""),
        ({"logprobs": {"content": [{"token": "X"}]}}, "completion", "token"),
    ],
)
def test_answers(choice: Any, part: str, label: str) -> None:
    reading = read("openai-chat", {"choices": [choice]}, Direction.RESPONSE)
    assert where(reading) == [("assistant", part, label)]


def test_signed_reasoning_is_read_and_never_edited() -> None:
    details = [
        {"type": "reasoning.text", "text": "X", "signature": "c2ln" * 40},
        {"type": "reasoning.text", "text": "X", "format": "anthropic-claude-v1"},
        {"type": "reasoning.encrypted", "data": "ZGF0" * 40},
        {"type": "reasoning.summary", "summary": "X"},
        {"type": "reasoning.text", "text": "X", "signature": None},
    ]
    body = {"messages": [{"role": "assistant", "reasoning_details": details}]}
    reading = read("openai-chat", body)
    assert where(reading) == [("assistant", "reasoning", "")] * 4
    found = [segment for segment in reading.segments if segment.text == "X"]
    assert [segment.token in reading.sealed for segment in found] == [True, True, False, False]
    assert len(reading.sealed) == 4


def test_facts() -> None:
    request = read("openai-chat", {"model": "m", "stream": True})
    assert (request.codec, request.model, request.stream) == ("openai-chat", "m", True)
    usage = {"prompt_tokens": 7, "completion_tokens": 8}
    answer = read("openai-chat", {"model": "m", "usage": usage}, Direction.RESPONSE)
    assert answer.usage == Usage(input=7, output=8)
