"""One answer spelled out on a socket, for each dialect that is read there."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

Spelling = Callable[[Sequence[str]], list[dict[str, Any]]]
Reading = Callable[[list[dict[str, Any]]], str]


class Case(NamedTuple):
    """How a dialect spells a text, how a client puts it together, and how one asks for it.

    `speak` gives a whole answer whose text comes in these pieces; `ask` a message with a text.
    """

    name: str
    host: str
    target: str
    binary: bool
    speak: Spelling
    hear: Reading
    ask: Callable[[str], dict[str, Any]]


# -- OpenAI Responses ----------------------------------------------------------------------------


def responses(pieces: Sequence[str], lane: str = "") -> list[dict[str, Any]]:
    text = "".join(pieces)
    at = {"item_id": "m", "output_index": 0, "content_index": 0}
    item = {"id": "m", "type": "message", "role": "assistant", "status": "in_progress"}
    whole = {"type": "output_text", "text": text, "annotations": []}
    done = {**item, "status": "completed", "content": [whole]}
    usage = {"input_tokens": 3, "output_tokens": 4}
    head = {"id": f"r{lane}", "object": "response", "model": "gpt-5"}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": {**head, "status": "in_progress", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": {**item, "content": []}},
        {"type": "response.content_part.added", **at, "part": {**whole, "text": ""}},
        *({"type": "response.output_text.delta", **at, "delta": piece} for piece in pieces),
        {"type": "response.output_text.done", **at, "text": text},
        {"type": "response.content_part.done", **at, "part": whole},
        {"type": "response.output_item.done", "output_index": 0, "item": done},
        {"type": "response.completed",
         "response": {**head, "status": "completed", "output": [done], "usage": usage}},
    ]  # fmt: skip
    for number, event in enumerate(events):
        event["sequence_number"] = number
        if lane:
            event["stream_id"] = lane
    return events


def hear_responses(events: list[dict[str, Any]]) -> str:
    return "".join(e["delta"] for e in events if e["type"] == "response.output_text.delta")


# -- OpenAI Realtime -----------------------------------------------------------------------------


def realtime(pieces: Sequence[str], name: str = "r1") -> list[dict[str, Any]]:
    text = "".join(pieces)
    at = {"response_id": name, "item_id": f"i{name}", "output_index": 0, "content_index": 0}
    item = {"id": f"i{name}", "type": "message", "role": "assistant", "status": "in_progress"}
    done = {**item, "status": "completed", "content": [{"type": "output_text", "text": text}]}
    usage = {"input_tokens": 3, "output_tokens": 4}
    return [
        {"type": "response.created", "response": {"id": name, "status": "in_progress"}},
        {"type": "response.output_item.added", "response_id": name, "item": item},
        *({"type": "response.output_text.delta", **at, "delta": piece} for piece in pieces),
        {"type": "response.output_text.done", **at, "text": text},
        {"type": "response.output_item.done", "response_id": name, "item": done},
        {"type": "response.done",
         "response": {"id": name, "status": "completed", "output": [done], "usage": usage}},
    ]  # fmt: skip


# -- Gemini Live ---------------------------------------------------------------------------------


def gemini(pieces: Sequence[str]) -> list[dict[str, Any]]:
    counts = {"promptTokenCount": 3, "responseTokenCount": 4}
    return [
        *({"serverContent": {"modelTurn": {"parts": [{"text": piece}]}}} for piece in pieces),
        {"serverContent": {"generationComplete": True}},
        {"serverContent": {"turnComplete": True}, "usageMetadata": counts},
    ]


def hear_gemini(events: list[dict[str, Any]]) -> str:
    turns = [e.get("serverContent", {}).get("modelTurn", {}) for e in events]
    return "".join(part.get("text", "") for turn in turns for part in turn.get("parts", []))


def _ask_responses(text: str) -> dict[str, Any]:
    content = [{"type": "input_text", "text": text}]
    item = {"type": "message", "role": "user", "content": content}
    return {"type": "response.create", "model": "gpt-5", "input": [item]}


def _ask_realtime(text: str) -> dict[str, Any]:
    return {"type": "response.create", "event_id": "e7", "response": {"instructions": text}}


def _ask_gemini(text: str) -> dict[str, Any]:
    turn = {"role": "user", "parts": [{"text": text}]}
    return {"clientContent": {"turns": [turn], "turnComplete": True}}


LIVE = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
CASES = (
    Case("openai-responses", "api.openai.com", "/v1/responses", False,
         responses, hear_responses, _ask_responses),
    Case("openai-realtime", "api.openai.com", "/v1/realtime?model=gpt-realtime", False,
         realtime, hear_responses, _ask_realtime),
    Case("gemini-live", "generativelanguage.googleapis.com", LIVE, True,
         gemini, hear_gemini, _ask_gemini),
)  # fmt: skip


def written(message: dict[str, Any]) -> bytes:
    """A message as it stands on the wire."""
    return json.dumps(message).encode()
