"""Ollama: who says what, and what its answers count."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dialect_cases import read, where

from excise.codecs import DIALECTS
from excise.codecs.dialects.ollama_chat_stream import OllamaChatStream
from excise.model import Direction, Refusal, RefusalClass, Usage

NAME = "ollama-chat"


@pytest.mark.parametrize(
    ("body", "role", "part", "label"),
    [
        ({"messages": [{"role": "user", "content": "X"}]}, "user", "prompt", ""),
        ({"messages": [{"role": "system", "content": "X"}]}, "system", "prompt", ""),
        ({"messages": [{"role": "tool", "content": "X"}]}, "tool", "tool-result", ""),
        ({"messages": [{"role": "user", "images": ["X"]}]}, "user", "document", "images"),
        ({"messages": [{"role": "assistant", "thinking": "X"}]}, "assistant", "reasoning", ""),
        (
            {
                "messages": [
                    {"role": "assistant", "tool_calls": [{"function": {"arguments": {"a": "X"}}}]}
                ]
            },
            *("assistant", "tool-arguments", "a"),
        ),
        ({"messages": [{"new": {"er": "X"}}]}, "user", "prompt", "er"),
        ({"prompt": "X"}, "user", "prompt", ""),
        ({"suffix": "X"}, "user", "prompt", ""),
        ({"system": "X"}, "system", "prompt", ""),
        ({"template": "X"}, "system", "prompt", ""),
        ({"images": ["X"]}, "user", "document", "images"),
        ({"input": ["X"]}, "user", "embedding-input", ""),
        ({"format": {"title": "X"}}, "system", "tool-definition", "title"),
        (
            {"tools": [{"function": {"description": "X"}}]},
            "system",
            "tool-definition",
            "description",
        ),
        ({"options": {"stop": ["X"]}}, "user", "metadata", "stop"),
    ],
)
def test_requests(body: Any, role: str, part: str, label: str) -> None:
    assert where(read(NAME, body)) == [(role, part, label)]


@pytest.mark.parametrize(
    ("body", "part", "label"),
    [
        ({"message": {"content": "X"}}, "completion", ""),
        ({"message": {"thinking": "X"}}, "reasoning", ""),
        (
            {"message": {"tool_calls": [{"function": {"arguments": {"a": "X"}}}]}},
            "tool-arguments",
            "a",
        ),
        ({"response": "X"}, "completion", ""),
        ({"thinking": "X"}, "reasoning", ""),
        ({"status": "X"}, "metadata", "status"),
    ],
)
def test_answers(body: Any, part: str, label: str) -> None:
    assert where(read(NAME, body, Direction.RESPONSE)) == [("assistant", part, label)]


@pytest.mark.parametrize(
    ("body", "stream"),
    [
        ({"messages": []}, True),
        ({"prompt": "", "stream": True}, True),
        ({"messages": [], "stream": False}, False),
        ({"input": "x"}, False),
        ([], False),
    ],
)
def test_an_answer_streams_unless_forbidden(body: Any, stream: bool) -> None:
    assert read(NAME, body).stream is stream


def test_facts() -> None:
    body = {"model": "m", "prompt_eval_count": 7, "eval_count": 8}
    answer = read(NAME, body, Direction.RESPONSE)
    assert (answer.codec, answer.model, answer.usage) == (NAME, "m", Usage(input=7, output=8))
    assert read(NAME, {"model": "m"}, Direction.RESPONSE).usage is None


def test_refusal() -> None:
    refusal = Refusal(cls=RefusalClass.POLICY, reference="r-1", message="No r-1.")
    assert json.loads(DIALECTS[NAME].refuse(refusal).body) == {"error": "No r-1."}


def test_lines_have_a_reader() -> None:
    assert isinstance(DIALECTS[NAME].open_stream("application/x-ndjson"), OllamaChatStream)
    assert DIALECTS[NAME].open_stream("application/json") is None
