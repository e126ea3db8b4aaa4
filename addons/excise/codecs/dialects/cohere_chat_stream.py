"""Streamed answers of Cohere: the events of v2, and of v1 those in which text goes on.

Shapes: Cohere API reference, v2 chat, streaming; v1 chat, streaming. Citations repeat pieces of
the answer with their positions; those of an edited answer count as upstream counted.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final, cast

from excise.codecs.base import Channel, Delta, Label, StreamEvent
from excise.codecs.dialects.cohere_chat import RESPONSE_ROOT, label_response, usage_of
from excise.codecs.facts import word
from excise.codecs.framing.ndjson import NdjsonFramer
from excise.codecs.framing.ssejson import (
    SseEvent,
    SseReader,
    TokensEvent,
    build_event,
    edited_text,
    is_key,
)
from excise.codecs.json.close import complete_json
from excise.codecs.json.value import member, whole_number
from excise.codecs.labels import Labeler
from excise.codecs.refusal import set_apart
from excise.model import Edit, Path, Segment

_MESSAGE: Final = ("delta", "message")
_TOKENS: Final = "tokens"  # the text a second time
_SPELLED: Final[dict[Path, str]] = {
    (*_MESSAGE, "content", "text"): "content",
    (*_MESSAGE, "content", "thinking"): "content",
    ("logprobs", "text"): _TOKENS,
    (*_MESSAGE, "tool_plan"): "plan",
    (*_MESSAGE, "tool_calls", "function", "arguments"): "call",
}
_OLD_TEXT: Final = "text-generation"
_OPENING: Final = {"content-start": "content", "tool-call-start": "call"}
_CLOSING: Final = {"content-end": "content", "tool-call-end": "call"}


class CohereChatStream(SseReader):
    """Reads events; ends with `finish_reason: COMPLETE`, under which clients show the text."""

    codec = "cohere-chat"
    labeler: Labeler = label_response
    root: Label = RESPONSE_ROOT
    event_type = TokensEvent

    def __init__(self, *, lines: bool = False) -> None:
        super().__init__(NdjsonFramer() if lines else None)
        self._lines = lines
        # What the client has: open blocks with the arguments they got so far.
        self._blocks: dict[tuple[str, int], list[str]] = {}
        self._next = 0
        self._started = self._said = self._old = self._over = False

    # -- reading -----------------------------------------------------------------------------

    def shape(self, event: SseEvent) -> None:
        """Sort the texts of an event."""
        document = event.document
        event.kind = kind = word(member(document, "type") or member(document, "event_type"))
        index = whole_number(member(document, "index")) or 0
        whole: list[Segment] = []
        deltas: list[Delta] = []
        for segment in event.segments:
            stem = _SPELLED.get(segment.path)
            if kind == _OLD_TEXT and segment.path == ("text",):
                stem = "text"
            if stem is None or is_key(segment):
                whole.append(segment)
            else:
                deltas.append(Delta(Channel((stem, index), stem == "call"), segment))
        event.segments, event.deltas = tuple(whole), tuple(deltas)
        if kind in _CLOSING:
            stems = (_CLOSING[kind], _TOKENS) if kind == "content-end" else (_CLOSING[kind],)
            event.ends = tuple(Channel((stem, index)) for stem in stems)
        elif kind == "tool-call-start":
            event.ends = (Channel(("plan", 0)),)
        elif kind in ("message-end", "stream-end"):
            event.ends_all = True
            delta = member(document, "delta" if kind == "message-end" else "response")
            event.usage = usage_of(delta)

    # -- ending ------------------------------------------------------------------------------

    def sent(self, event: StreamEvent, edits: Sequence[Edit] = ()) -> None:
        """Note what the client was given."""
        event = cast(SseEvent, event)
        kind = event.kind
        self._started |= kind == "message-start"
        self._old |= kind.startswith("stream-") or kind == _OLD_TEXT
        self._over |= event.ends_all or kind == "[DONE]"
        if kind in _OPENING or kind in _CLOSING:
            index = whole_number(member(event.document, "index")) or 0
            if kind in _OPENING:
                self._blocks[_OPENING[kind], index] = []
                self._next = max(self._next, index + 1)
            else:
                self._blocks.pop((_CLOSING[kind], index), None)
        for channel, segment in event.deltas:
            self._said |= segment.path[-1] == "text" and bool(segment.text)
            pieces = self._blocks.get(cast(tuple[str, int], channel.key))
            if channel.json and pieces is not None:
                pieces.append(edited_text(segment, edits))

    def close(self, notice: str) -> bytes:
        """Open blocks closed, the notice in a block of its own, and the message's end."""
        if self._over:
            return b""
        self._over = True
        notice = set_apart(notice, self._said)
        if self._old or (self._lines and not self._started):
            return b"".join(map(self._write, _old_ending(notice)))
        start = {"type": "message-start", "id": "", "delta": {"message": _EMPTY}}
        events: list[dict[str, Any]] = [] if self._started else [start]
        for (stem, index), pieces in self._blocks.items():
            if stem == "call" and (suffix := complete_json("".join(pieces))):
                call = {"tool_calls": {"function": {"arguments": suffix}}}
                events.append(_event("tool-call-delta", index, call))
            events.append({"type": f"{_END_OF[stem]}-end", "index": index})
        events += (
            _event("content-start", self._next, {"content": {"type": "text", "text": ""}}),
            _event("content-delta", self._next, {"content": {"text": notice}}),
            {"type": "content-end", "index": self._next},
            {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": {}}},
        )
        return b"".join(map(self._write, events))

    def _write(self, event: dict[str, Any]) -> bytes:
        if self._lines:
            return json.dumps(event).encode() + b"\n"
        return build_event(event, name="type" in event)


_END_OF: Final = {"content": "content", "call": "tool-call"}
_EMPTY: Final[dict[str, Any]] = {
    "role": "assistant",
    "content": [],
    "tool_plan": "",
    "tool_calls": [],
    "citations": [],
}


def _event(kind: str, index: int, message: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "index": index, "delta": {"message": message}}


def _old_ending(notice: str) -> list[dict[str, Any]]:
    return [
        {"is_finished": False, "event_type": _OLD_TEXT, "text": notice},
        {
            "is_finished": True,
            "event_type": "stream-end",
            "finish_reason": "COMPLETE",
            "response": {"text": notice},
        },
    ]
