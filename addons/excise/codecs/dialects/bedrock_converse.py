"""Amazon Bedrock Converse: messages, tool use, documents, guardrails.

Shapes: Bedrock Runtime API reference, Converse, ConverseStream, CountTokens, ApplyGuardrail.
Reasoning is signed: its text is read and sealed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from excise.codecs.base import NOBODY, Asked, Label, StreamReader
from excise.codecs.dialects.json_dialect import JsonDialect
from excise.codecs.facts import word
from excise.codecs.labels import OPAQUE, ROLES, SEALED, Entry, Field, Fields, Labeler, make_label
from excise.codecs.refusal import build_reply, message_of
from excise.model import Part, Refusal, Reply, Role

REQUEST_ROOT: Final = Label(Role.USER, Part.METADATA, False, "request")
RESPONSE_ROOT: Final = Label(Role.ASSISTANT, Part.METADATA, False, "response")

_TEXT: Final = Field(plain=True)
_BLOCKS: Final = Field(plain=True, state="blocks")
_REQUEST: Final = Field(Role.USER, Part.METADATA, state="request")
_SAID: Final = Field(Role.ASSISTANT, Part.COMPLETION, state="blocks")
_MEDIA: Final = Field(part=Part.DOCUMENT, state="media")
_BLOB: Final = Field(part=Part.REASONING, state=OPAQUE)
_SIGNED: Final = Field(part=Part.REASONING, plain=True, state=SEALED)

_FIELDS: Final[Mapping[str, Fields]] = {
    "request": {
        "system": Field(Role.SYSTEM, Part.PROMPT, plain=True, state="blocks"),
        "messages": Field(Role.USER, Part.PROMPT, state="turns"),
        "toolConfig": Field(Role.SYSTEM, Part.TOOL_DEFINITION),
        "outputConfig": Field(Role.SYSTEM, Part.TOOL_DEFINITION),
        "promptVariables": Field(Role.USER, Part.PROMPT, state="blocks"),
        "content": Field(Role.USER, Part.PROMPT, plain=True, state="blocks"),  # of a guardrail
        "input": _REQUEST,  # token counts wrap what they count
        "converse": _REQUEST,
    },
    "turn": {"content": _BLOCKS},
    "block": {
        "text": _TEXT,
        "content": _BLOCKS,
        "guardContent": Field(state="block"),
        "citationsContent": Field(state="block"),
        "image": _MEDIA,
        "document": _MEDIA,
        "video": _MEDIA,
        "audio": _MEDIA,
        "searchResult": _MEDIA,
        "toolUse": Field(part=Part.TOOL_ARGUMENTS, state="call"),
        "toolResult": Field(Role.TOOL, Part.TOOL_RESULT, state="block"),
        "reasoningContent": Field(part=Part.REASONING, state="reasoning"),
    },
    "media": {
        "source": Field(state="media"),
        "text": _TEXT,
        "context": _TEXT,
        "title": _TEXT,
        "content": _BLOCKS,
    },
    # In an answer `input` is an object, in the events of a stream a piece of its JSON.
    "call": {"input": _TEXT},
    "reasoning": {
        "reasoningText": Field(part=Part.REASONING, state="reasoning"),
        "text": _SIGNED,
        "signature": _BLOB,
        "redactedContent": _BLOB,
    },
    "response": {
        "output": Field(Role.ASSISTANT, Part.COMPLETION, state="response"),
        "outputs": _SAID,
        "message": Field(Role.ASSISTANT, Part.COMPLETION, plain=True, state="turn"),
        # Members of stream events.
        "delta": _SAID,
        "start": _SAID,
    },
}


def _turn(place: Label, members: Mapping[str, Any]) -> Label:
    return make_label(ROLES.get(word(members.get("role")), Role.USER), Part.PROMPT, False, "turn")


def _block(place: Label, members: Mapping[str, Any]) -> Label:
    return make_label(place.role, place.part, False, "block")


_ENTRIES: Final[Mapping[str, Entry]] = {"turns": _turn, "blocks": _block}

label_request: Final = Labeler(_FIELDS, _ENTRIES)
label_response: Final = label_request

_ERRORS: Final = {
    403: "AccessDeniedException",
    429: "ThrottlingException",
    503: "ServiceUnavailableException",
}


def is_binary_stream(media_type: str) -> bool:
    """Whether a `Content-Type` announces an AWS event stream."""
    plain = media_type.partition(";")[0].strip().lower()
    return plain == "application/vnd.amazon.eventstream"


def refuse_as_aws(refusal: Refusal) -> Reply:
    """`{"message"}`; which exception a client raises is told by a header."""
    kind = "InternalServerException" if refusal.status >= 500 else "ValidationException"
    reply = build_reply(
        refusal, {"message": message_of(refusal)}, request_id_header="x-amzn-requestid"
    )
    named = ("x-amzn-errortype", _ERRORS.get(refusal.status, kind))
    return replace(reply, headers=(*reply.headers, named))


class BedrockConverse(JsonDialect):
    """The dialect of `/model/{id}/converse` and `/converse-stream`."""

    name: str = "bedrock-converse"
    request_labels = (label_request, REQUEST_ROOT)
    response_labels = (label_response, RESPONSE_ROOT)
    usage_keys = ("inputTokens", "outputTokens")

    def open_stream(self, media_type: str) -> StreamReader | None:
        """A reader for an AWS event stream; this service sends no other."""
        return self._open_events() if is_binary_stream(media_type) else None

    def refuse(self, refusal: Refusal, asked: Asked = NOBODY) -> Reply:
        """`{"message"}` and `x-amzn-errortype`."""
        return refuse_as_aws(refusal)
