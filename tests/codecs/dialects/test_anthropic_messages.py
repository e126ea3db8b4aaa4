"""Messages: every block, nested ones too; what is signed is read and never edited."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dialect_cases import read, where

from excise.codecs import DIALECTS
from excise.codecs.json.span import JsonReading
from excise.model import Direction, Edit, Refusal, RefusalClass, Span, Usage

RESULT = ("tool", "tool-result")
SOURCE = {"type": "text", "data": "X"}


@pytest.mark.parametrize(
    ("block", "role", "part", "label"),
    [
        ({"type": "text", "text": "X"}, "user", "prompt", ""),
        ({"text": "X", "type": "text"}, "user", "prompt", ""),
        ({"type": "document", "source": SOURCE}, "user", "document", ""),
        (
            {"type": "document", "source": {"content": [{"type": "text", "text": "X"}]}},
            *("user", "document", ""),
        ),
        ({"type": "document", "title": "X"}, "user", "document", ""),
        ({"type": "document", "context": "X"}, "user", "document", ""),
        ({"type": "image", "source": {"type": "url", "url": "X"}}, "user", "document", ""),
        ({"type": "search_result", "content": [{"text": "X"}]}, "user", "document", ""),
        ({"type": "tool_use", "input": {"password": "X"}}, "user", "tool-arguments", "password"),
        ({"type": "server_tool_use", "input": {"q": ["X"]}}, "user", "tool-arguments", "q"),
        ({"type": "tool_result", "content": "X"}, *RESULT, ""),
        ({"type": "tool_result", "content": [{"type": "text", "text": "X"}]}, *RESULT, ""),
        (
            {"type": "tool_result", "content": [{"type": "document", "source": SOURCE}]},
            *("tool", "document", ""),
        ),
        ({"type": "bash_code_execution_tool_result", "content": {"stdout": "X"}}, *RESULT, ""),
        ({"type": "mcp_tool_result", "content": [{"text": "X"}]}, *RESULT, ""),
        ({"type": "brand_new", "deep": {"er": [["X"]]}}, "user", "prompt", "er"),
        ({"type": ["text"], "text": "X"}, "user", "prompt", ""),
    ],
)
def test_blocks(block: Any, role: str, part: str, label: str) -> None:
    body = {"messages": [{"role": "user", "content": [block]}]}
    assert where(read("anthropic-messages", body)) == [(role, part, label)]


@pytest.mark.parametrize(
    ("body", "role", "part", "label"),
    [
        ({"system": "X"}, "system", "prompt", ""),
        ({"system": [{"type": "text", "text": "X"}]}, "system", "prompt", ""),
        ({"messages": [{"role": "user", "content": "X"}]}, "user", "prompt", ""),
        ({"messages": [{"role": "system", "content": "X"}]}, "system", "prompt", ""),
        ({"messages": [{"role": "assistant", "content": "X"}]}, "assistant", "prompt", ""),
        ({"tools": [{"description": "X"}]}, "system", "tool-definition", "description"),
        (
            {"mcp_servers": [{"authorization_token": "X"}]},
            "user",
            "metadata",
            "authorization_token",
        ),
        ({"metadata": {"user_id": "X"}}, "user", "metadata", "user_id"),
        ({"prompt": "X"}, "user", "prompt", ""),
        ({"requests": [{"params": {"system": "X"}}]}, "system", "prompt", ""),
        ({"requests": [{"custom_id": "X"}]}, "user", "metadata", "custom_id"),
    ],
)
def test_other_fields_of_a_request(body: Any, role: str, part: str, label: str) -> None:
    assert where(read("anthropic-messages", body)) == [(role, part, label)]


@pytest.mark.parametrize(
    ("body", "part", "label"),
    [
        ({"content": [{"type": "text", "text": "X"}]}, "completion", ""),
        ({"content": [{"type": "tool_use", "input": {"a": "X"}}]}, "tool-arguments", "a"),
        ({"content": [{"type": "thinking", "thinking": "X"}]}, "reasoning", ""),
        ({"completion": "X"}, "completion", ""),
        ({"type": "message_start", "message": {"content": [{"text": "X"}]}}, "completion", ""),
        ({"content_block": {"type": "text", "text": "X"}}, "completion", ""),
        ({"delta": {"type": "text_delta", "text": "X"}}, "completion", ""),
        ({"delta": {"partial_json": "X"}}, "tool-arguments", ""),
        ({"delta": {"thinking": "X"}}, "reasoning", ""),
    ],
)
def test_answers_and_events(body: Any, part: str, label: str) -> None:
    reading = read("anthropic-messages", body, Direction.RESPONSE)
    assert where(reading) == [("assistant", part, label)]


def test_thinking_is_read_and_sealed() -> None:
    blocks = [
        {"type": "thinking", "thinking": "X", "signature": "c2ln" * 40},
        {"type": "redacted_thinking", "data": "ZGF0" * 40},
        {"type": "text", "text": "free"},
    ]
    reading = read("anthropic-messages", {"messages": [{"role": "assistant", "content": blocks}]})
    assert isinstance(reading, JsonReading)
    assert where(reading) == [("assistant", "reasoning", "")]
    assert (len(reading.sealed), reading.opaque) == (3, 2)
    for segment in reading.segments:
        edit = Edit(segment.token, Span(0, 1), "-")
        if segment.text == "X":
            with pytest.raises(ValueError, match="sealed"):
                reading.splice([edit])
        else:
            assert segment.token not in reading.sealed


def test_a_tool_argument_named_like_a_blob_is_text() -> None:
    block = {"type": "tool_use", "input": {"signature": "X" * 80, "data": "Y" * 80}}
    reading = read("anthropic-messages", {"messages": [{"role": "user", "content": [block]}]})
    assert where(reading, "X" * 80) == [("user", "tool-arguments", "signature")]
    assert where(reading, "Y" * 80) == [("user", "tool-arguments", "data")]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (403, "permission_error"),
        (429, "rate_limit_error"),
        (503, "api_error"),
    ],
)
def test_refusals(status: int, kind: str) -> None:
    refusal = Refusal(cls=RefusalClass.LIMIT, reference="r-1", message="No r-1.", status=status)
    reply = DIALECTS["anthropic-messages"].refuse(refusal)
    assert json.loads(reply.body) == {
        "type": "error",
        "error": {"type": kind, "message": "No r-1."},
        "request_id": "r-1",
    }
    assert dict(reply.headers)["request-id"] == "r-1"


def test_facts() -> None:
    usage = {"input_tokens": 7, "output_tokens": 8}
    answer = read("anthropic-messages", {"model": "m", "usage": usage}, Direction.RESPONSE)
    assert (answer.codec, answer.model) == ("anthropic-messages", "m")
    assert answer.usage == Usage(input=7, output=8)
