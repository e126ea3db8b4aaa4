"""Ollama: chat, generation, embeddings and model files, as local servers and ollama.com speak it.

Shapes: Ollama API reference, chat, generate, embed, create. An answer is streamed unless the
client forbids it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from excise.codecs.base import NOBODY, Asked, Label
from excise.codecs.dialects.json_dialect import JsonDialect
from excise.codecs.facts import Facts, request_facts, word
from excise.codecs.json.span import JsonReading, read_json
from excise.codecs.json.value import member, whole_number
from excise.codecs.labels import ROLES, Entry, Field, Fields, Labeler, make_label
from excise.codecs.refusal import build_reply, message_of
from excise.model import Part, Refusal, Reply, Role, Usage

REQUEST_ROOT: Final = Label(Role.USER, Part.METADATA, False, "request")
RESPONSE_ROOT: Final = Label(Role.ASSISTANT, Part.METADATA, False, "response")

_TEXT: Final = Field(plain=True)
_PROMPT: Final = Field(Role.USER, Part.PROMPT, plain=True)
_SYSTEM: Final = Field(Role.SYSTEM, Part.PROMPT, plain=True)
_TOOLS: Final = Field(Role.SYSTEM, Part.TOOL_DEFINITION)
_IMAGES: Final = Field(part=Part.DOCUMENT)
_THOUGHT: Final = Field(part=Part.REASONING, plain=True)
_CALL: Final = Field(part=Part.TOOL_ARGUMENTS)
_SAID: Final = Field(Role.ASSISTANT, Part.COMPLETION, plain=True)

_FIELDS: Final[Mapping[str, Fields]] = {
    "request": {
        "messages": Field(Role.USER, Part.PROMPT, state="turns"),
        "tools": _TOOLS,
        "format": _TOOLS,
        "prompt": _PROMPT,
        "context": _PROMPT,  # token ids of the turns before
        "suffix": _PROMPT,
        "system": _SYSTEM,
        "template": _SYSTEM,
        "input": Field(Role.USER, Part.EMBEDDING_INPUT, plain=True),
        "images": Field(Role.USER, Part.DOCUMENT),
    },
    "message": {
        "content": _TEXT,
        "thinking": _THOUGHT,
        "tool_calls": _CALL,
        "images": _IMAGES,
        "tool_name": Field(part=Part.METADATA),
    },
    "response": {
        "message": Field(Role.ASSISTANT, Part.COMPLETION, state="message"),
        "response": _SAID,
        "thinking": Field(Role.ASSISTANT, Part.REASONING, plain=True),
    },
}

_USER: Final = make_label(Role.USER, Part.PROMPT, False, "message")
_TURNS: Final = {
    name: make_label(role, Part.TOOL_RESULT if role is Role.TOOL else Part.PROMPT, False, "message")
    for name, role in ROLES.items()
}


def _turn(place: Label, members: Mapping[str, Any]) -> Label:
    return _TURNS.get(word(members.get("role")), _USER)


_ENTRIES: Final[Mapping[str, Entry]] = {"turns": _turn}

label_request: Final = Labeler(_FIELDS, _ENTRIES)
label_response: Final = label_request


class OllamaChat(JsonDialect):
    """The dialect of `/api/chat`, `/api/generate` and `/api/embed`."""

    name: str = "ollama-chat"
    request_labels = (label_request, REQUEST_ROOT)
    response_labels = (label_response, RESPONSE_ROOT)
    usage_keys = ("prompt_eval_count", "eval_count")

    def read_request(self, body: bytes) -> JsonReading:
        """Raises `Unreadable`."""
        return read_json(body, *self.request_labels, codec=self.name, facts=_asked)

    def read_response(self, body: bytes) -> JsonReading:
        """Raises `Unreadable`."""
        return read_json(body, *self.response_labels, codec=self.name, facts=answer_facts)

    def refuse(self, refusal: Refusal, asked: Asked = NOBODY) -> Reply:
        """`{"error": text}`."""
        return build_reply(refusal, {"error": message_of(refusal)})


def _asked(document: Any) -> Facts:
    """Of a request. What generates streams unless told not to; embedding never does."""
    facts = request_facts(document)
    keys = dict(document) if type(document) is tuple else {}
    stream = keys.get("stream") is not False and ("messages" in keys or "prompt" in keys)
    return facts._replace(stream=facts.stream or stream)


def answer_facts(document: Any) -> Facts:
    """Of an answer, or of one of its pieces; the last one counts the tokens."""
    received = whole_number(member(document, "prompt_eval_count"))
    generated = whole_number(member(document, "eval_count"))
    counted = received is not None or generated is not None
    return Facts(
        model=word(member(document, "model")),
        usage=Usage(input=received, output=generated) if counted else None,
    )
