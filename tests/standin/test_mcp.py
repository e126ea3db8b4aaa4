"""MCP in the stand-in: events say what the whole answer says."""

from __future__ import annotations

import json

import pytest

from excise.standin.mcp import MCP, mcp_error
from excise.standin.script import Answer


@pytest.mark.parametrize("text", ["plain words", '{"tools": []}', '["no object"]'])
def test_the_last_event_is_the_whole_answer(text: str) -> None:
    answer = Answer(text=text)
    *_, last = MCP.events(answer, "")
    whole = MCP.whole(answer, "")
    assert json.loads(last.partition(b"data: ")[2]) == whole
    told = {"tools": []} if text[0] == "{" else {"content": [{"type": "text", "text": text}]}
    assert whole["result"] == told


def test_an_error_says_its_message() -> None:
    assert mcp_error("gone")["error"]["message"] == "gone"
