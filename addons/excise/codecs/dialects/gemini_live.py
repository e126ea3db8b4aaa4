"""Gemini Live (`BidiGenerateContent`) of the Gemini API and of Vertex AI.

Shapes: Gemini API reference, Live API. Contents, parts and tools are those of `generateContent`;
keys come in camelCase and in snake_case. The server speaks JSON in binary messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from excise.codecs.base import Label
from excise.codecs.dialects.gemini_content import ENTRIES, FIELDS, GeminiContent, snaked
from excise.codecs.framing.ssejson import write_json
from excise.codecs.labels import Field, Fields, Labeler
from excise.model import Part, Role

REQUEST_ROOT: Final = Label(Role.USER, Part.METADATA, False, "message")
RESPONSE_ROOT: Final = Label(Role.ASSISTANT, Part.METADATA, False, "said")

_FILE: Final = Field(part=Part.DOCUMENT)
_FIELDS: Final[Mapping[str, Fields]] = {
    **FIELDS,
    "message": snaked(
        {
            "setup": Field(Role.USER, Part.METADATA, state="request"),
            "clientContent": Field(Role.USER, Part.PROMPT, state="spoken"),
            "realtimeInput": Field(Role.USER, Part.PROMPT, state="live"),
            "toolResponse": Field(Role.TOOL, Part.TOOL_RESULT),
        }
    ),
    "spoken": {"turns": Field(Role.USER, Part.PROMPT, plain=True, state="turns")},
    "live": snaked(
        {
            "text": Field(plain=True),
            "audio": _FILE,
            "video": _FILE,
            "mediaChunks": _FILE,
        }
    ),
    "said": snaked(
        {
            "serverContent": Field(Role.ASSISTANT, Part.COMPLETION, state="content-of-server"),
            "toolCall": Field(Role.ASSISTANT, Part.TOOL_ARGUMENTS),
        }
    ),
    "content-of-server": snaked(
        {
            "modelTurn": Field(Role.ASSISTANT, Part.COMPLETION, plain=True, state="content"),
            "outputTranscription": Field(Role.ASSISTANT, Part.COMPLETION, state="transcript"),
            "inputTranscription": Field(Role.USER, Part.PROMPT, state="transcript"),
        }
    ),
    "transcript": {"text": Field(plain=True)},
}

label_request: Final = Labeler(_FIELDS, ENTRIES)
label_response: Final = label_request


class GeminiLive(GeminiContent):
    """The dialect of the paths that are only ever upgraded."""

    name: str = "gemini-live"
    request_labels = (label_request, REQUEST_ROOT)
    response_labels = (label_response, RESPONSE_ROOT)


def either_of(message: Any, camel: str, snake: str) -> Any:
    """A member under whichever of its two spellings it stands; None where there is none."""
    if type(message) is not dict:
        return None
    return message.get(camel, message.get(snake))


def build_notice(notice: str) -> tuple[bytes, bytes]:
    """A turn of the model's that says `notice`, and its end."""
    parts = {"role": "model", "parts": [{"text": notice}]}
    return (
        write_json({"serverContent": {"modelTurn": parts}}),
        write_json({"serverContent": {"turnComplete": True}}),
    )
