"""Event streams (WHATWG HTML, 9.2) cut into frames that keep their bytes; does no I/O.

A frame is everything up to and including a blank line. Line ends are CR, LF or CRLF. The bytes of
all frames, and of what `rest` still holds, joined are the bytes that were fed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from excise.errors import Unreadable

MAX_EVENT: Final = 16 * 1024 * 1024  # the last event of a Responses stream repeats a whole answer

# Atomic: a CRLF must never be taken for two line ends.
_BLANK: Final = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r)")
_DATA: Final = re.compile(rb"(?:\A|(?<=[\r\n]))data(?:: ?([^\r\n]*)|(?=[\r\n])|\Z)")
_LINE_END: Final = re.compile(rb"\r\n|\n|\r")
_BOM: Final = b"\xef\xbb\xbf"


class _Line(NamedTuple):
    """A data line: where it begins, and where its value stands."""

    at: int
    start: int
    end: int


class Frame:
    """One record of an event stream: its bytes, and the value of its data lines."""

    __slots__ = ("_begin", "_found", "raw")

    def __init__(self, raw: bytes, *, first: bool = False) -> None:
        self.raw = raw
        self._begin = len(_BOM) if first and raw.startswith(_BOM) else 0
        self._found: list[_Line] | None = None

    @property
    def data(self) -> bytes | None:
        """The data lines joined by LF; None where there is no data line."""
        lines = self._lines
        return b"\n".join([self.raw[line.start : line.end] for line in lines]) if lines else None

    @property
    def place(self) -> tuple[int, int] | None:
        """Where the data stands in `raw`; None where it is not on one line."""
        return self._lines[0][1:] if len(self._lines) == 1 else None

    @property
    def _lines(self) -> list[_Line]:
        if self._found is None:
            self._found = _find_data(self.raw, self._begin)
        return self._found

    def with_data(self, data: bytes) -> bytes:
        """The frame's bytes with other data in it. Raises `ValueError` where it has none."""
        if not self._lines:
            raise ValueError("a frame without data cannot be given any")
        values = _LINE_END.split(data)
        if len(values) != len(self._lines):
            return self._with_lines(values)
        pieces: list[bytes] = []
        at = 0
        for line, value in zip(self._lines, values, strict=True):
            bare = value and line.start == line.at + len(b"data")  # an empty field has no colon
            pieces += (self.raw[at : line.start], b": " if bare else b"", value)
            at = line.end
        pieces.append(self.raw[at:])
        return b"".join(pieces)

    def _with_lines(self, values: list[bytes]) -> bytes:
        """All values in place of the first data line, the other ones taken out."""
        first, *others = self._lines
        end = _LINE_END.match(self.raw, first.end)
        between = (end[0] if end else b"\n") + b"data: "
        pieces = [self.raw[: first.at], b"data: ", between.join(values)]
        at = first.end
        for line in others:
            pieces.append(self.raw[at : line.at])
            end = _LINE_END.match(self.raw, line.end)
            at = end.end() if end else line.end
        pieces.append(self.raw[at:])
        return b"".join(pieces)


def _find_data(raw: bytes, begin: int) -> list[_Line]:
    if raw.startswith(b"data: ") and raw.endswith(b"\n\n") and raw.count(b"\n") == 2:
        if b"\r" not in raw:
            return [_Line(0, 6, len(raw) - 2)]
    elif b"data" not in raw:
        return []
    lines = []
    if begin:
        # `\A` means the start of the bytes, so the mark is cut off and counted back in.
        return [
            _Line(at + begin, start + begin, end + begin)
            for at, start, end in _find_data(raw[begin:], 0)
        ]
    for match in _DATA.finditer(raw):
        start, end = match.span(1) if match[1] is not None else (match.end(), match.end())
        lines.append(_Line(match.start(), start, end))
    return lines


class SseFramer:
    """Cuts chunks of an event stream into frames."""

    def __init__(self, max_event: int = MAX_EVENT) -> None:
        self._buffer = bytearray()
        self._searched = 0
        self._first = True
        self._after_cr = False  # the last frame ended with a CR, whose LF may still come
        self._max = max_event

    def feed(self, chunk: bytes) -> Iterator[Frame]:
        """Frames completed by this chunk, each cut off when it is asked for.

        Raises `Unreadable` (`size`, `charset`) after the frames before the bad one.
        """
        self._buffer += chunk
        if self._after_cr and self._buffer.startswith(b"\n"):
            yield self._cut(1)
        while True:
            match = _BLANK.search(self._buffer, self._searched)
            if match is None:
                break
            end = match.end()
            del match
            yield self._cut(end)
        self._check_size(len(self._buffer))
        self._searched = max(0, len(self._buffer) - 2)

    def finish(self) -> Frame | None:
        """What is left without a blank line behind it. Raises `Unreadable`."""
        return self._cut(len(self._buffer)) if self._buffer else None

    def rest(self) -> bytes:
        """The bytes that are no frame yet, or could not be one."""
        return bytes(self._buffer)

    def _cut(self, end: int) -> Frame:
        self._check_size(end)
        raw = bytes(self._buffer[:end])
        if not raw.isascii():
            check_charset(raw)
        del self._buffer[:end]
        self._searched = 0
        first, self._first = self._first, False
        self._after_cr = not self._buffer and raw.endswith(b"\r")
        return Frame(raw, first=first)

    def _check_size(self, size: int) -> None:
        if size > self._max:
            raise Unreadable("size")


def check_charset(raw: bytes) -> None:
    """Raises `Unreadable` where `raw` is no UTF-8."""
    # Raised outside of the handler: the decoder's own error carries the bytes.
    try:
        raw.decode()
    except UnicodeDecodeError:
        pass
    else:
        return
    raise Unreadable("charset")
