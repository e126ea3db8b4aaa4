"""OpenAI Realtime: sessions, items and responses, as events of either side and as HTTP bodies.

Shapes: OpenAI API reference, realtime client and server events. Items, parts and tools are those
of Responses; a session holds what a response is asked with.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from excise.codecs.base import Label
from excise.codecs.dialects.openai_responses import ENTRIES, FIELDS, OpenAIResponses
from excise.codecs.labels import Field, Fields, Labeler
from excise.model import Part, Role

REQUEST_ROOT: Final = Label(Role.USER, Part.METADATA, False, "event")
RESPONSE_ROOT: Final = Label(Role.ASSISTANT, Part.METADATA, False, "answer")

_ASKED: Final = Field(Role.USER, Part.METADATA, state="request")
_SPOKEN: Final = Field(Role.USER, Part.PROMPT, plain=True)
_FIELDS: Final[Mapping[str, Fields]] = {
    **FIELDS,
    "event": {
        **FIELDS["request"],
        "session": _ASKED,
        "response": _ASKED,
        "item": Field(Role.USER, Part.PROMPT, state="items"),
        "audio": Field(Role.USER, Part.DOCUMENT, plain=True),
    },
    "answer": {
        **FIELDS["response"],
        "session": _ASKED,
        "transcript": _SPOKEN,
    },
}

label_request: Final = Labeler(_FIELDS, ENTRIES)
label_response: Final = label_request


class OpenAIRealtime(OpenAIResponses):
    """The dialect of `/v1/realtime` and what is called below it."""

    name: str = "openai-realtime"
    request_labels = (label_request, REQUEST_ROOT)
    response_labels = (label_response, RESPONSE_ROOT)


def answer_of(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The response that an event carries, or nothing."""
    response = document.get("response")
    return response if type(response) is dict else {}
