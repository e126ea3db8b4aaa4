"""Streamed answers of Mistral conversations.

Shapes: Mistral API reference, conversations#stream: `message.output.delta` and
`function.call.delta` spell texts out, `conversation.response.done` counts tokens and ends.
"""

from __future__ import annotations

from typing import Final

from excise.codecs.dialects.generic_stream import GenericSseStream, named
from excise.codecs.facts import read_usage
from excise.codecs.framing.ssejson import SseEvent
from excise.codecs.json.value import member

_DELTA: Final = "message.output.delta"
_DONE: Final = "conversation.response.done"
_NONE: Final = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


class MistralConversationsStream(GenericSseStream):
    """Reads the events of a conversation; ends with `conversation.response.done`."""

    codec = "mistral-conversations"
    strict = True
    ending = named(_DONE, {"type": _DONE, "usage": _NONE})

    def shape(self, event: SseEvent) -> None:
        """Sort the texts of an event."""
        super().shape(event)
        event.ends_all = event.kind == _DONE
        usage = member(event.document, "usage")
        event.usage = read_usage(usage, "prompt_tokens", "completion_tokens")

    def first(self, notice: str) -> bytes:
        """A message that says the notice."""
        event = {"type": _DELTA, "id": "msg_0", "output_index": 0, "content_index": 0}
        return named(_DELTA, {**event, "role": "assistant", "content": notice})
