"""OpenAI Responses over a WebSocket, as Codex speaks it.

Shapes: OpenAI API reference, responses, WebSocket mode; wire types of the official client. The
events are those of the event stream, one a message. A socket carries one response after the other,
or several at once, each in a lane that its `stream_id` names.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final, cast

from excise.codecs.base import Label, StreamEvent
from excise.codecs.dialects.openai_responses import RESPONSE_ROOT, label_response
from excise.codecs.dialects.openai_responses_stream import FINAL, OpenAIResponsesStream
from excise.codecs.facts import word
from excise.codecs.framing.ssejson import SseEvent, SseReader, write_json
from excise.codecs.json.value import member
from excise.codecs.labels import Labeler
from excise.codecs.messages import MessageFramer, cut_messages, messages_of_events, put_end
from excise.codecs.refusal import openai_error
from excise.codecs.sockets import Turn, word_of
from excise.model import Edit, Refusal

MAX_LANES: Final = 64  # beyond it the oldest is forgotten


class OpenAIResponsesMessages(SseReader):
    """Reads the server's messages; each lane ends as an event stream does."""

    codec = "openai-responses"
    labeler: Labeler = label_response
    root: Label = RESPONSE_ROOT

    def __init__(self) -> None:
        super().__init__(MessageFramer())
        self._lanes: dict[str, OpenAIResponsesStream] = {}
        self._begun: set[str] = set()
        self.live: set[str] = set()
        self.turns = 0

    def shape(self, event: SseEvent) -> None:
        """Sort the texts of a message, apart by lane."""
        lane = word(member(event.document, "stream_id"))
        self._stream_of(lane).shape(event)
        event.ends_all = False
        if event.kind == "response.created":
            self.live.add(lane)
        elif event.kind in FINAL:
            self.live.discard(lane)
            self.turns += 1
            self.forget()

    def sent(self, event: StreamEvent, edits: Sequence[Edit] = ()) -> None:
        """Note what the client was given."""
        event = cast(SseEvent, event)
        lane = word(member(event.document, "stream_id"))
        if event.kind == "response.created":
            self._begun.add(lane)
        elif event.kind in FINAL:
            self._begun.discard(lane)
        self._stream_of(lane).sent(event, edits)

    def close(self, notice: str) -> bytes:
        """Every response under way ended; b"" where there is none."""
        endings = [
            _in_lane(lane, messages_of_events(self._stream_of(lane).close(notice)))
            for lane in sorted(self._begun)
        ]
        self._begun.clear()
        return b"".join(endings)

    def _stream_of(self, lane: str) -> OpenAIResponsesStream:
        stream = self._lanes.get(lane)
        if stream is None:
            if len(self._lanes) >= MAX_LANES:
                del self._lanes[next(iter(self._lanes))]
            stream = OpenAIResponsesStream(lane=(lane,) if lane else ())
            self._lanes[lane] = stream
        return stream


class OpenAIResponsesSocket:
    """The dialect of `/v1/responses` upgraded to a WebSocket."""

    name = "openai-responses"

    def open_reader(self) -> OpenAIResponsesMessages:
        """A reader of what the server says."""
        return OpenAIResponsesMessages()

    def asks(self, message: Any) -> bool:
        """Whether the client asks for an answer with this."""
        return word_of(message, "type") == "response.create"

    def turn_of(self, message: Any) -> Turn:
        """Which response a message of the server's belongs to, by its lane."""
        return Turn(word_of(message, "stream_id"), word_of(message, "type") in FINAL)

    def refuse(self, refusal: Refusal, message: Any) -> tuple[bytes, ...]:
        """`{"type": "error", "status", "error": {…}}`, in the lane of what is refused."""
        lane = word_of(message, "stream_id")
        payload: dict[str, Any] = {"type": "error", "status": refusal.status}
        payload |= openai_error(refusal) | ({"stream_id": lane} if lane else {})
        return (write_json(payload),)


def _in_lane(lane: str, messages: bytes) -> bytes:
    if not lane:
        return messages
    named = [{**json.loads(each), "stream_id": lane} for each in cut_messages(messages)]
    return b"".join(put_end(write_json(each)) for each in named)
