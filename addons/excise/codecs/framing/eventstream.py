"""The binary event streams of AWS (`application/vnd.amazon.eventstream`), cut into messages.

A message is `total u32 | headers u32 | crc32 of these | headers | payload | crc32 of all before`,
big-endian; a header is `length u8, name, type u8, value`. Format: Smithy specification, event
streams. Whoever edits a payload changes both lengths, and so both sums.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from excise.codecs.framing.sse import MAX_EVENT, check_charset
from excise.codecs.json.value import parse_json
from excise.errors import Unreadable

_PRELUDE: Final = struct.Struct(">III")
_SUM: Final = struct.Struct(">I")
_LEAST: Final = _PRELUDE.size + _SUM.size
_STRING: Final = 7
_SIZED: Final = frozenset({6, _STRING})
_WIDTHS: Final = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}

# So much of this, at random, that the length of a message does not tell its text.
_PADDING: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

_WORDS: Final = frozenset(
    {":event-type", ":content-type", ":message-type", ":exception-type", ":error-code"}
)
_WORD: Final = re.compile(r"[A-Za-z0-9/+.;=-]{0,64}")


class Header(NamedTuple):
    """A header whose value is a string; the other types carry no text."""

    name: str
    value: str


class MessageFrame:
    """One message: its headers, and its payload for data."""

    __slots__ = ("_payload", "_start", "headers", "raw")

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        (length,) = _SUM.unpack_from(raw, 4)
        self._start = _PRELUDE.size + length
        self.headers = tuple(_read_headers(raw[_PRELUDE.size : self._start]))
        self._payload = raw[self._start : -_SUM.size]
        if self.data is not None:
            check_charset(self.data)

    @property
    def data(self) -> bytes | None:
        """The payload; None where it is empty."""
        return self._payload or None

    @property
    def place(self) -> tuple[int, int] | None:
        """None: lengths and sums stand around the data and change with it."""
        return None

    @property
    def kind(self) -> str:
        """The type of the event, of an exception or of an error; "" where it does not say."""
        names = (":event-type", ":exception-type", ":error-code")
        return next(filter(None, map(self.header, names)), "")

    @property
    def texts(self) -> list[Header]:
        """The headers that are no mere words of the format, such as an error's message."""
        return [
            header
            for header in self.headers
            if header.name not in _WORDS or not _WORD.fullmatch(header.value)
        ]

    def header(self, name: str) -> str:
        """The value of a header, "" where it is absent."""
        return next((header.value for header in self.headers if header.name == name), "")

    def with_data(self, data: bytes) -> bytes:
        """The message with another payload, its lengths and sums made anew."""
        return _seal(self.raw[_PRELUDE.size : self._start], data)


class ChunkFrame(MessageFrame):
    """A message whose payload is `{"bytes": base64 of the data}`, as model invocations send it."""

    __slots__ = ("_data", "_padding")

    def __init__(self, raw: bytes) -> None:
        self._data: bytes | None = None
        self._padding = ""
        super().__init__(raw)
        if self.header(":event-type") == "chunk":
            self._data, self._padding = _unwrap(self._payload)
            check_charset(self._data)

    @property
    def data(self) -> bytes | None:
        """What the base64 stands for; of another message the payload."""
        return super().data if self._data is None else self._data

    def with_data(self, data: bytes) -> bytes:
        """The message with other data in it, encoded again."""
        return super().with_data(data if self._data is None else _wrap(data, self._padding))


class EventStreamFramer:
    """Cuts chunks of an event stream into messages."""

    def __init__(
        self, frame: type[MessageFrame] = MessageFrame, max_event: int = MAX_EVENT
    ) -> None:
        self._buffer = bytearray()
        self._frame = frame
        self._max = max_event

    def feed(self, chunk: bytes) -> Iterator[MessageFrame]:
        """Messages completed by this chunk.

        Raises `Unreadable` behind those before the bad one: `size`, `charset`, or `malformed` for
        lengths, headers or sums that are wrong.
        """
        self._buffer += chunk
        while len(self._buffer) >= _PRELUDE.size:
            total, headers, check = _PRELUDE.unpack_from(self._buffer)
            if binascii.crc32(self._buffer[:8]) != check or total < headers + _LEAST:
                raise Unreadable("malformed")
            if total > self._max:
                raise Unreadable("size")
            if len(self._buffer) < total:
                return
            raw = bytes(self._buffer[:total])
            if binascii.crc32(raw[:-4]) != _SUM.unpack_from(raw, total - 4)[0]:
                raise Unreadable("malformed")
            frame = self._frame(raw)
            del self._buffer[:total]
            yield frame

    def finish(self) -> MessageFrame | None:
        """Nothing. Raises `Unreadable` (`truncated`) where half a message is left."""
        if self._buffer:
            raise Unreadable("truncated")
        return None

    def rest(self) -> bytes:
        """The bytes that are no message yet, or could not be one."""
        return bytes(self._buffer)


def build_message(event: str, payload: bytes) -> bytes:
    """An event of our own with a JSON payload."""
    headers = (
        Header(":event-type", event),
        Header(":content-type", "application/json"),
        Header(":message-type", "event"),
    )
    return _seal(_write_headers(headers), payload)


def build_chunk(data: bytes) -> bytes:
    """An event of our own as model invocations send it."""
    return build_message("chunk", _wrap(data))


def _seal(headers: bytes, payload: bytes) -> bytes:
    total = _LEAST + len(headers) + len(payload)
    lengths = struct.pack(">II", total, len(headers))
    body = lengths + _SUM.pack(binascii.crc32(lengths)) + headers + payload
    return body + _SUM.pack(binascii.crc32(body))


def _write_headers(headers: Sequence[Header]) -> bytes:
    return b"".join(
        struct.pack(f">B{len(name)}sBH", len(name), name.encode(), _STRING, len(value.encode()))
        + value.encode()
        for name, value in headers
    )


def _read_headers(block: bytes) -> Iterator[Header]:
    at = 0
    while at < len(block):
        name, at = _take(block, at + 1, block[at])
        kind, at = _take(block, at, 1)
        width = _WIDTHS.get(kind[0])
        if width is None:
            if kind[0] not in _SIZED:
                raise Unreadable("malformed")
            size, at = _take(block, at, 2)
            width = int.from_bytes(size)
        value, at = _take(block, at, width)
        if kind[0] == _STRING:
            check_charset(name + value)
            yield Header(name.decode(), value.decode())


def _take(block: bytes, at: int, length: int) -> tuple[bytes, int]:
    if at + length > len(block):
        raise Unreadable("malformed")
    return block[at : at + length], at + length


def _wrap(data: bytes, padding: str = "") -> bytes:
    tail = b',"p":"%s"' % padding.encode() if padding else b""
    return b'{"bytes":"%s"%s}' % (base64.b64encode(data), tail)


def _unwrap(payload: bytes) -> tuple[bytes, str]:
    """Data and padding of a chunk. Raises `Unreadable` where anything else says something."""
    (document,), _ = parse_json(payload, many=False)
    members = dict(document) if type(document) is tuple else {}
    padding = members.get("p", "")
    if len(members) == len(document) == 1 + ("p" in members) and type(padding) is str:
        spelled = members.get("bytes")
        if type(spelled) is str and _PADDING.startswith(padding):
            # Raised outside of the handler: the decoder's own error is chained to the bytes.
            try:
                return base64.b64decode(spelled, validate=True), padding
            except ValueError:
                pass
    raise Unreadable("malformed")
