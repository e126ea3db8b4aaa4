"""OpenAI Responses, conversations and their items, as requests, answers and stream events.

Shapes: OpenAI API reference, responses; wire types of items as the official clients declare them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from excise.codecs.base import NOBODY, Asked, Label
from excise.codecs.dialects.json_dialect import JsonDialect
from excise.codecs.facts import word
from excise.codecs.labels import OPAQUE, ROLES, Entry, Field, Fields, Labeler, make_label
from excise.codecs.refusal import build_reply, openai_error
from excise.model import Part, Refusal, Reply, Role

REQUEST_ROOT: Final = Label(Role.USER, Part.METADATA, False, "request")
RESPONSE_ROOT: Final = Label(Role.ASSISTANT, Part.METADATA, False, "response")

_TEXT: Final = Field(plain=True)
_TOOLS: Final = Field(Role.SYSTEM, Part.TOOL_DEFINITION)
_SYSTEM: Final = Field(Role.SYSTEM, Part.PROMPT, plain=True, state="items")
_RESULT: Final = Field(Role.TOOL, Part.TOOL_RESULT, plain=True, state="parts")
_CIPHER: Final = Field(part=Part.REASONING, state=OPAQUE)
_COMPLETION: Final = Field(Role.ASSISTANT, Part.COMPLETION, plain=True)

_ITEM: Final[Fields] = {"encrypted_content": _CIPHER}
FIELDS: Final[Mapping[str, Fields]] = {
    "request": {
        "instructions": _SYSTEM,
        "input": Field(Role.USER, Part.PROMPT, plain=True, state="items"),
        "items": Field(Role.USER, Part.PROMPT, plain=True, state="items"),
        "prompt": Field(Role.USER, Part.PROMPT),
        "tools": _TOOLS,
        "text": _TOOLS,
    },
    "message": {**_ITEM, "content": Field(plain=True, state="parts")},
    "part": {"text": _TEXT, "refusal": _TEXT, "transcript": _TEXT},
    "file": dict.fromkeys(("image_url", "file_data", "file_url"), _TEXT),
    "call": {
        **_ITEM,
        "arguments": _TEXT,
        "input": _TEXT,
        "code": _TEXT,
        "output": _RESULT,
        "outputs": _RESULT,
        "result": _RESULT,
        "results": _RESULT,
        "error": _RESULT,
    },
    "result": {**_ITEM, "output": _RESULT, "result": _RESULT},
    "reasoning": {
        **_ITEM,
        "summary": Field(plain=True, state="parts"),
        "content": Field(plain=True, state="parts"),
    },
    "item": _ITEM,
    "response": {
        "output": Field(Role.ASSISTANT, Part.COMPLETION, plain=True, state="items"),
        "output_text": _COMPLETION,
        "instructions": _SYSTEM,
        "tools": _TOOLS,
        "text": _TOOLS,
        # Members of stream events: `response.output_item.done` and its like.
        "response": Field(state="response"),
        "item": Field(Role.ASSISTANT, Part.COMPLETION, state="items"),
        "part": Field(Role.ASSISTANT, Part.COMPLETION, state="parts"),
    },
}

# Types of items that are no message, by what they are to the model.
_CALLS: Final = frozenset(
    {
        "function_call",
        "custom_tool_call",
        "local_shell_call",
        "shell_call",
        "apply_patch_call",
        "computer_call",
        "mcp_call",
        "mcp_approval_request",
        "web_search_call",
        "file_search_call",
        "tool_search_call",
        "code_interpreter_call",
        "image_generation_call",
        "program",
    }
)
_DEFINITIONS: Final = frozenset({"mcp_list_tools", "additional_tools"})
_FILES: Final = frozenset({"input_image", "input_file", "input_audio", "computer_screenshot"})


def _item(place: Label, members: Mapping[str, Any]) -> Label:
    kind = word(members.get("type"))
    if kind in _CALLS:
        return make_label(Role.ASSISTANT, Part.TOOL_ARGUMENTS, False, "call")
    if kind.endswith("_output"):
        return make_label(Role.TOOL, Part.TOOL_RESULT, False, "result")
    if kind == "reasoning":
        return make_label(Role.ASSISTANT, Part.REASONING, False, "reasoning")
    if kind in _DEFINITIONS:
        return make_label(Role.SYSTEM, Part.TOOL_DEFINITION, False, "item")
    if kind == "message" or "role" in members:
        role = ROLES.get(word(members.get("role")), place.role)
        return make_label(role, place.part, False, "message")
    return make_label(place.role, place.part, False, "item")


def _part(place: Label, members: Mapping[str, Any]) -> Label:
    if word(members.get("type")) in _FILES:
        return make_label(place.role, Part.DOCUMENT, False, "file")
    return make_label(place.role, place.part, False, "part")


ENTRIES: Final[Mapping[str, Entry]] = {"items": _item, "parts": _part}

label_request: Final = Labeler(FIELDS, ENTRIES)
label_response: Final = label_request


class OpenAIResponses(JsonDialect):
    """The dialect of `/v1/responses` and of conversations."""

    name: str = "openai-responses"
    request_labels = (label_request, REQUEST_ROOT)
    response_labels = (label_response, RESPONSE_ROOT)
    usage_keys = ("input_tokens", "output_tokens")

    def refuse(self, refusal: Refusal, asked: Asked = NOBODY) -> Reply:
        """`{"error": {"message", "type", "param", "code"}}`."""
        return build_reply(refusal, openai_error(refusal))
