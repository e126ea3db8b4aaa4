"""Bedrock agents: who says what in the fields of requests and answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dialect_cases import read, where

from excise.codecs import DIALECTS
from excise.codecs.dialects.bedrock_agents_stream import BedrockAgentsStream
from excise.codecs.dialects.generic_stream import GenericSseStream
from excise.model import Direction, Refusal, RefusalClass

NAME = "bedrock-agents"


@pytest.mark.parametrize(
    ("body", "role", "part", "label"),
    [
        ({"inputText": "X"}, "user", "prompt", ""),
        ({"input": {"text": "X"}}, "user", "prompt", ""),
        ({"sessionState": {"sessionAttributes": {"team": "X"}}}, "user", "prompt", "team"),
    ],
)
def test_requests(body: Any, role: str, part: str, label: str) -> None:
    assert where(read(NAME, body)) == [(role, part, label)]


def test_answers() -> None:
    answer = read(NAME, {"output": {"text": "X"}}, Direction.RESPONSE)
    assert where(answer) == [("assistant", "completion", "")]


def test_streams_and_refusals() -> None:
    dialect = DIALECTS[NAME]
    binary = dialect.open_stream("application/vnd.amazon.eventstream")
    assert isinstance(binary, BedrockAgentsStream)
    assert type(dialect.open_stream("text/event-stream")) is GenericSseStream
    assert dialect.open_stream("application/json") is None
    reply = dialect.refuse(Refusal(cls=RefusalClass.POLICY, reference="r-1", message="No r-1."))
    assert json.loads(reply.body) == {"message": "No r-1."}
    assert dict(reply.headers)["x-amzn-errortype"] == "ValidationException"
