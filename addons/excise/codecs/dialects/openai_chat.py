"""OpenAI chat completions; also legacy completions, embeddings and moderations.

Shapes: OpenAI API reference, chat/completions, completions, embeddings, moderations.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from excise.codecs.base import NOBODY, Asked, Label
from excise.codecs.dialects.json_dialect import JsonDialect
from excise.codecs.facts import word
from excise.codecs.labels import OPAQUE, ROLES, SEALED, Entry, Field, Fields, Labeler, make_label
from excise.codecs.refusal import build_reply, openai_error
from excise.model import Part, Refusal, Reply, Role

REQUEST_ROOT: Final = Label(Role.USER, Part.METADATA, False, "request")
RESPONSE_ROOT: Final = Label(Role.ASSISTANT, Part.METADATA, False, "response")

_TEXT: Final = Field(plain=True)
_REASONING: Final = Field(part=Part.REASONING, plain=True, state="parts")
_BLOB: Final = Field(state=OPAQUE)
_CALL: Final = Field(part=Part.TOOL_ARGUMENTS, state="call")
_TOOLS: Final = Field(Role.SYSTEM, Part.TOOL_DEFINITION)
_PROMPT: Final = Field(Role.USER, Part.PROMPT, plain=True)

_FIELDS: Final[Mapping[str, Fields]] = {
    "request": {
        "messages": Field(Role.USER, Part.PROMPT, state="turns"),
        "tools": _TOOLS,
        "functions": _TOOLS,
        "response_format": _TOOLS,
        "prediction": Field(Role.USER, Part.DOCUMENT, state="message"),
        "prompt": _PROMPT,
        "suffix": _PROMPT,
        "input": Field(Role.USER, Part.EMBEDDING_INPUT, plain=True, state="parts"),
    },
    "message": {
        "content": Field(plain=True, state="parts"),
        "refusal": _TEXT,
        "reasoning": _REASONING,
        "reasoning_content": _REASONING,
        "reasoning_details": Field(part=Part.REASONING, state="details"),
        "tool_calls": _CALL,
        "function_call": _CALL,
        "audio": Field(state="audio"),
        "name": Field(part=Part.METADATA),
    },
    "part": {"text": _TEXT, "refusal": _TEXT, "thinking": _REASONING},
    # OpenRouter's: what a provider signed or encrypted comes back to it unchanged, or is refused.
    "detail": {"text": _TEXT, "summary": _TEXT, "data": _BLOB, "signature": _BLOB},
    "signed": {"text": Field(plain=True, state=SEALED), "data": _BLOB, "signature": _BLOB},
    "file": {key: Field(plain=True) for key in ("image_url", "document_url")},
    "audio": {"transcript": _TEXT},
    "call": {"function": _CALL, "custom": _CALL, "arguments": _TEXT, "input": _TEXT},
    "response": {"choices": Field(Role.ASSISTANT, Part.COMPLETION, state="choice")},
    "choice": {
        "message": Field(state="message"),
        "delta": Field(state="message"),
        "text": _TEXT,
    },
}

_FILES: Final = frozenset({"image_url", "input_audio", "file", "document_url"})


_USER: Final = make_label(Role.USER, Part.PROMPT, False, "message")
_TURNS: Final = {
    name: make_label(role, Part.TOOL_RESULT if role is Role.TOOL else Part.PROMPT, False, "message")
    for name, role in ROLES.items()
}


def _turn(place: Label, members: Mapping[str, Any]) -> Label:
    return _TURNS.get(word(members.get("role")), _USER)


def _part(place: Label, members: Mapping[str, Any]) -> Label:
    if word(members.get("type")) in _FILES:
        return make_label(place.role, Part.DOCUMENT, False, "file")
    return make_label(place.role, place.part, False, "part")


def _detail(place: Label, members: Mapping[str, Any]) -> Label:
    signed = members.get("signature") or word(members.get("format")).startswith("anthropic")
    return make_label(place.role, place.part, False, "signed" if signed else "detail")


_ENTRIES: Final[Mapping[str, Entry]] = {"turns": _turn, "parts": _part, "details": _detail}

label_request: Final = Labeler(_FIELDS, _ENTRIES)
label_response: Final = label_request


class OpenAIChat(JsonDialect):
    """The dialect of `/v1/chat/completions` and its older neighbours."""

    name: str = "openai-chat"
    request_labels = (label_request, REQUEST_ROOT)
    response_labels = (label_response, RESPONSE_ROOT)
    usage_keys = ("prompt_tokens", "completion_tokens")

    def refuse(self, refusal: Refusal, asked: Asked = NOBODY) -> Reply:
        """`{"error": {"message", "type", "param", "code"}}`."""
        return build_reply(refusal, openai_error(refusal))
