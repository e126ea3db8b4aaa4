"""Streamed Anthropic messages, and legacy completions.

Shapes: Anthropic API reference, messages-streaming. Thinking is signed: it is read and sealed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

from excise.codecs.base import Channel, Delta, Label, StreamEvent
from excise.codecs.dialects.anthropic_messages import RESPONSE_ROOT, label_response
from excise.codecs.facts import read_usage, word
from excise.codecs.framing.ssejson import SseEvent, SseReader, build_event, edited_text, is_key
from excise.codecs.json.close import complete_json
from excise.codecs.json.value import member, whole_number
from excise.codecs.labels import Labeler
from excise.codecs.refusal import set_apart
from excise.model import Edit, Segment

_SPELLED: Final = frozenset(
    {
        ("delta", "text"),
        ("delta", "thinking"),
        ("delta", "partial_json"),
        ("content_block", "text"),
        ("content_block", "thinking"),
    }
)
_SHOWN: Final = frozenset({"text", "completion"})  # thoughts stand apart as they are
_LEGACY: Final = Channel(("completion",))
_MESSAGE: Final[dict[str, Any]] = {
    "id": "msg_0",
    "type": "message",
    "role": "assistant",
    "model": "",
    "content": [],
    "stop_reason": None,
    "stop_sequence": None,
    "usage": {"input_tokens": 0, "output_tokens": 0},
}


class AnthropicMessagesStream(SseReader):
    """Reads message events; ends with a text block and `stop_reason: end_turn`."""

    codec = "anthropic-messages"
    labeler: Labeler = label_response
    root: Label = RESPONSE_ROOT

    def __init__(self) -> None:
        super().__init__()
        # What the client has: open blocks with the JSON they got so far, None where they take none.
        self._blocks: dict[int, list[str] | None] = {}
        self._next = 0
        self._output = 0
        self._started = self._said = self._stopping = self._over = self._legacy = False

    # -- reading -----------------------------------------------------------------------------

    def shape(self, event: SseEvent) -> None:
        """Sort the texts of an event."""
        document = event.document
        event.kind = kind = word(member(document, "type"))
        if kind == "message_start":
            message = member(document, "message")
            event.model = word(member(message, "model"))
            event.usage = read_usage(member(message, "usage"), "input_tokens", "output_tokens")
        elif kind == "message_delta":
            event.usage = read_usage(member(document, "usage"), "input_tokens", "output_tokens")
        elif kind in ("content_block_start", "content_block_delta"):
            self._split(event, _block(document))
        elif kind == "content_block_stop":
            index = _block(document)
            event.ends = (Channel(("block", index)),)
        elif kind == "message_stop":
            event.ends_all = True
        elif kind == "completion" or member(document, "completion") is not None:
            self._split_legacy(event)

    def _split(self, event: SseEvent, index: int) -> None:
        whole: list[Segment] = []
        deltas: list[Delta] = []
        for segment in event.segments:
            if segment.path in _SPELLED and not is_key(segment):
                channel = Channel(("block", index), segment.path[1] == "partial_json")
                deltas.append(Delta(channel, segment))
            else:
                whole.append(segment)
        event.segments, event.deltas = tuple(whole), tuple(deltas)

    def _split_legacy(self, event: SseEvent) -> None:
        spelled = [
            segment
            for segment in event.segments
            if segment.path == ("completion",) and not is_key(segment)
        ]
        event.deltas = tuple(Delta(_LEGACY, segment) for segment in spelled)
        event.segments = tuple(each for each in event.segments if each not in spelled)
        event.ends_all = bool(word(member(event.document, "stop_reason")))

    # -- ending ------------------------------------------------------------------------------

    def sent(self, event: StreamEvent, edits: Sequence[Edit] = ()) -> None:
        """Note what the client was given."""
        event = cast(SseEvent, event)
        document = event.document
        self._said |= any(each.path[-1] in _SHOWN and each.text for _, each in event.deltas)
        match event.kind:
            case "message_start":
                self._started = True
            case "content_block_start":
                index = _block(document)
                block = member(document, "content_block")
                call = type(block) is tuple and "input" in dict(block)
                self._blocks[index] = [] if call else None
                self._next = max(self._next, index + 1)
            case "content_block_delta":
                for channel, segment in event.deltas:
                    pieces = self._blocks.get(cast(int, channel.key[1]))
                    if channel.json and pieces is not None:
                        pieces.append(edited_text(segment, edits))
            case "content_block_stop":
                self._blocks.pop(_block(document), None)
            case "message_delta":
                self._stopping = True
            case "message_stop" | "error":
                self._over = True
            case "completion":
                self._legacy = True
                self._over |= event.ends_all
        if event.usage is not None and event.usage.output is not None:
            self._output = event.usage.output

    def close(self, notice: str) -> bytes:
        """Open blocks closed, the notice as a block of its own, and the message's end."""
        if self._over:
            return b""
        self._over = True
        if self._legacy:
            return _write(
                {
                    "type": "completion",
                    "completion": set_apart(notice, self._said),
                    "stop_reason": "stop_sequence",
                    "stop": None,
                    "model": "",
                }
            )
        events: list[dict[str, Any]] = []
        if not self._started:
            events.append({"type": "message_start", "message": _MESSAGE})
        if not self._stopping:
            events += self._close_blocks()
            events += _notice_block(self._next, set_apart(notice, self._said))
            events.append(
                {
                    "type": "message_delta",
                    "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                    "usage": {"output_tokens": self._output},
                }
            )
        events.append({"type": "message_stop"})
        return b"".join(map(_write, events))

    def _close_blocks(self) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = []
        for index, pieces in self._blocks.items():
            # A call without any JSON has the empty input it was opened with.
            suffix = complete_json("".join(pieces)) if pieces else ""
            if suffix:
                events.append(
                    _block_delta(index, {"type": "input_json_delta", "partial_json": suffix})
                )
            events.append({"type": "content_block_stop", "index": index})
        return events


def _block(document: Any) -> int:
    return whole_number(member(document, "index")) or 0


def _block_delta(index: int, delta: dict[str, Any]) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": delta}


def _notice_block(index: int, notice: str) -> list[dict[str, Any]]:
    return [
        {
            "type": "content_block_start",
            "index": index,
            "content_block": {"type": "text", "text": ""},
        },
        _block_delta(index, {"type": "text_delta", "text": notice}),
        {"type": "content_block_stop", "index": index},
    ]


def _write(payload: dict[str, Any]) -> bytes:
    return build_event(payload, name=True)
