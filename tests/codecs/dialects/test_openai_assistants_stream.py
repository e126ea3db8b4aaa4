"""Streamed runs: what goes on, what stands whole, and how the answer is ended."""

from __future__ import annotations

from framings import FRAMINGS, load_events

from excise.codecs.dialects.openai_assistants_stream import OpenAIAssistantsStream
from excise.model import Usage

WIRE = FRAMINGS["sse"]
BODY = WIRE.write(load_events("openai-assistants", "text"))


def test_channels() -> None:
    events = list(OpenAIAssistantsStream().feed(BODY))
    kinds = [{delta.channel.key[0] for delta in event.deltas} for event in events]
    message, step = {"thread.message.delta"}, {"thread.run.step.delta"}
    assert kinds == [set(), message, message, message, step, step, set()]
    assert len({delta.channel for event in events for delta in event.deltas}) == 2
    assert [event.ends_all for event in events] == [False] * 6 + [True]
    assert events[-1].usage == Usage(input=7, output=8)


def test_the_ending() -> None:
    ending = OpenAIAssistantsStream().close("No.")
    assert ending.endswith(b"event: done\ndata: [DONE]\n\n")
    (said,) = WIRE.read(ending)
    assert said["delta"]["content"][0]["text"]["value"] == "No."
