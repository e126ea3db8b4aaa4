"""Ollama in the stand-in: a stream says what the whole answer says."""

from __future__ import annotations

import json

import pytest

from excise.standin.ollama import OLLAMA, ollama_error
from excise.standin.received import Received
from excise.standin.script import Answer
from excise.standin.shapes import encode

TEXT = 'two words, "quotes" and ü'
GIVEN = '{"path": "/tmp/ü"}'


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_texts(size: int) -> None:
    answer = Answer(text=TEXT, chunk=size)
    lines = [json.loads(each) for each in OLLAMA.events(answer, "m")]
    assert "".join(each["message"]["content"] for each in lines) == TEXT
    assert [each["done"] for each in lines] == [False] * (len(lines) - 1) + [True]
    assert OLLAMA.whole(answer, "m")["message"]["content"] == TEXT


def test_a_call_is_whole() -> None:
    answer = Answer(text=GIVEN, tool="read", chunk=1)
    first, last = (json.loads(each) for each in OLLAMA.events(answer, "m"))
    call = {"function": {"name": "read", "arguments": {"path": "/tmp/ü"}}}
    assert first["message"]["tool_calls"] == [call]
    assert OLLAMA.whole(answer, "m")["message"]["tool_calls"] == [call]
    assert "tool_calls" not in last["message"]


@pytest.mark.parametrize("stream", [None, True, False])
def test_it_streams_unless_told_not_to(stream: bool | None) -> None:
    body = encode({} if stream is None else {"stream": stream})
    sent = Received(number=0, method="POST", target="/api/chat", headers=(), body=body)
    assert OLLAMA.streams(sent) is (stream is not False)


def test_errors() -> None:
    assert ollama_error("gone") == {"error": "gone"}
