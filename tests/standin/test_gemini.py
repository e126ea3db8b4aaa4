"""Gemini in the stand-in: a stream says what the whole answer says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from excise.standin.gemini import GEMINI, GEMINI_ARRAY, GEMINI_EVENTS, gemini_error
from excise.standin.script import Answer

TEXT = 'two words, "quotes" and ü'
GIVEN = '{"path": "/tmp/ü"}'


def parts(responses: list[Any]) -> list[Any]:
    return [part for each in responses for part in each["candidates"][0]["content"]["parts"]]


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_texts(size: int) -> None:
    answer = Answer(text=TEXT, chunk=size)
    whole = GEMINI.whole(answer, "m")
    array = json.loads(b"".join(GEMINI_ARRAY.events(answer, "m")))
    events = [
        json.loads(each.removeprefix(b"data: ")) for each in GEMINI_EVENTS.events(answer, "m")
    ]
    assert array == events
    assert "".join(part["text"] for part in parts(events)) == TEXT == parts([whole])[0]["text"]
    assert events[-1]["candidates"][0]["finishReason"] == "STOP"


def test_a_call_is_whole() -> None:
    answer = Answer(text=GIVEN, tool="read", chunk=1)
    (event,) = json.loads(b"".join(GEMINI_ARRAY.events(answer, "m")))
    call = {"functionCall": {"name": "read", "args": {"path": "/tmp/ü"}}}
    assert parts([event]) == [call] == parts([GEMINI.whole(answer, "m")])


def test_errors() -> None:
    assert gemini_error("gone")["error"]["message"] == "gone"
