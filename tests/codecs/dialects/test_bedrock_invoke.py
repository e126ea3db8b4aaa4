"""InvokeModel: a body is read as its maker's, and as any JSON where nobody knows the maker."""

from __future__ import annotations

from typing import Any

import pytest
from dialect_cases import read, where

from excise.model import Direction, Usage

NAME = "bedrock-invoke"
CLAUDE = {"anthropic_version": "bedrock-2023-05-31"}


@pytest.mark.parametrize(
    ("body", "role", "part", "label"),
    [
        ({**CLAUDE, "system": "X"}, "system", "prompt", ""),
        (
            {**CLAUDE, "messages": [{"content": [{"type": "tool_use", "input": {"a": "X"}}]}]},
            *("user", "tool-arguments", "a"),
        ),
        ({"prompt": "X"}, "user", "prompt", ""),
        ({"inputText": "X"}, "user", "prompt", ""),
        ({"texts": ["X"]}, "user", "prompt", ""),
        ({"system": [{"text": "X"}]}, "system", "prompt", ""),
        (
            {"messages": [{"role": "assistant", "content": [{"text": "X"}]}]},
            "assistant",
            "prompt",
            "",
        ),
        ({"note": '"anthropic_version"', "prompt": "X"}, "user", "prompt", ""),
        ({"brand": {"new": "X"}}, "user", "prompt", "new"),
    ],
)
def test_requests(body: Any, role: str, part: str, label: str) -> None:
    reading = read(NAME, body)
    assert reading.codec == NAME
    assert where(reading) == [(role, part, label)]


def test_thinking_is_sealed_in_the_makers_own_bodies_only() -> None:
    turns = {
        "messages": [{"role": "assistant", "content": [{"type": "thinking", "thinking": "X"}]}]
    }
    assert read(NAME, {**CLAUDE, **turns}).sealed
    assert not read(NAME, {**turns, "note": {"anthropic_version": "inside"}}).sealed


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({"type": "message", "stop_reason": "end_turn", "content": [{"text": "X"}]}, "completion"),
        ({"generation": "X", "stop_reason": "stop"}, "completion"),
        ({"results": [{"outputText": "X"}]}, "completion"),
        ({"output": {"message": {"content": [{"text": "X"}]}}}, "completion"),
    ],
)
def test_answers(body: Any, part: str) -> None:
    ((role, found, _),) = where(read(NAME, body, Direction.RESPONSE))
    assert (role, found) == ("assistant", part)


@pytest.mark.parametrize(
    "body",
    [
        {"type": "message", "stop_reason": "x", "usage": {"input_tokens": 7, "output_tokens": 8}},
        {"usage": {"inputTokens": 7, "outputTokens": 8}},
        {"usage": {"prompt_tokens": 7, "completion_tokens": 8}},
        {"prompt_token_count": 7, "generation_token_count": 8},
        {"amazon-bedrock-invocationMetrics": {"inputTokenCount": 7, "outputTokenCount": 8}},
    ],
)
def test_facts(body: Any) -> None:
    assert read(NAME, body, Direction.RESPONSE).usage == Usage(input=7, output=8)
    assert read(NAME, {"a": 1}, Direction.RESPONSE).usage is None
