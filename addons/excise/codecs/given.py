"""A fixed answer in the provider's own shape, as if the model had said it, whole or streamed.

A streamed one is the ending that the dialect's reader writes when nothing of upstream was sent.
Requests that ask for no chat (embeddings, files, calls of tools) have no such answer: None.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from excise.codecs.base import Asked, Dialect
from excise.model import Reply

_SSE: Final = "text/event-stream"
_AWS: Final = "application/vnd.amazon.eventstream"
_LINES: Final = "application/x-ndjson"
_COHERE_LINES: Final = "application/stream+json"
_JSON: Final = "application/json"
_MARKED: Final = re.compile(rb'("finish_?[rR]eason"\s*:\s*)"(?:content_filter|SAFETY)"')
_MOMENT: Final = "1970-01-01T00:00:00Z"


class Said(NamedTuple):
    """What is answered, and under which names."""

    text: str
    model: str
    reference: str


def give(dialect: Dialect, said: Said, asked: Asked, *, stream: bool) -> Reply | None:
    """The answer to what was asked, with HTTP status 200."""
    keys = _keys(asked.body)
    shape = _SHAPES.get(dialect.name)
    if shape is None or not (keys & shape.asks):
        return None
    if not stream:
        document = shape.whole(said, keys)
        if document is None:
            return None
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        return _reply(said, _JSON, body)
    media_type = shape.streamed(asked.target, keys)
    reader = dialect.open_stream(media_type) if media_type else None
    if reader is None:
        return None
    body = reader.close(said.text)
    if media_type != _AWS:  # whose messages carry check sums
        body = _MARKED.sub(_ended, body)
    return _reply(said, media_type, body)


def _keys(body: bytes) -> frozenset[str]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return frozenset()
    return frozenset(document) if isinstance(document, dict) else frozenset()


def _ended(match: re.Match[bytes]) -> bytes:
    return match[1] + (b'"STOP"' if match[0].endswith(b'SAFETY"') else b'"stop"')


def _reply(said: Said, media_type: str, body: bytes) -> Reply:
    headers = (("content-type", media_type), ("x-excise-reference", said.reference))
    return Reply(status=200, headers=headers, body=body)


class _Shape(NamedTuple):
    """How a dialect answers: what a request that asks for a chat has, the whole answer, and the
    media type of a stream by target and members of the request."""

    asks: frozenset[str]
    whole: Callable[[Said, frozenset[str]], dict[str, Any] | None]
    streamed: Callable[[str, frozenset[str]], str] = lambda target, keys: _SSE


def _openai_chat(said: Said, _: frozenset[str]) -> dict[str, Any]:
    message = {"role": "assistant", "content": said.text, "refusal": None}
    return {
        "id": f"chatcmpl-{said.reference}",
        "object": "chat.completion",
        "created": 0,
        "model": said.model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    }


def _openai_responses(said: Said, _: frozenset[str]) -> dict[str, Any]:
    part = {"type": "output_text", "text": said.text, "annotations": [], "logprobs": []}
    item = {
        "id": f"msg_{said.reference}",
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": [part],
    }
    return {
        "id": f"resp_{said.reference}",
        "object": "response",
        "created_at": 0,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": said.model,
        "output": [item],
        "parallel_tool_calls": True,
        "temperature": None,
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
    }


def _anthropic(said: Said, _: frozenset[str]) -> dict[str, Any]:
    return {
        "id": f"msg_{said.reference}",
        "type": "message",
        "role": "assistant",
        "model": said.model,
        "content": [{"type": "text", "text": said.text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 0, "output_tokens": 0},
    }


def _gemini(said: Said, keys: frozenset[str]) -> dict[str, Any]:
    content = {"role": "model", "parts": [{"text": said.text}]}
    answer = {
        "candidates": [{"index": 0, "content": content, "finishReason": "STOP"}],
        "modelVersion": said.model,
        "responseId": said.reference,
    }
    return answer if "contents" in keys else {"response": answer}


def _ollama(said: Said, keys: frozenset[str]) -> dict[str, Any]:
    text: dict[str, Any] = {"response": said.text}
    if "messages" in keys:
        text = {"message": {"role": "assistant", "content": said.text}}
    head = {"model": said.model, "created_at": _MOMENT}
    return {**head, **text, "done": True, "done_reason": "stop"}


def _cohere(said: Said, keys: frozenset[str]) -> dict[str, Any]:
    if "messages" not in keys:
        ids = {"generation_id": said.reference, "response_id": said.reference}
        return {"text": said.text, **ids, "chat_history": [], "finish_reason": "COMPLETE"}
    message = {"role": "assistant", "content": [{"type": "text", "text": said.text}]}
    return {"id": said.reference, "finish_reason": "COMPLETE", "message": message, "usage": {}}


def _converse(said: Said, _: frozenset[str]) -> dict[str, Any]:
    return {
        "output": {"message": {"role": "assistant", "content": [{"text": said.text}]}},
        "stopReason": "guardrail_intervened",
        "usage": {"inputTokens": 0, "outputTokens": 0, "totalTokens": 0},
        "metrics": {"latencyMs": 0},
    }


def _invoke(said: Said, keys: frozenset[str]) -> dict[str, Any] | None:
    """A model of Bedrock's answers as its maker does."""
    if "anthropic_version" in keys:
        return _anthropic(said, keys)
    return _converse(said, keys) if "schemaVersion" in keys else None


def _conversation(said: Said, _: frozenset[str]) -> dict[str, Any]:
    entry = {
        "object": "entry",
        "type": "message.output",
        "id": f"msg_{said.reference}",
        "role": "assistant",
        "content": said.text,
        "model": said.model,
    }
    return {
        "object": "conversation.response",
        "conversation_id": f"conv_{said.reference}",
        "outputs": [entry],
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    }


def _by_alt(target: str, _: frozenset[str]) -> str:
    return _SSE if "alt=sse" in target else _JSON


def _of_ollama(_: str, keys: frozenset[str]) -> str:
    return _LINES if "messages" in keys else ""  # what generates is spelled otherwise


def _of_cohere(_: str, keys: frozenset[str]) -> str:
    return _SSE if "messages" in keys else _COHERE_LINES


def _of_maker(_: str, keys: frozenset[str]) -> str:
    return _AWS if "anthropic_version" in keys else ""


_MESSAGES: Final = frozenset({"messages"})
_SHAPES: Final[Mapping[str, _Shape]] = {
    "openai-chat": _Shape(_MESSAGES, _openai_chat),
    "mistral-chat": _Shape(_MESSAGES, _openai_chat),
    "openai-responses": _Shape(frozenset({"input", "prompt"}), _openai_responses),
    "anthropic-messages": _Shape(_MESSAGES, _anthropic),
    "gemini-content": _Shape(frozenset({"contents", "request"}), _gemini),
    "gemini-stream": _Shape(frozenset({"contents"}), _gemini, _by_alt),
    "ollama-chat": _Shape(frozenset({"messages", "prompt"}), _ollama, _of_ollama),
    "cohere-chat": _Shape(frozenset({"messages", "message"}), _cohere, _of_cohere),
    "bedrock-converse": _Shape(_MESSAGES, _converse, lambda target, keys: _AWS),
    "bedrock-invoke": _Shape(_MESSAGES, _invoke, _of_maker),
    "mistral-conversations": _Shape(frozenset({"inputs"}), _conversation),
}

ANSWERING: Final = frozenset(_SHAPES)
"""Dialects that have chats to answer."""
