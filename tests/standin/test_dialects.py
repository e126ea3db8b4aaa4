"""The shapes of the answers; that clients read them is shown in test_server."""

from __future__ import annotations

import json

import pytest

from excise.standin.bedrock import CONVERSE, CONVERSE_STREAM
from excise.standin.cohere import COHERE
from excise.standin.dialects import CHAT, MESSAGES, RESPONSES, find_dialect
from excise.standin.gemini import GEMINI, GEMINI_ARRAY, GEMINI_EVENTS
from excise.standin.mcp import MCP
from excise.standin.ollama import OLLAMA
from excise.standin.script import Answer
from excise.standin.shapes import Dialect

TEXT = 'two words, "quotes" and ü'
ALL = [CHAT, RESPONSES, MESSAGES]


@pytest.mark.parametrize("dialect", ALL)
@pytest.mark.parametrize("tool", ["", "save_note"])
def test_a_stream_is_whole_events_of_json(dialect: Dialect, tool: str) -> None:
    for event in dialect.events(Answer(text=TEXT, tool=tool), "m"):
        assert event.endswith(b"\n\n")
        data = event.decode().removesuffix("\n\n").rpartition("data: ")[2]
        assert data == "[DONE]" or json.loads(data)


@pytest.mark.parametrize("dialect", ALL)
@pytest.mark.parametrize("tool", ["", "save_note"])
def test_the_piece_size_changes_nothing_but_the_number_of_events(
    dialect: Dialect, tool: str
) -> None:
    counts = [
        len(list(dialect.events(Answer(text=TEXT, tool=tool, chunk=size), "m")))
        for size in (1, 2, 1000)
    ]
    assert counts[0] > counts[1] > counts[2]


@pytest.mark.parametrize("dialect", ALL)
def test_an_error_says_its_message(dialect: Dialect) -> None:
    assert dialect.error("gone")["error"]["message"] == "gone"


@pytest.mark.parametrize(
    ("path", "dialect"),
    [
        ("/v1/chat/completions", CHAT),
        ("/openai/v1/chat/completions", CHAT),
        ("/v1/responses", RESPONSES),
        ("/v1/messages", MESSAGES),
        ("/v1/messages?beta=true", MESSAGES),
        ("/v1beta/models/m:generateContent?key=k", GEMINI),
        ("/v1beta/models/m:streamGenerateContent?key=k&alt=sse", GEMINI_EVENTS),
        ("/v1beta/models/m:streamGenerateContent", GEMINI_ARRAY),
        ("/model/m%3A0/converse", CONVERSE),
        ("/model/m:0/converse-stream", CONVERSE_STREAM),
        ("/v2/chat", COHERE),
        ("/mcp/readonly", MCP),
        ("/api/chat", OLLAMA),
        ("/v1/files", None),
        ("/v1/messages/count_tokens", None),
    ],
)
def test_the_path_picks_the_dialect(path: str, dialect: Dialect | None) -> None:
    assert find_dialect(path) is dialect
