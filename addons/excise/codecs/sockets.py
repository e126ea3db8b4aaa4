"""What a dialect must know to be read on a WebSocket."""

from __future__ import annotations

import json
from typing import Any, NamedTuple, Protocol

from excise.codecs.base import StreamReader
from excise.model import Refusal


class Turn(NamedTuple):
    """Which answer a message belongs to, and whether it is the answer's last."""

    key: str
    ends: bool


class MessageReader(StreamReader, Protocol):
    """Reads the server's messages, each followed by `messages.END`.

    `live` holds the keys of the answers that have begun and not ended, `turns` counts those that
    have ended.
    """

    live: set[str]
    turns: int


class SocketDialect(Protocol):
    """One dialect on a WebSocket; stateless. Messages come as parsed by `json.loads`, or as None.

    What the client says is read by the dialect of the same name as any other request.
    """

    name: str

    def open_reader(self) -> MessageReader:
        """A reader of what the server says."""
        ...

    def asks(self, message: Any) -> bool:
        """Whether a message of the client's asks for an answer."""
        ...

    def turn_of(self, message: Any) -> Turn:
        """Which answer a message of the server's belongs to."""
        ...

    def refuse(self, refusal: Refusal, message: Any) -> tuple[bytes, ...]:
        """What the client is told in place of an answer to `message`; nothing where the dialect
        can say no only by closing."""
        ...


def load_message(message: bytes) -> Any:
    """A message as `json.loads` reads it; None where it is no JSON."""
    try:
        return json.loads(message)
    except (ValueError, RecursionError):
        return None


def word_of(message: Any, key: str) -> str:
    """A member of a message where that is an object and the member a string, else ""."""
    value = message.get(key) if type(message) is dict else None
    return value if type(value) is str else ""
