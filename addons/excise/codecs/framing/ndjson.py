"""Streams with one JSON value per line (`application/x-ndjson`), cut into frames that keep bytes.

The bytes of all frames, and of what `rest` still holds, joined are the bytes that were fed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from excise.codecs.framing.sse import MAX_EVENT, check_charset
from excise.errors import Unreadable

MEDIA_TYPES: Final = frozenset({"application/x-ndjson", "application/stream+json"})


def is_line_stream(media_type: str) -> bool:
    """Whether a `Content-Type` announces one JSON value per line."""
    return media_type.partition(";")[0].strip().lower() in MEDIA_TYPES


class LineFrame:
    """One line with its end."""

    __slots__ = ("raw",)

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    @property
    def data(self) -> bytes | None:
        """The line without its end; None where nothing else stands in it."""
        place = self.place
        return self.raw[place[0] : place[1]] if place else None

    @property
    def place(self) -> tuple[int, int] | None:
        """Where the data stands in `raw`."""
        text = self.raw.strip()
        if not text:
            return None
        start = self.raw.index(text)
        return start, start + len(text)

    def with_data(self, data: bytes) -> bytes:
        """The line with other data in it. Raises `ValueError` where it has none."""
        place = self.place
        if place is None:
            raise ValueError("a frame without data cannot be given any")
        # JSON escapes its line ends. What is no JSON must not become two records.
        data = data.replace(b"\n", b" ")
        return self.raw[: place[0]] + data + self.raw[place[1] :]


class NdjsonFramer:
    """Cuts chunks of such a stream into lines."""

    def __init__(self, max_event: int = MAX_EVENT) -> None:
        self._buffer = bytearray()
        self._searched = 0
        self._max = max_event

    def feed(self, chunk: bytes) -> Iterator[LineFrame]:
        """Lines completed by this chunk. Raises `Unreadable` (`size`, `charset`)."""
        self._buffer += chunk
        while (end := self._buffer.find(b"\n", self._searched)) >= 0:
            yield self._cut(end + 1)
        self._check_size(len(self._buffer))
        self._searched = len(self._buffer)

    def finish(self) -> LineFrame | None:
        """What is left without a line end behind it. Raises `Unreadable`."""
        return self._cut(len(self._buffer)) if self._buffer else None

    def rest(self) -> bytes:
        """The bytes that are no line yet, or could not be one."""
        return bytes(self._buffer)

    def _cut(self, end: int) -> LineFrame:
        self._check_size(end)
        raw = bytes(self._buffer[:end])
        check_charset(raw)
        del self._buffer[:end]
        self._searched = 0
        return LineFrame(raw)

    def _check_size(self, size: int) -> None:
        if size > self._max:
            raise Unreadable("size")
