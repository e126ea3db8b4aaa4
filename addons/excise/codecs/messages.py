"""Messages of a WebSocket as records of a stream.

A socket's messages are records already. Each is followed by `END`, a byte that stands in no UTF-8,
as it was in the first drafts of the protocol, so that what a reader gives out can be cut again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from excise.codecs.framing.sse import MAX_EVENT, SseFramer, check_charset
from excise.errors import Unreadable

END: Final = b"\xff"


class MessageFrame:
    """One message and its end."""

    __slots__ = ("raw",)

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    @property
    def data(self) -> bytes | None:
        """The message; None where it is empty."""
        return self.raw[:-1] or None

    @property
    def place(self) -> tuple[int, int] | None:
        """Where the message stands in `raw`."""
        return (0, len(self.raw) - 1) if len(self.raw) > 1 else None

    def with_data(self, data: bytes) -> bytes:
        """Another message in its place. Raises `ValueError` where it has none."""
        if len(self.raw) < 2:
            raise ValueError("an empty message cannot be given any data")
        return data + END


class MessageFramer:
    """Cuts what `put_end` wrote into messages."""

    def __init__(self, max_message: int = MAX_EVENT) -> None:
        self._buffer = bytearray()
        self._max = max_message

    def feed(self, chunk: bytes) -> Iterator[MessageFrame]:
        """Messages completed by this chunk. Raises `Unreadable` (`size`, `charset`)."""
        self._buffer += chunk
        while (end := self._buffer.find(END)) >= 0:
            yield self._cut(end + 1)
        if len(self._buffer) > self._max:
            raise Unreadable("size")

    def finish(self) -> MessageFrame | None:
        """Nothing: a message without an end was never one."""
        return None

    def rest(self) -> bytes:
        """What is no message yet, or could not be one."""
        return bytes(self._buffer)

    def _cut(self, end: int) -> MessageFrame:
        if end > self._max:
            raise Unreadable("size")
        raw = bytes(self._buffer[:end])
        if not raw[:-1].isascii():
            check_charset(raw[:-1])
        del self._buffer[:end]
        return MessageFrame(raw)


def put_end(message: bytes) -> bytes:
    """A message as a reader of messages is fed it."""
    return message + END


def cut_messages(stream: bytes) -> tuple[bytes, ...]:
    """The messages that a reader of messages gave out."""
    return tuple(stream.split(END)[:-1])


def messages_of_events(events: bytes) -> bytes:
    """What the records of an event stream say, as messages."""
    frames = SseFramer().feed(events)
    return b"".join(put_end(frame.data) for frame in frames if frame.data)
