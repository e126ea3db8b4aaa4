"""Streamed answers of Bedrock Converse.

Shapes: Bedrock Runtime API reference, ConverseStream. What an event is stands in a header of its
message; reasoning is signed: it is read and sealed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

from excise.codecs.base import Channel, Delta, Frame, Label, StreamEvent
from excise.codecs.dialects.bedrock_converse import RESPONSE_ROOT, label_response
from excise.codecs.facts import read_usage
from excise.codecs.framing.eventstream import EventStreamFramer, MessageFrame, build_message
from excise.codecs.framing.ssejson import SseEvent, SseReader, edited_text, is_key, write_json
from excise.codecs.json.close import complete_json
from excise.codecs.json.value import member, whole_number
from excise.codecs.labels import Labeler
from excise.codecs.refusal import set_apart
from excise.model import Edit, Part, Role, Segment

_SPELLED: Final = {
    ("delta", "text"): False,
    ("delta", "toolUse", "input"): True,
    ("delta", "reasoningContent", "text"): False,
}

_HEADERS: Final = 1 << 32  # tokens of headers, far from those of any payload


class BedrockConverseStream(SseReader):
    """Reads events; ends with `stopReason: guardrail_intervened`, as Bedrock's own guardrails
    do."""

    codec = "bedrock-converse"
    labeler: Labeler = label_response
    root: Label = RESPONSE_ROOT

    def __init__(self) -> None:
        super().__init__(EventStreamFramer())
        # What the client has: open blocks with the arguments they got so far, None without any.
        self._blocks: dict[int, list[str] | None] = {}
        self._next = 0
        self._started = self._said = self._over = False

    # -- reading -----------------------------------------------------------------------------

    def _read(self, frame: Frame, *, last: bool = False) -> SseEvent:
        return read_headers(super()._read(frame, last=last))

    def shape(self, event: SseEvent) -> None:
        """Sort the texts of an event."""
        event.kind = cast(MessageFrame, event.frame).kind
        document = event.document
        if event.kind == "contentBlockDelta":
            self._split(event, _block(document))
        elif event.kind == "contentBlockStop":
            event.ends = (Channel(("block", _block(document))),)
        elif event.kind == "messageStop":
            event.ends_all = True
        event.usage = read_usage(member(document, "usage"), "inputTokens", "outputTokens")

    def _split(self, event: SseEvent, index: int) -> None:
        whole: list[Segment] = []
        deltas: list[Delta] = []
        for segment in event.segments:
            json = _SPELLED.get(cast(Any, segment.path))
            if json is None or is_key(segment):
                whole.append(segment)
            else:
                deltas.append(Delta(Channel(("block", index), json), segment))
        event.segments, event.deltas = tuple(whole), tuple(deltas)

    # -- ending ------------------------------------------------------------------------------

    def sent(self, event: StreamEvent, edits: Sequence[Edit] = ()) -> None:
        """Note what the client was given."""
        event = cast(SseEvent, event)
        index = _block(event.document)
        match event.kind:
            case "messageStart":
                self._started = True
            case "contentBlockStart":
                call = member(event.document, "start", "toolUse") is not None
                self._blocks[index] = [] if call else None
                self._next = max(self._next, index + 1)
            case "contentBlockDelta":
                # A text block is opened by its first delta.
                pieces = self._blocks.setdefault(index, None)
                self._next = max(self._next, index + 1)
                for channel, segment in event.deltas:
                    self._said |= segment.path == ("delta", "text") and bool(segment.text)
                    if channel.json and pieces is not None:
                        pieces.append(edited_text(segment, edits))
            case "contentBlockStop":
                self._blocks.pop(index, None)
            case "metadata":
                pass
            case _:
                self._over = True  # `messageStop`, or an exception

    def close(self, notice: str) -> bytes:
        """Open blocks closed, the notice in a block of its own, and the message's end."""
        if self._over:
            return b""
        self._over = True
        events: list[tuple[str, dict[str, Any]]] = []
        if not self._started:
            events.append(("messageStart", {"role": "assistant"}))
        for index, pieces in self._blocks.items():
            if pieces is not None and (suffix := complete_json("".join(pieces))):
                events.append(_delta(index, {"toolUse": {"input": suffix}}))
            events.append(("contentBlockStop", {"contentBlockIndex": index}))
        events += (
            _delta(self._next, {"text": set_apart(notice, self._said)}),
            ("contentBlockStop", {"contentBlockIndex": self._next}),
            ("messageStop", {"stopReason": "guardrail_intervened"}),
        )
        return b"".join(build_message(kind, write_json(value)) for kind, value in events)


def read_headers(event: SseEvent) -> SseEvent:
    """An event with what the headers of its message say beside the format's own words. That text
    is read and sealed: only an error has any, behind which nothing follows."""
    texts = cast(MessageFrame, event.frame).texts
    if texts:
        event.segments += tuple(
            Segment(text, Role.ASSISTANT, Part.COMPLETION, _HEADERS + number, ("header", name))
            for number, (name, text) in enumerate(texts)
        )
        event.sealed |= {_HEADERS + number for number in range(len(texts))}
    return event


def _block(document: Any) -> int:
    return whole_number(member(document, "contentBlockIndex")) or 0


def _delta(index: int, delta: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "contentBlockDelta", {"contentBlockIndex": index, "delta": delta}
