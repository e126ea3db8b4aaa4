"""What the stand-in answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from excise.standin.received import Received
from excise.standin.script import TOOL, Answer, always, answer_prompt, last_text


def asked(text: str) -> Received:
    body = json.dumps({"messages": [{"role": "user", "content": text}]}).encode()
    return Received(number=0, method="POST", target="/v1/messages", headers=(), body=body)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"messages": [{"content": "a"}, {"content": "b"}]}, "b"),
        ({"messages": [{"content": [{"type": "text", "text": "b"}]}]}, "b"),
        ({"messages": [{"content": [{"type": "tool_result", "content": "r"}]}]}, "r"),
        ({"input": "b"}, "b"),
        ({"input": [{"type": "function_call_output", "output": "r"}]}, "r"),
        ({"input": [{"content": [{"type": "input_text", "text": "b"}]}]}, "b"),
        ({"prompt": "b"}, "b"),
        ({"contents": [{"parts": [{"text": "a"}]}, {"parts": [{"text": "b"}]}]}, "b"),
        ({"contents": [{"parts": [{"functionResponse": {"response": {"output": "r"}}}]}]}, "r"),
        ({"messages": [{"content": [{"toolResult": {"content": [{"text": "r"}]}}]}]}, "r"),
        ({"messages": []}, ""),
        ({"messages": [{"content": None}]}, ""),
        ([], ""),
        ("b", ""),
    ],
)
def test_the_last_text_of_every_dialect(body: Any, text: str) -> None:
    assert last_text(body) == text


@pytest.mark.parametrize(
    ("prompt", "answer"),
    [
        ("hello", Answer(text="You said: hello")),
        ("hello standin:tool", Answer(text="hello", tool=TOOL)),
        ('standin:tool=read {"a": 1}', Answer(text='{"a": 1}', tool="read")),
        ("standin:chunk=few hi", Answer(text="You said: hi")),
        ("standin:chunk=1 hi", Answer(text="You said: hi", chunk=1)),
        ("hi standin:slow", Answer(text="You said: hi", pause=0.05)),
        ("hi standin:die=3", Answer(text="You said: hi", die_after=3)),
        ("hi standin:gzip", Answer(text="You said: hi", encoding="gzip")),
        ("hi standin:fail=529", Answer(text="You said: hi", status=529)),
    ],
)
def test_words_of_the_prompt_steer_the_answer(prompt: str, answer: Answer) -> None:
    assert answer_prompt(asked(prompt)) == answer


def test_a_fixed_answer_looks_at_nothing() -> None:
    answer = Answer(text="fixed")
    assert always(answer)(asked("anything standin:tool")) is answer
