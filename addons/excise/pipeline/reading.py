"""A body as it came → the message in it, or the reason why nobody could read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from excise.codecs import read_body
from excise.codecs.base import Dialect, Reading
from excise.codecs.encoding import decode
from excise.errors import Unreadable
from excise.model import Direction, Part, Role, Segment, Usage

# Text that its codec could not take apart is still searched as one piece: what is found there
# cannot be cut out safely, but it can be seen.
_TEXTUAL: Final = frozenset({"malformed", "charset", "depth"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Ceilings for one body, in bytes, and how far it may grow when decoded."""

    body: int = 20_000_000
    decoded: int = 40_000_000
    ratio: int = 200


DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A body read: its segments, and what is needed to write it back."""

    segments: tuple[Segment, ...]
    reading: Reading | None
    unread: tuple[str, ...] = ()
    raw: bool = False  # segments come from the undivided text and cannot be edited

    @property
    def anomalies(self) -> tuple[str, ...]:
        """Oddities of form the codec noted."""
        return self.reading.anomalies if self.reading else ()

    @property
    def usage(self) -> Usage | None:
        """Tokens as the provider counted them."""
        return self.reading.usage if self.reading else None

    @property
    def sealed(self) -> frozenset[int]:
        """Tokens that must not be edited."""
        return self.reading.sealed if self.reading else frozenset()


def read_message(
    dialect: Dialect, direction: Direction, body: bytes, content_encoding: str, limits: Limits
) -> Message:
    """Decode and read one body; never raises for what it holds."""
    if not body:
        return Message(segments=(), reading=None)
    plain = body
    try:
        if len(body) > limits.body:
            raise Unreadable("size")
        if content_encoding:
            plain = decode(body, content_encoding, limit=limits.decoded, ratio=limits.ratio)
        reading = read_body(dialect, direction, plain)
    except Unreadable as why:
        return _undivided(plain, why.reason)
    return Message(
        segments=reading.segments,
        reading=reading,
        unread=reading.unread,
        raw="grpc" in reading.unread,
    )


def _undivided(plain: bytes, reason: str) -> Message:
    if reason not in _TEXTUAL:
        return Message(segments=(), reading=None, unread=(reason,))
    text = plain.decode("utf-8", "replace")
    segment = Segment(text, Role.USER, Part.METADATA, 0)
    return Message(segments=(segment,), reading=None, unread=(reason,), raw=True)
