"""A streamed answer is read by the reader of its dialect; nothing else is taken for a stream."""

from __future__ import annotations

import pytest

from excise.codecs import DIALECTS
from excise.codecs.dialects.anthropic_messages_stream import AnthropicMessagesStream
from excise.codecs.dialects.cohere_chat_stream import CohereChatStream
from excise.codecs.dialects.gemini_content_stream import GeminiContentStream
from excise.codecs.dialects.generic_stream import GenericSseStream
from excise.codecs.dialects.json_dialect import is_event_stream
from excise.codecs.dialects.mcp_jsonrpc_stream import McpJsonrpcStream
from excise.codecs.dialects.ollama_chat_stream import OllamaChatStream
from excise.codecs.dialects.openai_chat_stream import OpenAIChatStream
from excise.codecs.dialects.openai_responses_stream import OpenAIResponsesStream


@pytest.mark.parametrize(
    ("media_type", "stream"),
    [
        ("text/event-stream", True),
        ("Text/Event-Stream; charset=utf-8", True),
        ("application/json", False),
        ("text/event-streams", False),
        ("", False),
    ],
)
def test_media_types(media_type: str, stream: bool) -> None:
    assert is_event_stream(media_type) is stream
    for name, dialect in DIALECTS.items():
        if not (name == "gemini-stream" and media_type == "application/json"):
            opens = stream and name not in ("bedrock-converse", "bedrock-invoke", "grpc")
            assert (dialect.open_stream(media_type) is not None) is opens


@pytest.mark.parametrize(
    ("name", "reader"),
    [
        ("openai-chat", OpenAIChatStream),
        ("openai-responses", OpenAIResponsesStream),
        ("anthropic-messages", AnthropicMessagesStream),
        ("gemini-content", GeminiContentStream),
        ("gemini-stream", GeminiContentStream),
        ("ollama-chat", OllamaChatStream),
        ("cohere-chat", CohereChatStream),
        ("mcp-jsonrpc", McpJsonrpcStream),
        ("mistral-chat", OpenAIChatStream),
        ("generic-json", GenericSseStream),
    ],
)
def test_every_stream_has_a_reader_of_its_own(name: str, reader: type) -> None:
    first, second = (DIALECTS[name].open_stream("text/event-stream") for _ in range(2))
    assert type(first) is reader
    assert first is not second


@pytest.mark.parametrize("name", DIALECTS)
def test_lines_have_a_reader_where_the_dialect_has_lines(name: str) -> None:
    reader = DIALECTS[name].open_stream("application/x-ndjson; charset=utf-8")
    assert (reader is not None) is (name in {"ollama-chat", "cohere-chat", "generic-json"})
