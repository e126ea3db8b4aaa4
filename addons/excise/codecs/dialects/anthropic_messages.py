"""Anthropic messages, token counting and message batches.

Shapes: Anthropic API reference, messages; wire types of blocks as the official clients declare
them. Thinking is signed: a block sent back with another text is refused upstream, so its text is
read and sealed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from excise.codecs.base import NOBODY, Asked, Label
from excise.codecs.dialects.json_dialect import JsonDialect
from excise.codecs.facts import word
from excise.codecs.labels import OPAQUE, ROLES, SEALED, Entry, Field, Fields, Labeler, make_label
from excise.codecs.refusal import build_reply, message_of
from excise.model import Part, Refusal, Reply, Role

REQUEST_ROOT: Final = Label(Role.USER, Part.METADATA, False, "request")
RESPONSE_ROOT: Final = Label(Role.ASSISTANT, Part.METADATA, False, "response")

_TEXT: Final = Field(plain=True)
_BLOCKS: Final = Field(plain=True, state="blocks")
_PROMPT: Final = Field(Role.USER, Part.PROMPT, plain=True)
_SIGNED: Final = Field(part=Part.REASONING, plain=True, state=SEALED)
_BLOB: Final = Field(part=Part.REASONING, state=OPAQUE)
_GENERATED: Final = Field(Role.ASSISTANT, Part.COMPLETION, plain=True, state="blocks")
_BLOCK: Final[Fields] = {
    "text": _TEXT,
    "content": _BLOCKS,
    "source": Field(part=Part.DOCUMENT, state="source"),
    "title": _TEXT,
    "context": _TEXT,
    "input": Field(part=Part.TOOL_ARGUMENTS),
    "encrypted_content": Field(state=OPAQUE),
    "stdout": _TEXT,
    "stderr": _TEXT,
}

_FIELDS: Final[Mapping[str, Fields]] = {
    "request": {
        "system": Field(Role.SYSTEM, Part.PROMPT, plain=True, state="blocks"),
        "messages": Field(Role.USER, Part.PROMPT, state="turns"),
        "prompt": _PROMPT,
        "tools": Field(Role.SYSTEM, Part.TOOL_DEFINITION),
        "requests": Field(Role.USER, Part.METADATA, state="batch"),
        # The web's.
        "attachments": Field(Role.USER, Part.DOCUMENT, state="attachment"),
        "personalized_styles": Field(Role.SYSTEM, Part.PROMPT),
    },
    "batch": {"params": Field(Role.USER, Part.METADATA, state="request")},
    "attachment": {"extracted_content": _TEXT},
    "turn": {"content": _BLOCKS},
    "block": _BLOCK,
    "source": {"data": _TEXT, "url": _TEXT, "content": _BLOCKS},
    "thinking": {"thinking": _SIGNED, "signature": _BLOB},
    "redacted": {"data": _BLOB},
    "response": {
        "content": _GENERATED,
        "completion": _GENERATED,
        # Members of stream events.
        "message": Field(state="response"),
        "content_block": _GENERATED,
        "delta": Field(Role.ASSISTANT, Part.COMPLETION, state="delta"),
    },
    "delta": {
        "text": _TEXT,
        "partial_json": Field(part=Part.TOOL_ARGUMENTS, plain=True),
        "thinking": _SIGNED,
        "signature": _BLOB,
    },
}

_CALLS: Final = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})
_DOCUMENTS: Final = frozenset(
    {"document", "image", "search_result", "container_upload", "web_search_result"}
)


_USER: Final = make_label(Role.USER, Part.PROMPT, False, "turn")
_TURNS: Final = {name: make_label(role, Part.PROMPT, False, "turn") for name, role in ROLES.items()}


def _turn(place: Label, members: Mapping[str, Any]) -> Label:
    return _TURNS.get(word(members.get("role")), _USER)


def _block(place: Label, members: Mapping[str, Any]) -> Label:
    kind = word(members.get("type"))
    if kind == "thinking":
        return make_label(place.role, Part.REASONING, False, "thinking")
    if kind == "redacted_thinking":
        return make_label(place.role, Part.REASONING, False, "redacted")
    if kind in _CALLS:
        return make_label(place.role, Part.TOOL_ARGUMENTS, False, "block")
    if kind.endswith("tool_result"):
        return make_label(Role.TOOL, Part.TOOL_RESULT, False, "block")
    if kind in _DOCUMENTS and place.part is not Part.TOOL_RESULT:
        return make_label(place.role, Part.DOCUMENT, False, "block")
    return make_label(place.role, place.part, False, "block")


_ENTRIES: Final[Mapping[str, Entry]] = {"turns": _turn, "blocks": _block}

label_request: Final = Labeler(_FIELDS, _ENTRIES)
label_response: Final = label_request

_ERRORS: Final = {403: "permission_error", 429: "rate_limit_error"}


class AnthropicMessages(JsonDialect):
    """The dialect of `/v1/messages` and what lies below it."""

    name: str = "anthropic-messages"
    request_labels = (label_request, REQUEST_ROOT)
    response_labels = (label_response, RESPONSE_ROOT)
    usage_keys = ("input_tokens", "output_tokens")

    def refuse(self, refusal: Refusal, asked: Asked = NOBODY) -> Reply:
        """`{"type": "error", "error": {"type", "message"}, "request_id"}`."""
        kind = "api_error" if refusal.status >= 500 else "invalid_request_error"
        return build_reply(
            refusal,
            {
                "type": "error",
                "error": {
                    "type": _ERRORS.get(refusal.status, kind),
                    "message": message_of(refusal),
                },
                "request_id": refusal.reference,
            },
            request_id_header="request-id",
        )
