"""Streamed runs of OpenAI assistants.

Shapes: OpenAI API reference, assistants streaming: `thread.message.delta` and
`thread.run.step.delta` spell texts out, `done` ends the stream.
"""

from __future__ import annotations

from typing import Final

from excise.codecs.dialects.generic_stream import GenericSseStream, named
from excise.codecs.facts import read_usage, word
from excise.codecs.framing.ssejson import SseEvent
from excise.codecs.json.value import member

_DELTA: Final = "thread.message.delta"
_OVER: Final = frozenset({"completed", "incomplete", "failed", "cancelled", "expired"})


class OpenAIAssistantsStream(GenericSseStream):
    """Reads the events of a run; ends with `done`."""

    codec = "openai-assistants"
    strict = True
    ending = b"event: done\ndata: [DONE]\n\n"

    def shape(self, event: SseEvent) -> None:
        """Sort the texts of an event."""
        super().shape(event)
        document = event.document
        if event.kind == "thread.run":
            event.ends_all = word(member(document, "status")) in _OVER
            event.usage = read_usage(
                member(document, "usage"), "prompt_tokens", "completion_tokens"
            )

    def first(self, notice: str) -> bytes:
        """A message that says the notice."""
        text = {"index": 0, "type": "text", "text": {"value": notice, "annotations": []}}
        delta = {"id": "msg_0", "object": _DELTA, "delta": {"content": [text]}}
        return named(_DELTA, delta)
