"""A response that is broken off is closed from the inside out."""

from __future__ import annotations

import json
from typing import Any

from excise.codecs.dialects.responses_ending import Ending


def events(out: bytes) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in out.decode().splitlines() if line[:6] == "data: "]


def kinds(out: bytes) -> list[str]:
    return [event["type"].removeprefix("response.") for event in events(out)]


NEW_MESSAGE = [
    "output_item.added",
    "content_part.added",
    "output_text.delta",
    "output_text.done",
    "content_part.done",
    "output_item.done",
    "completed",
]


def test_before_anything_a_whole_response_is_told() -> None:
    out = Ending().write("No.")
    assert kinds(out) == ["created", *NEW_MESSAGE]
    told = events(out)
    assert [event["sequence_number"] for event in told] == list(range(8))
    response = told[-1]["response"]
    assert response["status"] == "completed"
    assert response["output"][0]["content"][0]["text"] == "No."
    assert told[1]["item"]["content"] == []


def test_an_open_text_takes_the_notice() -> None:
    ending = Ending()
    ending.sequence = 5
    ending.note("response.created", 0, 0, {"response": {"id": "r"}})
    item = {"id": "m", "type": "message", "status": "in_progress", "content": []}
    ending.note("response.output_item.added", 0, 0, {"item": item})
    part = {"type": "output_text", "text": "", "annotations": []}
    ending.note("response.content_part.added", 0, 0, {"part": part})
    ending.spell(0, 0, "response.output_text", "Hel")
    ending.spell(0, 0, "response.output_text", "lo")
    out = ending.write("No.")
    assert kinds(out) == NEW_MESSAGE[2:]
    delta, done, *_, last = events(out)
    assert (delta["delta"], delta["sequence_number"]) == ("\n\nNo.", 5)
    assert done["text"] == "Hello\n\nNo."
    assert last["response"]["id"] == "r"
    assert last["response"]["output"][0]["status"] == "completed"


def test_a_call_is_closed_as_json_and_the_notice_follows_it() -> None:
    ending = Ending()
    ending.note("response.created", 0, 0, {"response": {"id": "r"}})
    call = {"id": "f", "type": "function_call", "name": "n", "arguments": ""}
    ending.note("response.output_item.added", 0, 0, {"item": call})
    ending.spell(0, 0, "response.function_call_arguments", '{"a": "b')
    out = ending.write("No.")
    assert kinds(out) == [
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        *NEW_MESSAGE,
    ]
    _, done, item, *_, last = events(out)
    assert json.loads(done["arguments"]) == {"a": "b"}
    assert item["item"]["arguments"] == done["arguments"]
    assert [each["type"] for each in last["response"]["output"]] == ["function_call", "message"]


def test_closed_items_are_repeated_as_the_client_got_them() -> None:
    ending = Ending()
    item = {"id": "m", "type": "message", "content": [{"type": "output_text", "text": "[X]"}]}
    ending.note("response.output_item.added", 0, 0, {"item": {"id": "m", "type": "message"}})
    ending.note("response.output_item.done", 0, 0, {"item": item})
    last = events(ending.write("No."))[-1]
    assert last["response"]["output"][0] == item


def test_a_refusal_is_closed_and_the_notice_stands_beside_it() -> None:
    ending = Ending()
    ending.note("response.output_item.added", 0, 0, {"item": {"id": "m", "type": "message"}})
    ending.note("response.content_part.added", 0, 0, {"part": {"type": "refusal", "refusal": ""}})
    ending.spell(0, 0, "response.refusal", "I can")
    last = events(ending.write("No."))[-1]
    assert [
        part.get("refusal") or part.get("text") for part in last["response"]["output"][0]["content"]
    ] == ["I can", "No."]
