"""Mistral conversations: who says what in the fields of requests and answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dialect_cases import read, where

from excise.codecs import DIALECTS
from excise.model import Direction, Refusal, RefusalClass, Usage

NAME = "mistral-conversations"


@pytest.mark.parametrize(
    ("body", "role", "part", "label"),
    [
        ({"inputs": "X"}, "user", "prompt", ""),
        ({"inputs": [{"role": "assistant", "content": "X"}]}, "assistant", "prompt", ""),
        ({"inputs": [{"content": [{"type": "text", "text": "X"}]}]}, "user", "prompt", ""),
        ({"instructions": "X"}, "system", "prompt", ""),
        ({"tools": [{"description": "X"}]}, "system", "tool-definition", "description"),
        ({"inputs": [{"arguments": "X"}]}, "user", "tool-arguments", "arguments"),
    ],
)
def test_requests(body: Any, role: str, part: str, label: str) -> None:
    assert where(read(NAME, body)) == [(role, part, label)]


def test_answers() -> None:
    usage = {"prompt_tokens": 7, "completion_tokens": 8}
    answer = read(NAME, {"outputs": [{"content": "X"}], "usage": usage}, Direction.RESPONSE)
    assert where(answer) == [("assistant", "completion", "")]
    assert answer.usage == Usage(input=7, output=8)


def test_refusal() -> None:
    refusal = Refusal(cls=RefusalClass.POLICY, reference="r-1", message="No r-1.")
    body = json.loads(DIALECTS[NAME].refuse(refusal).body)
    assert (body["object"], body["message"]) == ("error", "No r-1.")
