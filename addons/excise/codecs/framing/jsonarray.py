"""A JSON array that is sent piece by piece, cut into frames of one element each; keeps every byte.

So Google streams answers where the client does not ask for server-sent events. What is no array
but an object, as an error is, makes one frame.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from excise.codecs.framing.sse import MAX_EVENT, check_charset
from excise.errors import Unreadable

_OUTSIDE: Final = re.compile(rb'[^"{}\[\]]*+')
_INSIDE: Final = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_OPENING: Final = re.compile(rb"\s*+\[\s*+")
_BETWEEN: Final = re.compile(rb"[\s,]*+")
_QUOTE: Final = ord('"')
_BRACKET: Final = ord("[")


class ElementFrame:
    """One element with the marks in front of it, or the end of the array."""

    __slots__ = ("_place", "closes", "opens", "raw")

    def __init__(self, raw: bytes, *, opens: bool = False, closes: bool = False) -> None:
        self.raw = raw
        self.opens = opens  # the array begins in this frame
        self.closes = closes  # the array ends in this frame
        lead = (_OPENING if opens else _BETWEEN).match(raw)
        start = lead.end() if lead else 0
        end = len(raw.rstrip().removesuffix(b"]").rstrip() if closes else raw.rstrip())
        self._place = (start, end) if start < end else None

    @property
    def data(self) -> bytes | None:
        """The element; None where the frame holds marks alone."""
        return self.raw[self._place[0] : self._place[1]] if self._place else None

    @property
    def place(self) -> tuple[int, int] | None:
        """Where the element stands in `raw`."""
        return self._place

    def with_data(self, data: bytes) -> bytes:
        """The frame's bytes with another element in it. Raises `ValueError` where it has none."""
        if self._place is None:
            raise ValueError("a frame without data cannot be given any")
        start, end = self._place
        return self.raw[:start] + data + self.raw[end:]


class JsonArrayFramer:
    """Cuts chunks of a streamed array where an element ends."""

    def __init__(self, max_event: int = MAX_EVENT) -> None:
        self._buffer = bytearray()
        self._at = 0  # everything before was looked at
        self._depth = 0
        self._quoted = False
        self._array = False  # the outermost value is an array, whose elements are the records
        self._opens = False
        self._max = max_event

    def feed(self, chunk: bytes) -> Iterator[ElementFrame]:
        """Elements completed by this chunk. Raises `Unreadable` (`size`, `charset`)."""
        self._buffer += chunk
        while (end := self._find_end()) is not None:
            yield self._cut(end, closes=self._array and self._depth == 0)
        self._check_size(len(self._buffer))

    def finish(self) -> ElementFrame | None:
        """What is left when upstream has ended. Raises `Unreadable`."""
        return self._cut(len(self._buffer)) if self._buffer else None

    def rest(self) -> bytes:
        """The bytes that are no element yet, or could not be one."""
        return bytes(self._buffer)

    def _find_end(self) -> int | None:
        buffer = self._buffer
        while True:
            match = (_INSIDE if self._quoted else _OUTSIDE).match(buffer, self._at)
            self._at = match.end() if match else self._at
            # Inside a string a backslash at the very end waits for what it escapes.
            if self._at >= len(buffer) or (self._quoted and buffer[self._at] != _QUOTE):
                return None
            mark = buffer[self._at]
            self._at += 1
            if mark == _QUOTE:
                self._quoted = not self._quoted
            elif self._step(mark):
                return self._at

    def _step(self, mark: int) -> bool:
        """Take one bracket; tells whether a record ends with it."""
        if mark in b"{[":
            if self._depth == 0:
                self._array = self._opens = mark == _BRACKET
            self._depth += 1
            return False
        self._depth = max(0, self._depth - 1)
        return self._depth <= self._array

    def _cut(self, end: int, *, closes: bool = False) -> ElementFrame:
        self._check_size(end)
        raw = bytes(self._buffer[:end])
        check_charset(raw)
        del self._buffer[:end]
        self._at = 0
        opens, self._opens = self._opens, False
        return ElementFrame(raw, opens=opens, closes=closes)

    def _check_size(self, size: int) -> None:
        if size > self._max:
            raise Unreadable("size")
