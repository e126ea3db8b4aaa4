"""Bedrock in the stand-in: a stream says what the whole answer says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer

from excise.standin.bedrock import CONVERSE, CONVERSE_STREAM, aws_error
from excise.standin.script import Answer

TEXT = 'two words, "quotes" and ü'
GIVEN = '{"path": "/tmp/ü"}'


def events(answer: Answer) -> list[tuple[str, Any]]:
    """As botocore reads them, which compares the sums."""
    buffer = EventStreamBuffer()
    for each in CONVERSE_STREAM.events(answer, "m"):
        buffer.add_data(each)
    return [(each.headers[":event-type"], json.loads(each.payload)) for each in buffer]


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_texts(size: int) -> None:
    answer = Answer(text=TEXT, chunk=size)
    deltas = [body["delta"] for name, body in events(answer) if name == "contentBlockDelta"]
    assert "".join(each["text"] for each in deltas) == TEXT
    message = CONVERSE.whole(answer, "m")["output"]["message"]
    assert message["content"] == [{"text": TEXT}]


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_calls(size: int) -> None:
    answer = Answer(text=GIVEN, tool="read", chunk=size)
    told = events(answer)
    deltas = [body["delta"] for name, body in told if name == "contentBlockDelta"]
    spelt = "".join(each["toolUse"]["input"] for each in deltas)
    (block,) = CONVERSE.whole(answer, "m")["output"]["message"]["content"]
    assert dict(told)["contentBlockStart"]["start"]["toolUse"]["name"] == "read"
    assert json.loads(spelt) == block["toolUse"]["input"] == {"path": "/tmp/ü"}
    assert dict(told)["messageStop"] == {"stopReason": "tool_use"}


def test_errors() -> None:
    assert aws_error("gone") == {"message": "gone"}
