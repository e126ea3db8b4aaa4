"""Google's Gemini API and Vertex AI: content generation, token counts, embeddings and batches.

Shapes: Gemini API reference, generateContent, embedContent, batchGenerateContent; Vertex AI
reference, inference and predict. Keys come in camelCase and in snake_case, for proto3 JSON takes
both; Code Assist wraps the request in `request` and the answer in `response`. Thought signatures
are opaque: sent back altered, the turn is refused upstream.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from excise.codecs.base import NOBODY, Asked, Label, StreamReader
from excise.codecs.dialects.json_dialect import JsonDialect
from excise.codecs.facts import Facts, word
from excise.codecs.json.span import JsonReading, read_json
from excise.codecs.json.value import member, whole_number
from excise.codecs.labels import OPAQUE, ROLES, Entry, Field, Fields, Labeler, make_label
from excise.codecs.refusal import build_reply, message_of
from excise.model import Part, Refusal, Reply, Role, Usage

REQUEST_ROOT: Final = Label(Role.USER, Part.METADATA, False, "request")
RESPONSE_ROOT: Final = Label(Role.ASSISTANT, Part.METADATA, False, "response")

_TEXT: Final = Field(plain=True)
_PROMPT: Final = Field(Role.USER, Part.PROMPT, plain=True)
_TURNS: Final = Field(Role.USER, Part.PROMPT, plain=True, state="turns")
_SYSTEM: Final = Field(Role.SYSTEM, Part.PROMPT, plain=True, state="content")
_TOOLS: Final = Field(Role.SYSTEM, Part.TOOL_DEFINITION)
_EMBEDDED: Final = Field(Role.USER, Part.EMBEDDING_INPUT, plain=True, state="content")
_REQUEST: Final = Field(Role.USER, Part.METADATA, state="request")
_RESPONSE: Final = Field(Role.ASSISTANT, Part.METADATA, state="response")
_FILE: Final = Field(part=Part.DOCUMENT, state="file")
_CALL: Final = Field(part=Part.TOOL_ARGUMENTS, state="code")
_RESULT: Final = Field(Role.TOOL, Part.TOOL_RESULT, state="result")
_BLOB: Final = Field(part=Part.REASONING, state=OPAQUE)


def either(node: Any, camel: str, snake: str) -> Any:
    """A member under whichever of its two spellings it stands."""
    value = member(node, camel)
    return member(node, snake) if value is None else value


def snaked(fields: Mapping[str, Field]) -> Fields:
    """The fields under both spellings of their names."""
    snake = {
        "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name): field
        for name, field in fields.items()
    }
    return {**fields, **snake}


FIELDS: Final[Mapping[str, Fields]] = {
    "request": snaked(
        {
            "contents": _TURNS,
            "systemInstruction": _SYSTEM,
            "tools": _TOOLS,
            "toolConfig": _TOOLS,
            "generationConfig": Field(state="config"),
            "content": _EMBEDDED,
            "title": Field(Role.USER, Part.EMBEDDING_INPUT, plain=True),
            "instances": Field(Role.USER, Part.PROMPT, plain=True, state="instance"),
            # Each of these holds requests again: Code Assist, counting, batches.
            "request": _REQUEST,
            "requests": _REQUEST,
            "generateContentRequest": _REQUEST,
            "batch": _REQUEST,
            "inputConfig": _REQUEST,
        }
    ),
    "config": snaked(
        {"responseSchema": _TOOLS, "responseJsonSchema": _TOOLS, "speechConfig": Field()}
    ),
    "instance": {"content": _PROMPT, "prompt": _PROMPT, "text": _PROMPT, "title": _PROMPT},
    "content": {"parts": Field(plain=True, state="parts"), "text": _TEXT},
    "part": snaked(
        {
            "text": _TEXT,
            "inlineData": _FILE,
            "fileData": _FILE,
            "functionCall": _CALL,
            "toolCall": _CALL,
            "executableCode": _CALL,
            "functionResponse": _RESULT,
            "toolResponse": _RESULT,
            "codeExecutionResult": _RESULT,
            "thoughtSignature": _BLOB,
        }
    ),
    "code": {"code": _TEXT},
    "result": {"output": _TEXT, "parts": Field(plain=True, state="parts")},
    "response": snaked(
        {
            "candidates": Field(Role.ASSISTANT, Part.COMPLETION, state="candidate"),
            "predictions": Field(Role.ASSISTANT, Part.COMPLETION, plain=True, state="prediction"),
            "response": _RESPONSE,
            "inlinedResponses": _RESPONSE,
        }
    ),
    "candidate": {"content": Field(state="content")},
    "prediction": {"content": _TEXT, "text": _TEXT},
}

_USER: Final = make_label(Role.USER, Part.PROMPT, False, "content")
_SPEAKERS: Final = {
    name: make_label(role, Part.PROMPT, False, "content") for name, role in ROLES.items()
}


def _turn(place: Label, members: Mapping[str, Any]) -> Label:
    # Parts, or one of them, are taken for a turn as well.
    if "parts" not in members and "role" not in members:
        return _part(place, members)
    return _SPEAKERS.get(word(members.get("role")), _USER)


def _part(place: Label, members: Mapping[str, Any]) -> Label:
    part = Part.REASONING if members.get("thought") is True else place.part
    return make_label(place.role, part, False, "part")


ENTRIES: Final[Mapping[str, Entry]] = {"turns": _turn, "parts": _part}

label_request: Final = Labeler(FIELDS, ENTRIES)
label_response: Final = label_request

_STATUSES: Final = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


class GeminiContent(JsonDialect):
    """The dialect of `:generateContent` and what is called beside it."""

    name: str = "gemini-content"
    request_labels = (label_request, REQUEST_ROOT)
    response_labels = (label_response, RESPONSE_ROOT)
    usage_keys = ("promptTokenCount", "candidatesTokenCount")

    def read_response(self, body: bytes) -> JsonReading:
        """Raises `Unreadable`."""
        return read_json(body, *self.response_labels, codec=self.name, facts=answer_facts)

    def refuse(self, refusal: Refusal, asked: Asked = NOBODY) -> Reply:
        """`{"error": {"code", "message", "status", "details"}}`."""
        status = "INTERNAL" if refusal.status >= 500 else "INVALID_ARGUMENT"
        error = {
            "code": refusal.status,
            "message": message_of(refusal),
            "status": _STATUSES.get(refusal.status, status),
            "details": [],
        }
        return build_reply(refusal, {"error": error})


class GeminiStream(GeminiContent):
    """The dialect of `:streamGenerateContent`, which streams a JSON array where the client does
    not ask for events. By its media type alone that cannot be told from a whole answer."""

    name: str = "gemini-stream"

    def __init__(
        self, open_events: Callable[[], StreamReader], open_array: Callable[[], StreamReader]
    ) -> None:
        super().__init__(open_events)
        self._open_array = open_array

    def refuse(self, refusal: Refusal, asked: Asked = NOBODY) -> Reply:
        """The same error, inside of an array where the client did not ask for events."""
        reply = super().refuse(refusal, asked)
        if not asked.target or "alt=sse" in asked.target:
            return reply
        return replace(reply, body=b"[" + reply.body + b"]")

    def open_stream(self, media_type: str) -> StreamReader | None:
        """A reader for events or for an array, None where it is neither."""
        if media_type.partition(";")[0].strip().lower() == "application/json":
            return self._open_array()
        return super().open_stream(media_type)


def answer_facts(document: Any) -> Facts:
    """Of an answer, or of one of its pieces."""
    answer = member(document, "response") or document
    return Facts(
        model=word(either(answer, "modelVersion", "model_version")),
        usage=_read_usage(either(answer, "usageMetadata", "usage_metadata")),
    )


def _read_usage(counts: Any) -> Usage | None:
    """Thoughts are generated, and paid for, but counted apart."""
    if type(counts) is not tuple:
        return None
    said = whole_number(either(counts, "candidatesTokenCount", "candidates_token_count"))
    thought = whole_number(either(counts, "thoughtsTokenCount", "thoughts_token_count"))
    return Usage(
        input=whole_number(either(counts, "promptTokenCount", "prompt_token_count")),
        output=None if said is None and thought is None else (said or 0) + (thought or 0),
    )
