"""Event streams of JSON records: what every dialect's stream reader has in common."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from excise.codecs.base import Channel, Delta, Label, StreamEvent
from excise.codecs.jsonedit import edit_text, group_edits
from excise.codecs.jsonspan import JsonReading, read_json
from excise.codecs.jsonvalue import plain_value
from excise.codecs.labels import Labeler
from excise.codecs.sse import MAX_EVENT, Frame, SseFramer
from excise.codecs.wirewords import WIRE_WORDS
from excise.errors import Unreadable
from excise.model import Edit, Part, Role, Segment, Usage

DONE: Final = b"[DONE]"
JSON_KEYS: Final = frozenset({"arguments", "partial_json"})


class SseEvent:
    """One frame as its dialect understood it. Filled while it is read, not changed afterwards."""

    __slots__ = (
        "_frame",
        "_reading",
        "deltas",
        "ends",
        "ends_all",
        "kind",
        "model",
        "raw",
        "sealed",
        "segments",
        "usage",
    )

    def __init__(
        self, frame: Frame, reading: JsonReading | None, segments: tuple[Segment, ...]
    ) -> None:
        self._frame = frame
        self._reading = reading
        self.raw = frame.raw
        self.segments = segments
        self.deltas: tuple[Delta, ...] = ()
        self.ends: tuple[Channel, ...] = ()
        self.ends_all = False
        self.usage: Usage | None = None
        self.model = ""
        self.sealed: frozenset[int] = reading.sealed if reading else frozenset()
        """The record's own type, "" where it has none."""
        self.kind = ""

    def __repr__(self) -> str:
        return f"<SseEvent {self.kind} {len(self.raw)} bytes>"

    @property
    def document(self) -> Any:
        """The JSON value as parsed (`jsonvalue.Pairs`), None where the data is no JSON."""
        return self._reading.documents[0] if self._reading else None

    def splice(self, edits: Iterable[Edit]) -> bytes:
        """`raw` with the edits made. Raises `ValueError` as `JsonReading.splice` does."""
        edits = list(edits)
        return self._frame.with_data(self._spliced(edits)) if edits else self.raw

    def edited(self, edits: Sequence[Edit]) -> Any:
        """The JSON value, edited, as dicts and lists."""
        return json.loads(self._spliced(edits)) if edits else plain_value(self.document)

    def _spliced(self, edits: Sequence[Edit]) -> bytes:
        if self._reading is not None:
            return self._reading.splice(edits)
        if not self.segments:
            raise ValueError("an edit of an event without text")
        (group,) = group_edits(edits).values()
        text = edit_text(self.segments[0].text, group)
        return text.encode("utf-8", "surrogatepass")


def edited_text(segment: Segment, edits: Sequence[Edit]) -> str:
    """A segment's text as the client was given it."""
    own = [edit for edit in edits if edit.token == segment.token] if edits else None
    return edit_text(segment.text, sorted(own, key=lambda edit: edit.span)) if own else segment.text


def is_key(segment: Segment) -> bool:
    """Whether a segment is probably an object's key and not its value: they share their path."""
    return segment.text == segment.path[-1] and segment.text not in WIRE_WORDS


def build_event(payload: Mapping[str, Any] | bytes, *, name: bool = False) -> bytes:
    """A record of our own; with `name` its type is told in an `event` line as well."""
    if isinstance(payload, bytes):
        return b"data: " + payload + b"\n\n"
    head = f"event: {payload['type']}\n" if name else ""
    return f"{head}data: {json.dumps(payload, separators=(',', ':'))}\n\n".encode()


class SseReader:
    """Reads frames as JSON; a dialect says in `shape` what their fields are.

    Data that is no JSON is one text segment. Events come one by one, so that those in front of an
    unreadable one are not lost; what was not given out stays in `rest`.
    """

    codec = "sse"
    labeler: Labeler
    root: Label
    strict = True  # whether half a JSON record at the very end is unreadable rather than text

    def __init__(self, max_event: int = MAX_EVENT) -> None:
        self._framer = SseFramer(max_event)
        self._failed = b""

    def feed(self, chunk: bytes) -> Iterator[SseEvent]:
        """Events completed by this chunk. Raises `Unreadable`."""
        for frame in self._framer.feed(chunk):
            yield self._read(frame)

    def finish(self) -> Iterator[SseEvent]:
        """What is left when upstream has ended. Raises `Unreadable`."""
        frame = self._framer.finish()
        if frame is not None:
            yield self._read(frame, last=True)

    def rest(self) -> bytes:
        """Bytes that were fed and never became an event."""
        return self._failed + self._framer.rest()

    def shape(self, event: SseEvent) -> None:
        """Tell deltas from whole texts. The default: all are whole."""

    def sent(self, event: StreamEvent, edits: Sequence[Edit] = ()) -> None:
        """Note what the client was given. The default: nothing depends on it."""

    def close(self, notice: str) -> bytes:
        """A native ending; b"" where the format has none that is known."""
        return b""

    def _read(self, frame: Frame, *, last: bool = False) -> SseEvent:
        data = frame.data
        if not data or data.isspace():
            return SseEvent(frame, None, ())
        if data.strip() == DONE:
            event = SseEvent(frame, None, ())
            event.kind, event.ends_all = "[DONE]", True
            return event
        try:
            reading = read_json(data, self.labeler, self.root, codec=self.codec)
        except Unreadable as fault:
            if fault.reason != "malformed":
                self._failed = frame.raw
                raise
        else:
            event = SseEvent(frame, reading, reading.segments)
            self.shape(event)
            return event
        if last and self.strict:
            self._failed = frame.raw
            raise Unreadable("truncated")
        text = Segment(data.decode(), Role.ASSISTANT, Part.COMPLETION, 0)
        return SseEvent(frame, None, (text,))
