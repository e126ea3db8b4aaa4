"""MCP over streamable HTTP: JSON-RPC messages, one or a batch.

Shapes: Model Context Protocol specification, transports, tools, prompts, resources, sampling,
elicitation; JSON-RPC 2.0. Either side asks and answers, so in both directions a body may hold
calls and results.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from excise.codecs.base import NOBODY, Asked, Label
from excise.codecs.dialects.json_dialect import JsonDialect
from excise.codecs.facts import word
from excise.codecs.json.value import member, parse_json, plain_value
from excise.codecs.labels import ROLES, Entry, Field, Fields, Labeler, make_label
from excise.codecs.refusal import build_reply, message_of
from excise.errors import Unreadable
from excise.model import Part, Refusal, Reply, Role

REQUEST_ROOT: Final = Label(Role.USER, Part.METADATA, False, "message")
RESPONSE_ROOT: Final = Label(Role.TOOL, Part.METADATA, False, "message")

REFUSED: Final = -32000
"""The first of the codes that JSON-RPC leaves to servers."""

_TEXT: Final = Field(plain=True)
_BLOCKS: Final = Field(plain=True, state="blocks")
_TURNS: Final = Field(Role.USER, Part.PROMPT, state="turns")
_TOOLS: Final = Field(Role.SYSTEM, Part.TOOL_DEFINITION)
_ARGUMENTS: Final = Field(part=Part.TOOL_ARGUMENTS)

_FIELDS: Final[Mapping[str, Fields]] = {
    "message": {
        "params": Field(part=Part.METADATA, state="params"),
        "result": Field(part=Part.TOOL_RESULT, state="result"),
        "error": Field(part=Part.TOOL_RESULT, state="error"),
    },
    "params": {
        "arguments": _ARGUMENTS,
        "argument": _ARGUMENTS,
        "messages": _TURNS,
        "systemPrompt": Field(Role.SYSTEM, Part.PROMPT, plain=True),
        "message": _TEXT,
    },
    "result": {
        "content": _BLOCKS,
        "contents": Field(part=Part.DOCUMENT, state="blocks"),
        "messages": _TURNS,
        "instructions": Field(Role.SYSTEM, Part.PROMPT, plain=True),
        **dict.fromkeys(("tools", "prompts", "resources", "resourceTemplates"), _TOOLS),
    },
    "error": {"message": _TEXT},
    "turn": {"content": _BLOCKS},
    "block": {"text": _TEXT, "resource": Field(part=Part.DOCUMENT, state="block")},
}


def _turn(place: Label, members: Mapping[str, Any]) -> Label:
    return make_label(ROLES.get(word(members.get("role")), Role.USER), Part.PROMPT, False, "turn")


def _block(place: Label, members: Mapping[str, Any]) -> Label:
    return make_label(place.role, place.part, False, "block")


_ENTRIES: Final[Mapping[str, Entry]] = {"turns": _turn, "blocks": _block}

label_request: Final = Labeler(_FIELDS, _ENTRIES)
label_response: Final = label_request


class McpJsonrpc(JsonDialect):
    """The dialect of an MCP endpoint."""

    name: str = "mcp-jsonrpc"
    request_labels = (label_request, REQUEST_ROOT)
    response_labels = (label_response, RESPONSE_ROOT)
    usage_keys = ("", "")

    def refuse(self, refusal: Refusal, asked: Asked = NOBODY) -> Reply:
        """A JSON-RPC error for every call asked for, with HTTP 200 as the transport wants it.

        Where no call is known, the error has the id null, which clients drop, and the status is
        the refusal's, which they show.
        """
        message = message_of(refusal)
        calls = list(_calls_in(asked.body))
        reply = build_reply(refusal, build_error(calls[0] if calls else None, message))
        if not calls:
            return reply
        errors = [build_error(call, message) for call in calls]
        body = reply.body if len(calls) == 1 else json.dumps(errors).encode()
        return replace(reply, status=200, body=body)


def build_error(call: Any, message: str) -> dict[str, Any]:
    """The error that answers the call of this id."""
    return {"jsonrpc": "2.0", "id": call, "error": {"code": REFUSED, "message": message}}


def messages_of(document: Any) -> list[Any]:
    """The messages of a parsed body, be it one or a batch."""
    return document if type(document) is list else [document]


def _calls_in(request: bytes) -> Iterator[Any]:
    """The ids of the calls that wait for an answer."""
    try:
        (document,), _ = parse_json(request, many=False)
    except Unreadable:
        return
    for message in messages_of(document):
        call = member(message, "id")
        if call is not None and member(message, "method") is not None:
            yield plain_value(call)
