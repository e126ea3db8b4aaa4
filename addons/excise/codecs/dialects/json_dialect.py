"""What the dialects that are JSON throughout have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from excise.codecs.base import Label, StreamReader
from excise.codecs.facts import build_response_facts, request_facts
from excise.codecs.framing.ndjson import is_line_stream
from excise.codecs.json.span import JsonReading, read_json
from excise.codecs.labels import Labeler


def is_event_stream(media_type: str) -> bool:
    """Whether a `Content-Type` announces server-sent events."""
    return media_type.partition(";")[0].strip().lower() == "text/event-stream"


class EventStreams:
    """Opens a reader for every event stream, and for lines of JSON where the dialect has those.
    What reads them is handed in, because its module needs the labels of the dialect's own."""

    def __init__(
        self,
        open_events: Callable[[], StreamReader],
        open_lines: Callable[[], StreamReader | None] = lambda: None,
    ) -> None:
        self._open_events = open_events
        self._open_lines = open_lines

    def open_stream(self, media_type: str) -> StreamReader | None:
        """A reader for a streamed answer, or None where it is no such stream."""
        if is_line_stream(media_type):
            return self._open_lines()
        return self._open_events() if is_event_stream(media_type) else None


class JsonDialect(EventStreams):
    """A dialect told by its labels and by where an answer counts its tokens."""

    name: str
    request_labels: ClassVar[tuple[Labeler, Label]]
    response_labels: ClassVar[tuple[Labeler, Label]]
    usage_keys: ClassVar[tuple[str, str]]  # what an answer calls the tokens in and out

    def __init__(
        self,
        open_events: Callable[[], StreamReader],
        open_lines: Callable[[], StreamReader | None] = lambda: None,
    ) -> None:
        super().__init__(open_events, open_lines)
        self._response_facts = build_response_facts(*self.usage_keys)

    def read_request(self, body: bytes) -> JsonReading:
        """Raises `Unreadable`."""
        return read_json(body, *self.request_labels, codec=self.name, facts=request_facts)

    def read_response(self, body: bytes) -> JsonReading:
        """Raises `Unreadable`."""
        return read_json(body, *self.response_labels, codec=self.name, facts=self._response_facts)
