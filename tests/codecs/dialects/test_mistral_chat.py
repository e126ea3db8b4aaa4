"""Mistral's chat: lists of chunks, arguments that are objects, refusals of its own shape."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dialect_cases import read, where

from excise.codecs import DIALECTS
from excise.model import Direction, Refusal, RefusalClass

NAME = "mistral-chat"


@pytest.mark.parametrize(
    ("message", "part", "label"),
    [
        ({"content": [{"type": "text", "text": "X"}]}, "completion", ""),
        ({"content": [{"type": "thinking", "thinking": [{"text": "X"}]}]}, "reasoning", ""),
        (
            {"content": [{"type": "reference", "reference_ids": ["X"]}]},
            "completion",
            "reference_ids",
        ),
        ({"tool_calls": [{"function": {"arguments": {"a": "X"}}}]}, "tool-arguments", "a"),
    ],
)
def test_answers(message: Any, part: str, label: str) -> None:
    for body in ({"choices": [{"message": message}]}, {"choices": [{"delta": message}]}):
        reading = read(NAME, body, Direction.RESPONSE)
        assert reading.codec == NAME
        assert where(reading) == [("assistant", part, label)]


def test_refusal() -> None:
    refusal = Refusal(cls=RefusalClass.POLICY, reference="r-1", message="No r-1.")
    assert json.loads(DIALECTS[NAME].refuse(refusal).body) == {
        "object": "error",
        "message": "No r-1.",
        "type": "invalid_request_error",
        "param": None,
        "code": "excise_policy",
    }
