"""Cohere in the stand-in: a stream says what the whole answer says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from excise.standin.cohere import COHERE, cohere_error
from excise.standin.script import Answer

TEXT = 'two words, "quotes" and ü'
GIVEN = '{"path": "/tmp/ü"}'


def events(answer: Answer) -> list[Any]:
    raws = list(COHERE.events(answer, "m"))
    assert all(each.endswith(b"\n\n") for each in raws)
    return [json.loads(each.partition(b"data: ")[2]) for each in raws]


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_texts(size: int) -> None:
    answer = Answer(text=TEXT, chunk=size)
    deltas = [each["delta"] for each in events(answer) if each["type"] == "content-delta"]
    assert "".join(each["message"]["content"]["text"] for each in deltas) == TEXT
    assert COHERE.whole(answer, "m")["message"]["content"] == [{"type": "text", "text": TEXT}]


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_calls(size: int) -> None:
    answer = Answer(text=GIVEN, tool="read", chunk=size)
    told = events(answer)
    (begun,) = [each["delta"]["message"] for each in told if each["type"] == "tool-call-start"]
    deltas = [each["delta"] for each in told if each["type"] == "tool-call-delta"]
    spelt = "".join(each["message"]["tool_calls"]["function"]["arguments"] for each in deltas)
    (call,) = COHERE.whole(answer, "m")["message"]["tool_calls"]
    assert begun["tool_calls"]["function"] == {"name": "read", "arguments": ""}
    assert spelt == call["function"]["arguments"]
    assert json.loads(spelt) == {"path": "/tmp/ü"}
    assert told[-1]["delta"]["finish_reason"] == "TOOL_CALL"


def test_errors() -> None:
    assert cohere_error("gone")["message"] == "gone"
