"""Streams of JSON records: what the stream readers of all dialects have in common."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final

from excise.codecs.base import Channel, Delta, Frame, Framer, Label, StreamEvent
from excise.codecs.dialects.logprobs import drop_beside
from excise.codecs.framing.sse import SseFramer
from excise.codecs.framing.ssealike import COUNT, Likeness, build_likeness, decode_string
from excise.codecs.json.edit import edit_text, group_edits, splice_json
from excise.codecs.json.span import JsonReading, read_json
from excise.codecs.json.value import plain_value
from excise.codecs.labels import Labeler
from excise.codecs.media import SHORTEST, hidden_in
from excise.codecs.wirewords import WIRE_WORDS
from excise.errors import Unreadable
from excise.model import Edit, Part, Role, Segment, Usage

DONE: Final = b"[DONE]"
_KINDS: Final = 4  # texts that may alternate, such as several choices, and still be known
_MISSES: Final = 32  # after so many events without a like it is not worth the while
_new: Final = tuple.__new__


class SseEvent:
    """One frame as its dialect understood it. Filled while it is read, not changed afterwards."""

    __slots__ = (
        "_frame",
        "_reading",
        "count",
        "deltas",
        "ends",
        "ends_all",
        "kind",
        "like",
        "model",
        "raw",
        "sealed",
        "segments",
        "unread",
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
        self.unread: tuple[str, ...] = reading.unread if reading else ()
        """The record's own type, "" where it has none."""
        self.kind = ""
        """Its `sequence_number`."""
        self.count: int | None = None
        """The earlier event from which only texts and count differ."""
        self.like: SseEvent | None = None

    def __repr__(self) -> str:
        return f"<SseEvent {self.kind} {len(self.raw)} bytes>"

    @property
    def frame(self) -> Frame:
        """The record as its framing cut it out."""
        return self._frame

    @property
    def document(self) -> Any:
        """The JSON value as parsed (`jsonvalue.Pairs`), None where the data is no JSON.

        Of an event that is `like` another it is that one's.
        """
        reading = self.like._reading if self.like else self._reading
        return reading.documents[0] if reading else None

    @property
    def news(self) -> tuple[Any, ...]:
        """The JSON value as dicts and lists; of data that is no JSON its text; nothing where there
        is no data, or where only texts differ from the event that it is `like`."""
        if self.like:
            return ()
        if self._reading:
            return (plain_value(self.document),)
        return tuple(segment.text for segment in self.segments)

    def splice(self, edits: Iterable[Edit]) -> bytes:
        """`raw` with the edits made. Raises `ValueError` as `JsonReading.splice` does."""
        edits = list(edits)
        return self._frame.with_data(self._spliced(edits)) if edits else self.raw

    def edited(self, edits: Sequence[Edit]) -> Any:
        """The JSON value, edited, as dicts and lists."""
        return json.loads(self._spliced(edits)) if edits else plain_value(self.document)

    def _spliced(self, edits: Sequence[Edit]) -> bytes:
        if self.like or self._reading:
            return splice_json(self._frame.data or b"", edits, self.sealed)
        if not self.segments:
            raise ValueError("an edit of an event without text")
        (group,) = group_edits(edits).values()
        text = edit_text(self.segments[0].text, group)
        return text.encode("utf-8", "surrogatepass")


class TokensEvent(SseEvent):
    """An event whose text may stand there again in tokens. Where it is edited, they say no more
    than their text."""

    __slots__ = ()

    def _spliced(self, edits: Sequence[Edit]) -> bytes:
        data = super()._spliced(edits)
        return drop_beside(data) if b"logprobs" in data else data


def edited_text(segment: Segment, edits: Sequence[Edit]) -> str:
    """A segment's text as the client was given it."""
    own = [edit for edit in edits if edit.token == segment.token] if edits else None
    return edit_text(segment.text, sorted(own, key=lambda edit: edit.span)) if own else segment.text


def is_key(segment: Segment) -> bool:
    """Whether a segment is probably an object's key and not its value: they share their path."""
    path = segment.path
    return bool(path) and segment.text == path[-1] and segment.text not in WIRE_WORDS


def build_event(payload: Mapping[str, Any] | bytes, *, name: bool = False) -> bytes:
    """A record of our own; with `name` its type is told in an `event` line as well."""
    if isinstance(payload, bytes):
        return b"data: " + payload + b"\n\n"
    head = f"event: {payload['type']}\n".encode() if name else b""
    return head + b"data: " + write_json(payload) + b"\n\n"


def write_json(payload: Mapping[str, Any]) -> bytes:
    """An object of our own as JSON on one line."""
    return json.dumps(payload, separators=(",", ":")).encode()


class SseReader:
    """Reads frames as JSON; a dialect says in `shape` what their fields are.

    Data that is no JSON is one text segment. Events come one by one, so that those in front of an
    unreadable one are not lost; what was not given out stays in `rest`.
    """

    codec = "sse"
    labeler: Labeler
    root: Label
    event_type: ClassVar[type[SseEvent]] = SseEvent
    strict = True  # whether half a JSON record at the very end is unreadable rather than text

    def __init__(self, framer: Framer | None = None) -> None:
        self._framer: Framer = framer or SseFramer()
        self._failed = b""
        self._known: deque[tuple[Likeness, SseEvent]] = deque(maxlen=_KINDS)
        self._misses = 0

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

    def forget(self) -> None:
        """An answer is over: in the next one the same bytes may begin another text."""
        self._known.clear()
        self._misses = 0

    def _read(self, frame: Frame, *, last: bool = False) -> SseEvent:
        for likeness, model in self._known:
            found = likeness.match(frame.raw)
            if found is not None:
                self._misses = 0
                return _alike(frame, model, found)
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
            event = self.event_type(frame, reading, reading.segments)
            self.shape(event)
            if len(event.deltas) == 1 and not reading.anomalies:
                self._learn(event, frame)
            return event
        if last and self.strict:
            self._failed = frame.raw
            raise Unreadable("truncated")
        text = Segment(data.decode(), Role.ASSISTANT, Part.COMPLETION, 0)
        return SseEvent(frame, None, (text,))

    def _learn(self, event: SseEvent, frame: Frame) -> None:
        """Know the like of this event when it comes again."""
        place = frame.place
        if place is None or event.ends or event.usage or self._misses > _MISSES:
            return
        self._misses += 1
        varying = [event.deltas[0].segment, *filter(_is_padding, event.segments)]
        likeness = build_likeness(frame.raw, *place, [(each.token, each.text) for each in varying])
        if likeness is not None:
            self._known.appendleft((likeness, event))


def _is_padding(segment: Segment) -> bool:
    # Random letters that OpenAI adds so that the length of a record does not tell its text.
    return segment.path == ("obfuscation",) and not is_key(segment)


def _alike(frame: Frame, model: SseEvent, found: Mapping[int, bytes]) -> SseEvent:
    """The event that differs from `model` in what was found."""
    event = type(model)(frame, None, model.segments)
    event.like = model
    event.kind = model.kind
    event.model = model.model
    event.sealed = model.sealed
    if COUNT in found:
        event.count = int(found[COUNT])
    channel, segment = model.deltas[0]
    text = decode_string(found[segment.token])
    if text:
        event.deltas = (_new(Delta, (channel, segment.saying(text))),)
        if len(text) >= SHORTEST:
            event.unread = tuple(filter(None, (hidden_in(text),)))
    if len(found) - (COUNT in found) > 1:
        event.segments = tuple(
            each.saying(decode_string(found[each.token])) if each.token in found else each
            for each in model.segments
        )
    return event
