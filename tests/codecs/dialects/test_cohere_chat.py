"""Cohere: who says what, in both versions of its API."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dialect_cases import read, where

from excise.codecs import DIALECTS
from excise.codecs.dialects.cohere_chat_stream import CohereChatStream
from excise.model import Direction, Refusal, RefusalClass, Usage

NAME = "cohere-chat"


def turn(role: str, **fields: Any) -> dict[str, Any]:
    return {"messages": [{"role": role, **fields}]}


@pytest.mark.parametrize(
    ("body", "role", "part", "label"),
    [
        (turn("user", content="X"), "user", "prompt", ""),
        (turn("user", content=[{"type": "text", "text": "X"}]), "user", "prompt", ""),
        (turn("user", content=[{"image_url": {"url": "X"}}]), "user", "document", "url"),
        (turn("system", content="X"), "system", "prompt", ""),
        (turn("assistant", tool_plan="X"), "assistant", "reasoning", ""),
        (turn("assistant", content=[{"thinking": "X"}]), "assistant", "reasoning", ""),
        (
            turn("assistant", tool_calls=[{"function": {"arguments": "X"}}]),
            *("assistant", "tool-arguments", ""),
        ),
        (turn("tool", content="X"), "tool", "tool-result", ""),
        (
            turn("tool", content=[{"type": "document", "document": {"data": {"text": "X"}}}]),
            *("user", "document", ""),
        ),
        (turn("user", brand={"new": "X"}), "user", "prompt", "new"),
        ({"documents": ["X"]}, "user", "document", ""),
        ({"documents": [{"data": {"password": "X"}}]}, "user", "document", "password"),
        ({"texts": ["X"]}, "user", "embedding-input", ""),
        (
            {"inputs": [{"content": [{"type": "text", "text": "X"}]}]},
            *("user", "embedding-input", ""),
        ),
        ({"query": "X"}, "user", "prompt", ""),
        ({"tools": [{"function": {"name": "X"}}]}, "system", "tool-definition", "name"),
        ({"message": "X"}, "user", "prompt", ""),
        ({"preamble": "X"}, "system", "prompt", ""),
        ({"chat_history": [{"role": "CHATBOT", "message": "X"}]}, "assistant", "prompt", ""),
        ({"tool_results": [{"outputs": [{"a": "X"}]}]}, "tool", "tool-result", "a"),
        ({"client_name": "X"}, "user", "metadata", "client_name"),
    ],
)
def test_requests(body: Any, role: str, part: str, label: str) -> None:
    assert where(read(NAME, body)) == [(role, part, label)]


@pytest.mark.parametrize(
    ("body", "part", "label"),
    [
        ({"message": {"content": [{"type": "text", "text": "X"}]}}, "completion", ""),
        ({"message": {"content": [{"type": "thinking", "thinking": "X"}]}}, "reasoning", ""),
        ({"message": {"tool_plan": "X"}}, "reasoning", ""),
        ({"message": {"tool_calls": [{"function": {"arguments": "X"}}]}}, "tool-arguments", ""),
        ({"message": {"citations": [{"text": "X"}]}}, "completion", ""),
        ({"delta": {"message": {"content": {"text": "X"}}}}, "completion", ""),
        ({"text": "X"}, "completion", ""),
        ({"generations": [{"text": "X"}]}, "completion", ""),
    ],
)
def test_answers(body: Any, part: str, label: str) -> None:
    assert where(read(NAME, body, Direction.RESPONSE)) == [("assistant", part, label)]


@pytest.mark.parametrize(
    "body",
    [
        {"usage": {"tokens": {"input_tokens": 7, "output_tokens": 8}, "billed_units": {}}},
        {"usage": {"billed_units": {"input_tokens": 7, "output_tokens": 8}}},
        {"meta": {"tokens": {"input_tokens": 7, "output_tokens": 8}}},
    ],
)
def test_facts(body: Any) -> None:
    answer = read(NAME, body, Direction.RESPONSE)
    assert (answer.codec, answer.usage) == (NAME, Usage(input=7, output=8))
    request = read(NAME, {"model": "m", "stream": True})
    assert (request.model, request.stream) == ("m", True)


def test_refusal() -> None:
    refusal = Refusal(cls=RefusalClass.POLICY, reference="r-1", message="No r-1.")
    assert json.loads(DIALECTS[NAME].refuse(refusal).body) == {"id": "r-1", "message": "No r-1."}


def test_lines_have_a_reader() -> None:
    assert isinstance(DIALECTS[NAME].open_stream("application/stream+json"), CohereChatStream)
    assert DIALECTS[NAME].open_stream("application/json") is None
