"""A fixed answer in every dialect that has chats: read back by the dialect's own readers."""

from __future__ import annotations

import json

import pytest

from excise.codecs import DIALECTS, read_body
from excise.codecs.base import Asked
from excise.codecs.given import ANSWERING, Said, give
from excise.model import Direction, Part

SAID = Said('Ask "legal"\nfirst.', "m", "r-1")
BODIES = {
    "openai-responses": {"input": "x"},
    "gemini-content": {"contents": []},
    "gemini-stream": {"contents": []},
    "mistral-conversations": {"inputs": "x"},
    "bedrock-invoke": {"anthropic_version": "v", "messages": []},
}
STREAMED = sorted(ANSWERING)


def asked(name: str, target: str = "/x", **members: object) -> Asked:
    return Asked(
        target,
        "application/json",
        json.dumps({**BODIES.get(name, {"messages": []}), **members}).encode(),
    )


@pytest.mark.parametrize("name", sorted(ANSWERING))
def test_a_whole_answer_reads_as_the_models(name: str) -> None:
    """HTTP 200, and the text stands where the dialect has its completions."""
    reply = give(DIALECTS[name], SAID, asked(name), stream=False)
    assert reply is not None
    assert reply.status == 200
    reading = read_body(DIALECTS[name], Direction.RESPONSE, reply.body)
    said = [s.text for s in reading.segments if s.part is Part.COMPLETION and s.text == SAID.text]
    assert said == [SAID.text]
    assert b"content_filter" not in reply.body


@pytest.mark.parametrize("name", STREAMED)
def test_a_streamed_answer_reads_as_the_models(name: str) -> None:
    """Its own reader finds the text, joined from deltas, and an end."""
    reply = give(DIALECTS[name], SAID, asked(name), stream=True)
    assert reply is not None
    reader = DIALECTS[name].open_stream(dict(reply.headers)["content-type"])
    assert reader is not None
    events = [*reader.feed(reply.body), *reader.finish()]
    deltas = [d.segment.text for event in events for d in event.deltas]
    assert "".join(deltas).startswith(SAID.text)
    assert reader.rest() == b""
    assert b"content_filter" not in reply.body
    assert b"SAFETY" not in reply.body


@pytest.mark.parametrize(
    ("name", "body", "stream"),
    [
        ("openai-chat", b'{"input":"embed me"}', False),
        ("openai-chat", b"", False),
        ("openai-chat", b"[1]", False),
        ("openai-assistants", b'{"messages":[]}', False),
        ("mcp-jsonrpc", b'{"method":"tools/call"}', False),
        ("grpc", b"", False),
        ("ollama-chat", b'{"prompt":"x"}', True),
        ("bedrock-invoke", b'{"inputText":"x"}', False),
        ("bedrock-invoke", b'{"schemaVersion":"v","messages":[]}', True),
    ],
)
def test_what_asks_for_no_chat_has_no_answer(name: str, body: bytes, stream: bool) -> None:
    """It is refused instead."""
    assert give(DIALECTS[name], SAID, Asked("/x", "", body), stream=stream) is None


def test_gemini_streams_as_it_is_asked() -> None:
    """Events with `alt=sse`, an array without."""
    dialect = DIALECTS["gemini-stream"]
    events = give(dialect, SAID, asked("gemini-stream", "/m:stream?alt=sse"), stream=True)
    array = give(dialect, SAID, asked("gemini-stream", "/m:stream"), stream=True)
    assert events is not None
    assert array is not None
    assert events.body.startswith(b"data: ")
    assert json.loads(array.body)[0]["candidates"][0]["finishReason"] == "STOP"


def test_a_text_of_the_answer_is_not_taken_for_a_mark() -> None:
    """Only the finish reason is changed."""
    said = SAID._replace(text='"finish_reason":"content_filter"')
    reply = give(DIALECTS["openai-chat"], said, asked("openai-chat"), stream=True)
    assert reply is not None
    assert json.dumps(said.text).encode() in reply.body
