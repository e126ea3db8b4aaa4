"""Cohere v2 chat, embed and rerank, and what v1 called the same things.

Shapes: Cohere API reference, v2 chat, embed, rerank; v1 chat, generate.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from excise.codecs.base import NOBODY, Asked, Label
from excise.codecs.dialects.json_dialect import JsonDialect
from excise.codecs.facts import Facts, read_usage, word
from excise.codecs.json.span import JsonReading, read_json
from excise.codecs.json.value import member
from excise.codecs.labels import ROLES, Entry, Field, Fields, Labeler, make_label
from excise.codecs.refusal import build_reply, message_of
from excise.model import Part, Refusal, Reply, Role, Usage

REQUEST_ROOT: Final = Label(Role.USER, Part.METADATA, False, "request")
RESPONSE_ROOT: Final = Label(Role.ASSISTANT, Part.METADATA, False, "response")

_TEXT: Final = Field(plain=True)
_PROMPT: Final = Field(Role.USER, Part.PROMPT, plain=True)
_TURNS: Final = Field(Role.USER, Part.PROMPT, state="turns")
_TOOLS: Final = Field(Role.SYSTEM, Part.TOOL_DEFINITION)
_EMBEDDED: Final = Field(Role.USER, Part.EMBEDDING_INPUT, plain=True, state="parts")
_DOCUMENTS: Final = Field(Role.USER, Part.DOCUMENT, plain=True, state="document")
_THOUGHT: Final = Field(part=Part.REASONING, plain=True)
_CALL: Final = Field(part=Part.TOOL_ARGUMENTS, state="call")
_SAID: Final = Field(Role.ASSISTANT, Part.COMPLETION, plain=True, state="parts")
_MESSAGE: Final = Field(Role.ASSISTANT, Part.COMPLETION, state="message")

_FIELDS: Final[Mapping[str, Fields]] = {
    "request": {
        "messages": _TURNS,
        "tools": _TOOLS,
        "response_format": _TOOLS,
        "documents": _DOCUMENTS,
        "texts": _EMBEDDED,
        "inputs": _EMBEDDED,
        "images": Field(Role.USER, Part.DOCUMENT),
        "query": _PROMPT,
        # v1
        "message": _PROMPT,
        "prompt": _PROMPT,
        "chat_history": _TURNS,
        "preamble": Field(Role.SYSTEM, Part.PROMPT, plain=True),
        "tool_results": Field(Role.TOOL, Part.TOOL_RESULT),
    },
    "message": {
        "content": Field(plain=True, state="parts"),
        "message": _TEXT,
        "tool_plan": _THOUGHT,
        "tool_calls": _CALL,
        "citations": Field(state="citation"),
    },
    "part": {
        "text": _TEXT,
        "thinking": _THOUGHT,
        "content": Field(plain=True, state="parts"),
        "document": _DOCUMENTS,
        "image_url": Field(part=Part.DOCUMENT),
    },
    "document": {"data": Field(state="document"), "text": _TEXT, "snippet": _TEXT},
    "citation": {"text": _TEXT, "sources": Field(part=Part.DOCUMENT)},
    "call": {"function": _CALL, "arguments": _TEXT},
    "response": {
        "message": _MESSAGE,
        "text": _SAID,
        "generations": _SAID,
        "tool_calls": Field(Role.ASSISTANT, Part.TOOL_ARGUMENTS),
        "citations": Field(Role.ASSISTANT, Part.COMPLETION, state="citation"),
        "documents": Field(Role.TOOL, Part.DOCUMENT),
        # Members of stream events.
        "delta": Field(state="response"),
        "response": Field(state="response"),
    },
}

_ROLES: Final = {**ROLES, "chatbot": Role.ASSISTANT}
_USER: Final = make_label(Role.USER, Part.PROMPT, False, "message")
_SPEAKERS: Final = {
    name: make_label(role, Part.TOOL_RESULT if role is Role.TOOL else Part.PROMPT, False, "message")
    for name, role in _ROLES.items()
}


def _turn(place: Label, members: Mapping[str, Any]) -> Label:
    return _SPEAKERS.get(word(members.get("role")).lower(), _USER)


def _part(place: Label, members: Mapping[str, Any]) -> Label:
    return make_label(place.role, place.part, False, "part")


_ENTRIES: Final[Mapping[str, Entry]] = {"turns": _turn, "parts": _part}

label_request: Final = Labeler(_FIELDS, _ENTRIES)
label_response: Final = label_request


class CohereChat(JsonDialect):
    """The dialect of `/v2/chat` and its neighbours, of both versions."""

    name: str = "cohere-chat"
    request_labels = (label_request, REQUEST_ROOT)
    response_labels = (label_response, RESPONSE_ROOT)
    usage_keys = ("input_tokens", "output_tokens")

    def read_response(self, body: bytes) -> JsonReading:
        """Raises `Unreadable`."""
        return read_json(body, *self.response_labels, codec=self.name, facts=_answered)

    def refuse(self, refusal: Refusal, asked: Asked = NOBODY) -> Reply:
        """`{"id", "message"}`."""
        return build_reply(refusal, {"id": refusal.reference, "message": message_of(refusal)})


def usage_of(document: Any) -> Usage | None:
    """The tokens that an answer, or the end of one, says it used; billed ones where it says no
    more. v1 has them in `meta`."""
    counts = member(document, "usage") or member(document, "meta")
    found = member(counts, "tokens") or member(counts, "billed_units")
    return read_usage(found, "input_tokens", "output_tokens")


def _answered(document: Any) -> Facts:
    return Facts(usage=usage_of(document))
