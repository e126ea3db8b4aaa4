"""The dialect of everything else: any JSON, JSON lines, forms and plain text of a known host.

What a body says of itself does not count, only what it is: clients send JSON as a form, and
forms as text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from excise.codecs.base import NOBODY, Asked, Label, Reading
from excise.codecs.dialects.json_dialect import EventStreams
from excise.codecs.dialects.plaintext import is_form, read_form, read_text
from excise.codecs.facts import Facts, request_facts, usage_anywhere, word
from excise.codecs.framing.grpc import is_framed, is_grpc, read_grpc, refuse_grpc
from excise.codecs.framing.multipart import (
    is_binary,
    is_file,
    is_multipart,
    read_file,
    read_multipart,
)
from excise.codecs.json.span import JsonReading, read_json
from excise.codecs.json.value import member
from excise.codecs.labels import ROLES, Entry, Field, Fields, Labeler, make_label
from excise.codecs.media import kind_of
from excise.codecs.refusal import build_reply, openai_error
from excise.model import Part, Refusal, Reply, Role

REQUEST_ROOT: Final = Label(Role.USER, Part.PROMPT, False, "any")
RESPONSE_ROOT: Final = Label(Role.ASSISTANT, Part.COMPLETION, False, "any")

_RUNNING: Final = Field(plain=True, state="any")
_SYSTEM: Final = Field(Role.SYSTEM, plain=True, state="any")
_TOOLS: Final = Field(Role.SYSTEM, Part.TOOL_DEFINITION)
_ARGUMENTS: Final = Field(part=Part.TOOL_ARGUMENTS)
_RESULT: Final = Field(Role.TOOL, Part.TOOL_RESULT)

# Names that mean the same wherever they stand in the bodies of LLM hosts.
_ANY: Final[Fields] = {
    **dict.fromkeys(
        (
            *("content", "contents", "text", "texts", "parts", "prompt", "message", "input"),
            *("inputs", "inputText", "query", "suffix", "delta", "v", "value", "completion"),
            *("tokens", "token_ids", "input_ids"),  # numbers, which are marked
        ),
        _RUNNING,
    ),
    **dict.fromkeys(
        (
            *("system", "systemInstruction", "system_instruction", "instructions", "preamble"),
            "additional_instructions",
        ),
        _SYSTEM,
    ),
    **dict.fromkeys(
        (*("tools", "functions", "functionDeclarations", "toolConfig", "responseSchema"),), _TOOLS
    ),
    **dict.fromkeys(("functionCall", "toolUse", "tool_calls", "arguments", "args"), _ARGUMENTS),
    **dict.fromkeys(("functionResponse", "toolResult", "tool_results", "tool_outputs"), _RESULT),
    "extracted_content": Field(part=Part.DOCUMENT, plain=True),
    "metadata": Field(part=Part.METADATA),
}


def _any(place: Label, members: Mapping[str, Any]) -> Label:
    """An object that names its speaker passes the role on to all that is in it."""
    author = members.get("author")
    named = members.get("role") or (dict(author).get("role") if type(author) is tuple else None)
    role = ROLES.get(word(named).lower(), place.role) if named else place.role
    part = Part.TOOL_RESULT if role is Role.TOOL and place.part is Part.PROMPT else place.part
    return make_label(role, part, False, "open")


_FIELDS: Final[Mapping[str, Fields]] = {"any": _ANY, "open": _ANY}
_ENTRIES: Final[Mapping[str, Entry]] = {"any": _any}

label_request: Final = Labeler(_FIELDS, _ENTRIES, rest="any")
label_response: Final = label_request


def _answered(document: Any) -> Facts:
    return Facts(model=word(member(document, "model")), usage=usage_anywhere(document))


class GenericJson(EventStreams):
    """The fallback: every string of every JSON body, and text that is not JSON."""

    name: str = "generic-json"

    def read_request(self, body: bytes) -> Reading:
        """Raises `Unreadable`."""
        return self._read(body, REQUEST_ROOT, request_facts)

    def read_response(self, body: bytes) -> Reading:
        """Raises `Unreadable`."""
        return self._read(body, RESPONSE_ROOT, _answered)

    def _read(self, body: bytes, root: Label, facts: Any) -> Reading:
        start = body[:64].removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
        if is_file(body):
            return read_file(body, root.role, self.name)
        if not body.strip():
            return JsonReading(codec=self.name, segments=(), body=body)
        if is_multipart(body):
            return read_multipart(body, root.role, self.name)
        if is_framed(body):
            return read_grpc(body, root, self.name)
        if start in _JSON_STARTS or (b"\0" in body[:4] and not kind_of(body[:64])):
            return read_json(body, label_request, root, codec=self.name, facts=facts, many=True)
        if is_form(body):
            return read_form(body, root.role, root.part, self.name)
        if is_binary(body):
            return read_file(body, root.role, self.name)
        return read_text(body, root.role, root.part, self.name)

    def refuse(self, refusal: Refusal, asked: Asked = NOBODY) -> Reply:
        """OpenAI's error shape, which most providers share; gRPC's where that was asked in."""
        if is_grpc(asked.media_type):
            return refuse_grpc(refusal, asked.media_type)
        return build_reply(refusal, openai_error(refusal))


_JSON_STARTS: Final = (b"{", b"[", b'"')
