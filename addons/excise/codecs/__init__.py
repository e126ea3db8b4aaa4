"""Wire dialects: bytes → segments with addresses → bytes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

from excise.codecs.base import Dialect, Reading
from excise.codecs.dialects.anthropic_messages import AnthropicMessages
from excise.codecs.dialects.anthropic_messages_stream import AnthropicMessagesStream
from excise.codecs.dialects.bedrock_agents import BedrockAgents
from excise.codecs.dialects.bedrock_agents_stream import BedrockAgentsStream
from excise.codecs.dialects.bedrock_converse import BedrockConverse
from excise.codecs.dialects.bedrock_converse_stream import BedrockConverseStream
from excise.codecs.dialects.bedrock_invoke import BedrockInvoke
from excise.codecs.dialects.bedrock_invoke_stream import BedrockInvokeStream
from excise.codecs.dialects.cohere_chat import CohereChat
from excise.codecs.dialects.cohere_chat_stream import CohereChatStream
from excise.codecs.dialects.gemini_content import GeminiContent, GeminiStream
from excise.codecs.dialects.gemini_content_stream import GeminiContentStream
from excise.codecs.dialects.gemini_live import GeminiLive
from excise.codecs.dialects.gemini_live_socket import GeminiLiveSocket
from excise.codecs.dialects.generic_json import GenericJson
from excise.codecs.dialects.generic_stream import GenericSseStream
from excise.codecs.dialects.mcp_jsonrpc import McpJsonrpc
from excise.codecs.dialects.mcp_jsonrpc_stream import McpJsonrpcStream
from excise.codecs.dialects.mistral_chat import MistralChat
from excise.codecs.dialects.mistral_conversations import MistralConversations
from excise.codecs.dialects.mistral_conversations_stream import MistralConversationsStream
from excise.codecs.dialects.ollama_chat import OllamaChat
from excise.codecs.dialects.ollama_chat_stream import OllamaChatStream
from excise.codecs.dialects.openai_assistants import OpenAIAssistants
from excise.codecs.dialects.openai_assistants_stream import OpenAIAssistantsStream
from excise.codecs.dialects.openai_chat import OpenAIChat
from excise.codecs.dialects.openai_chat_stream import OpenAIChatStream
from excise.codecs.dialects.openai_realtime import OpenAIRealtime
from excise.codecs.dialects.openai_realtime_socket import OpenAIRealtimeSocket
from excise.codecs.dialects.openai_responses import OpenAIResponses
from excise.codecs.dialects.openai_responses_socket import OpenAIResponsesSocket
from excise.codecs.dialects.openai_responses_stream import OpenAIResponsesStream
from excise.codecs.framing.grpc import Grpc
from excise.codecs.framing.ndjson import NdjsonFramer
from excise.codecs.sockets import SocketDialect
from excise.model import Direction

_ALL: Final[tuple[Dialect, ...]] = (
    OpenAIChat(OpenAIChatStream),
    OpenAIResponses(OpenAIResponsesStream),
    OpenAIRealtime(OpenAIResponsesStream),
    AnthropicMessages(AnthropicMessagesStream),
    GeminiContent(GeminiContentStream),
    GeminiStream(GeminiContentStream, partial(GeminiContentStream, array=True)),
    GeminiLive(GeminiContentStream),
    OllamaChat(OllamaChatStream, partial(OllamaChatStream, lines=True)),
    CohereChat(CohereChatStream, partial(CohereChatStream, lines=True)),
    BedrockConverse(BedrockConverseStream),
    BedrockInvoke(BedrockInvokeStream),
    BedrockAgents(GenericSseStream, BedrockAgentsStream),
    MistralChat(OpenAIChatStream),
    MistralConversations(MistralConversationsStream),
    OpenAIAssistants(OpenAIAssistantsStream),
    McpJsonrpc(McpJsonrpcStream),
    Grpc(),
    GenericJson(GenericSseStream, lambda: GenericSseStream(NdjsonFramer())),
)

DIALECTS: Final[Mapping[str, Dialect]] = {dialect.name: dialect for dialect in _ALL}
"""Every dialect by the name that `policies/hosts.yaml` calls it."""

_SOCKETS: Final[tuple[SocketDialect, ...]] = (
    OpenAIResponsesSocket(),
    OpenAIRealtimeSocket(),
    GeminiLiveSocket(),
)

SOCKETS: Final[Mapping[str, SocketDialect]] = {dialect.name: dialect for dialect in _SOCKETS}
"""The dialects that are read on a WebSocket too, by the same names."""


def read_body(dialect: Dialect, direction: Direction, body: bytes) -> Reading:
    """A body, its content coding undone, as `dialect` understands it. Raises `Unreadable`."""
    if direction is Direction.REQUEST:
        return dialect.read_request(body)
    return dialect.read_response(body)
