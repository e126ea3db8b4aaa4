"""Gemini streams: what goes on, what stands whole, and how the answer is ended."""

from __future__ import annotations

import json
from typing import Any

import pytest
from framings import FRAMINGS, compact, load_events

from excise.codecs.base import StreamEvent
from excise.codecs.dialects.gemini_content_stream import GeminiContentStream
from excise.model import Usage


def read(*events: Any, array: bool = False) -> tuple[GeminiContentStream, list[StreamEvent]]:
    reader = GeminiContentStream(array=array)
    framing = FRAMINGS["array" if array else "sse"]
    return reader, list(reader.feed(framing.write(list(events))))


def piece(*parts: Any, **more: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"role": "model", "parts": list(parts)}, **more}]}


def test_texts_and_thoughts_are_channels_and_end_where_the_other_begins() -> None:
    _, events = read(
        piece({"text": "a", "thought": True}),
        piece({"text": "b"}),
        piece({"functionCall": {"name": "f", "args": {"k": "v"}}}),
        piece({"text": "c"}, finishReason="STOP"),
    )
    keys = [[delta.channel.key for delta in event.deltas] for event in events]
    assert keys == [[(0, "thought")], [(0, "text")], [], [(0, "text")]]
    ends = [[channel.key for channel in event.ends] for event in events]
    assert ends == [[], [(0, "thought")], [(0, "text")], [(0, "text")]]
    assert "v" in [segment.text for segment in events[2].segments]


def test_candidates_tokens_and_partial_arguments_are_told_apart() -> None:
    _, events = read(*load_events("gemini-content", "calls"))
    keys = {delta.channel.key for event in events for delta in event.deltas}
    assert keys == {(0, "text"), (1, "text"), (0, "argument", "$.a")}
    _, events = read(*load_events("gemini-content", "text"))
    assert [delta.channel.key for delta in events[-1].deltas] == [
        (0, "text"),
        *[(0, "token", "chosenCandidates", "")] * 2,
    ]


def test_alternative_tokens_are_one_text_a_rank() -> None:
    tops = [{"candidates": [{"token": "a"}, {"token": "b"}]}, {"candidates": [{"token": "c"}]}]
    _, (event,) = read(piece(logprobsResult={"topCandidates": tops}))
    found = {}
    for (key, _), segment in event.deltas:
        found[key] = found.get(key, "") + segment.text
    assert found == {(0, "token", "topCandidates", 0): "ac", (0, "token", "topCandidates", 1): "b"}


def test_model_and_usage() -> None:
    _, events = read(*load_events("gemini-content", "code-assist"))
    assert [event.model for event in events] == ["g", "", ""]
    assert events[-1].usage == Usage(input=2, output=3)


def test_the_ending_is_wrapped_and_headed_like_the_answer() -> None:
    reader, events = read(*load_events("gemini-content", "code-assist"))
    reader.sent(events[0])
    (last,) = FRAMINGS["sse"].read(reader.close("No."))
    assert last == {
        "response": {
            "candidates": [
                {
                    "content": {"role": "model", "parts": [{"text": "\n\nNo."}]},
                    "finishReason": "SAFETY",
                    "index": 0,
                }
            ],
            "modelVersion": "g",
        }
    }


@pytest.mark.parametrize("array", [False, True])
def test_every_open_candidate_is_ended(array: bool) -> None:
    reader, events = read(*load_events("gemini-content", "calls"), array=array)
    for event in events[:2]:
        reader.sent(event)
    out = b"".join(event.raw for event in events[:2]) + reader.close("No.")
    last = FRAMINGS["array" if array else "sse"].read(out)[-1]["candidates"]
    assert [(each["index"], each["finishReason"]) for each in last] == [(0, "SAFETY")]


def test_an_answer_of_which_nothing_was_given_out() -> None:
    assert json.loads(GeminiContentStream(array=True).close("No."))[0]["candidates"]
    assert GeminiContentStream().close("No.").startswith(b'data: {"candidates":')


def test_an_error_is_over() -> None:
    for array in (False, True):
        reader = GeminiContentStream(array=array)
        body = compact({"error": {"code": 400, "message": "SECRET"}})
        (event,) = reader.feed(body if array else b"data: " + body + b"\n\n")
        assert "SECRET" in [segment.text for segment in event.segments]
        reader.sent(event)
        assert reader.close("No.") == b""


@pytest.mark.parametrize(
    "odd",
    [
        {"candidates": "X"},
        {"candidates": ["X"]},
        {"candidates": [{"content": "X"}]},
        {"candidates": [{"content": {"parts": "X"}}]},
        {"candidates": [{"content": {"parts": [["X"]]}}]},
        {"candidates": [{"content": {"parts": [{"functionCall": {"partialArgs": "X"}}]}}]},
        {"candidates": [{"content": {"parts": [{"functionCall": {"partialArgs": ["X"]}}]}}]},
        {"candidates": [{"logprobsResult": {"chosenCandidates": ["X"]}}]},
        {"response": "X"},
        {"response": {"candidates": {"a": {"b": {"c": {"d": "X"}}}}}},
        ["X"],
        "X",
    ],
)
def test_odd_pieces_are_read(odd: Any) -> None:
    reader, (event,) = read(odd)
    assert "X" in [
        segment.text for segment in (*event.segments, *(delta.segment for delta in event.deltas))
    ]
    reader.sent(event)
    assert b"No." in reader.close("No.")
