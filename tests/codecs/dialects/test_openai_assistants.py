"""OpenAI assistants: who says what in the fields of assistants, threads and runs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dialect_cases import read, where

from excise.codecs import DIALECTS
from excise.model import Direction, Refusal, RefusalClass

NAME = "openai-assistants"


@pytest.mark.parametrize(
    ("body", "role", "part", "label"),
    [
        ({"instructions": "X"}, "system", "prompt", ""),
        ({"additional_instructions": "X"}, "system", "prompt", ""),
        ({"role": "user", "content": "X"}, "user", "prompt", ""),
        (
            {"thread": {"messages": [{"role": "assistant", "content": "X"}]}},
            "assistant",
            "prompt",
            "",
        ),
        ({"additional_messages": [{"role": "user", "content": "X"}]}, "user", "prompt", ""),
        ({"tool_outputs": [{"output": "X"}]}, "tool", "tool-result", "output"),
        ({"tools": [{"description": "X"}]}, "system", "tool-definition", "description"),
        ({"metadata": {"note": "X"}}, "user", "metadata", "note"),
    ],
)
def test_requests(body: Any, role: str, part: str, label: str) -> None:
    assert where(read(NAME, body)) == [(role, part, label)]


def test_answers() -> None:
    message = {"role": "assistant", "content": [{"type": "text", "text": {"value": "X"}}]}
    for body in (message, {"data": [message]}):
        said = where(read(NAME, body, Direction.RESPONSE))
        assert said == [("assistant", "completion", "")]


def test_refusal() -> None:
    refusal = Refusal(cls=RefusalClass.POLICY, reference="r-1", message="No r-1.")
    assert json.loads(DIALECTS[NAME].refuse(refusal).body)["error"]["code"] == "excise_policy"
