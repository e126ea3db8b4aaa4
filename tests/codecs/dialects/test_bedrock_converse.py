"""Converse: every block; what is signed is read and never edited."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dialect_cases import read, where

from excise.codecs import DIALECTS
from excise.codecs.dialects.bedrock_converse import is_binary_stream
from excise.codecs.json.span import JsonReading
from excise.model import Direction, Edit, Refusal, RefusalClass, Span, Usage

NAME = "bedrock-converse"
DOCUMENT = ("user", "document")


@pytest.mark.parametrize(
    ("block", "role", "part", "label"),
    [
        ({"text": "X"}, "user", "prompt", ""),
        ({"image": {"source": {"bytes": "X"}}}, *DOCUMENT, "bytes"),
        ({"document": {"name": "X"}}, *DOCUMENT, "name"),
        ({"document": {"source": {"text": "X"}}}, *DOCUMENT, ""),
        ({"document": {"source": {"content": [{"text": "X"}]}}}, *DOCUMENT, ""),
        ({"document": {"context": "X"}}, *DOCUMENT, ""),
        ({"searchResult": {"content": [{"text": "X"}]}}, *DOCUMENT, ""),
        ({"toolUse": {"input": {"password": "X"}}}, "user", "tool-arguments", "password"),
        ({"toolResult": {"content": [{"text": "X"}]}}, "tool", "tool-result", ""),
        ({"toolResult": {"content": [{"json": {"a": "X"}}]}}, "tool", "tool-result", "a"),
        ({"guardContent": {"text": {"text": "X"}}}, "user", "prompt", "text"),
        ({"reasoningContent": {"reasoningText": {"text": "X"}}}, "user", "reasoning", ""),
        ({"brandNew": {"er": [["X"]]}}, "user", "prompt", "er"),
    ],
)
def test_blocks(block: Any, role: str, part: str, label: str) -> None:
    turns = {"messages": [{"role": "user", "content": [block]}]}
    for body in (turns, {"input": {"converse": turns}}):
        assert where(read(NAME, body)) == [(role, part, label)]


@pytest.mark.parametrize(
    ("body", "role", "part", "label"),
    [
        ({"system": [{"text": "X"}]}, "system", "prompt", ""),
        (
            {"messages": [{"role": "assistant", "content": [{"text": "X"}]}]},
            "assistant",
            "prompt",
            "",
        ),
        (
            {"toolConfig": {"tools": [{"toolSpec": {"description": "X"}}]}},
            *("system", "tool-definition", "description"),
        ),
        ({"promptVariables": {"v": {"text": "X"}}}, "user", "prompt", "text"),
        ({"content": [{"text": "X"}]}, "user", "prompt", ""),
        ({"requestMetadata": {"team": "X"}}, "user", "metadata", "team"),
        ({"additionalModelRequestFields": {"a": "X"}}, "user", "metadata", "a"),
    ],
)
def test_other_fields_of_a_request(body: Any, role: str, part: str, label: str) -> None:
    assert where(read(NAME, body)) == [(role, part, label)]


@pytest.mark.parametrize(
    ("body", "part", "label"),
    [
        ({"output": {"message": {"content": [{"text": "X"}]}}}, "completion", ""),
        (
            {"output": {"message": {"content": [{"toolUse": {"input": {"a": "X"}}}]}}},
            "tool-arguments",
            "a",
        ),
        ({"outputs": [{"text": "X"}]}, "completion", ""),
        ({"delta": {"text": "X"}}, "completion", ""),
        ({"delta": {"toolUse": {"input": "X"}}}, "tool-arguments", ""),
        ({"delta": {"reasoningContent": {"text": "X"}}}, "reasoning", ""),
        ({"stopReason": "X"}, "metadata", "stopReason"),
    ],
)
def test_answers_and_events(body: Any, part: str, label: str) -> None:
    assert where(read(NAME, body, Direction.RESPONSE)) == [("assistant", part, label)]


def test_reasoning_is_read_and_sealed() -> None:
    blocks = [
        {"reasoningContent": {"reasoningText": {"text": "X", "signature": "c2ln" * 40}}},
        {"reasoningContent": {"redactedContent": "ZGF0" * 40}},
        {"text": "free"},
    ]
    reading = read(NAME, {"messages": [{"role": "assistant", "content": blocks}]})
    assert isinstance(reading, JsonReading)
    assert (len(reading.sealed), reading.opaque) == (3, 2)
    (token,) = [segment.token for segment in reading.segments if segment.text == "X"]
    with pytest.raises(ValueError, match="sealed"):
        reading.splice([Edit(token, Span(0, 1), "-")])


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "ValidationException"),
        (403, "AccessDeniedException"),
        (429, "ThrottlingException"),
        (500, "InternalServerException"),
        (503, "ServiceUnavailableException"),
    ],
)
@pytest.mark.parametrize("name", [NAME, "bedrock-invoke"])
def test_refusals_name_their_exception(name: str, status: int, kind: str) -> None:
    refusal = Refusal(cls=RefusalClass.POLICY, reference="r-1", message="No r-1.", status=status)
    reply = DIALECTS[name].refuse(refusal)
    assert json.loads(reply.body) == {"message": "No r-1."}
    headers = dict(reply.headers)
    assert (headers["x-amzn-errortype"], headers["x-amzn-requestid"]) == (kind, "r-1")


def test_facts() -> None:
    answer = read(NAME, {"usage": {"inputTokens": 7, "outputTokens": 8}}, Direction.RESPONSE)
    assert (answer.codec, answer.usage) == (NAME, Usage(input=7, output=8))


def test_media_types() -> None:
    assert is_binary_stream("Application/vnd.amazon.eventstream; x=y")
    assert not is_binary_stream("application/json")
    assert DIALECTS[NAME].open_stream("application/json") is None
