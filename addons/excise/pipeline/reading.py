"""A body as it came → the message in it, or the reason why nobody could read it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from excise.codecs import read_body
from excise.codecs.base import Dialect, Reading
from excise.codecs.dialects.plaintext import TextReading
from excise.codecs.framing.encoding import Decoder
from excise.codecs.framing.grpc import GrpcReading
from excise.codecs.framing.multipart import MultipartReading
from excise.codecs.json.span import JsonReading
from excise.errors import Unreadable
from excise.model import Direction, Part, Role, Segment, Usage

# Text that its codec could not take apart is still searched as one piece: what is found there
# cannot be cut out safely, but it can be seen.
_TEXTUAL: Final = frozenset({"malformed", "charset", "depth", "size"})


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
    anomalies: tuple[str, ...] = ()  # oddities of form
    missing: tuple[str, ...] = ()  # what should have read a piece of it and did not answer
    plain: bytes | None = field(default=None, repr=False)  # the body as it leaves, where altered

    @property
    def usage(self) -> Usage | None:
        """Tokens as the provider counted them."""
        return self.reading.usage if self.reading else None

    @property
    def sealed(self) -> frozenset[int]:
        """Tokens that must not be edited."""
        return self.reading.sealed if self.reading else frozenset()


def read_message(
    dialect: Dialect,
    direction: Direction,
    body: bytes,
    content_encoding: str,
    limits: Limits,
    media_type: str = "",
) -> Message:
    """Decode and read one body; never raises for what it holds.

    It is read as what it is; that `media_type` calls it something else is noted.
    """
    if not body:
        return Message(segments=(), reading=None)
    if len(body) > limits.body:
        return _undivided(b"", "size")
    plain, aside = body, False
    try:
        if content_encoding:
            decoder = Decoder(content_encoding, limit=limits.decoded, ratio=limits.ratio)
            plain = decoder.feed(body) + decoder.finish()
            aside = decoder.aside and direction is Direction.REQUEST
        reading = read_body(dialect, direction, plain)
    except Unreadable as why:
        return _undivided(plain, why.reason)
    odd, ambiguous = _mismatch(media_type, reading) if reading.segments else (False, False)
    unread = {*reading.unread, "ambiguous"} if ambiguous or aside else reading.unread
    return Message(
        segments=reading.segments,
        reading=reading,
        unread=tuple(sorted(unread)),
        raw="grpc" in reading.unread,
        anomalies=(*reading.anomalies, "content-type") if odd else reading.anomalies,
    )


def _mismatch(media_type: str, reading: Reading) -> tuple[bool, bool]:
    """Whether a body is called something else than it is, and whether somebody who believes that
    would read it otherwise.

    Clients send JSON as a form (curl does) and services see through it, so that is merely odd.
    """
    name, _, parameters = media_type.lower().partition(";")
    charset = _CHARSET.search(parameters)
    recoded = charset is not None and charset[1] not in _HARMLESS
    called = next((kind for kind, fits in _CALLED if fits.fullmatch(name.strip())), None)
    if isinstance(reading, MultipartReading) and reading.boundary and called is MultipartReading:
        told = _BOUNDARY.search(media_type)
        recoded |= told is None or (told[1] or told[2]) != reading.boundary
    if called is None or isinstance(reading, called):
        return recoded, recoded
    parts = MultipartReading in (called, type(reading))
    return True, recoded or parts


_CHARSET: Final = re.compile(r"\bcharset\s*=\s*\"?([\w-]+)")
_BOUNDARY: Final = re.compile(r'(?i)\bboundary=(?:"([^"]*)"|([^\s;,]+))')
_HARMLESS: Final = frozenset({"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin1"})
_CALLED: Final = (
    (JsonReading, re.compile(r"application/(?:[\w.-]+\+)?json")),
    (TextReading, re.compile(r"application/x-www-form-urlencoded")),
    (MultipartReading, re.compile(r"multipart/.+")),
    (GrpcReading, re.compile(r"application/(?:grpc|connect\+|x-protobuf|proto).*")),
)


def _undivided(plain: bytes, reason: str) -> Message:
    if reason not in _TEXTUAL or not plain:
        return Message(segments=(), reading=None, unread=(reason,))
    text = plain.decode(_encoding_of(plain), "replace")
    segment = Segment(text, Role.USER, Part.METADATA, 0)
    return Message(segments=(segment,), reading=None, unread=(reason,), raw=True)


def _encoding_of(plain: bytes) -> str:
    """The encoding of a text that begins in ASCII, by its mark or by where its NULs stand
    (RFC 4627 §3)."""
    for mark, name in _MARKS:
        if plain.startswith(mark):
            return name
    zeros = tuple(byte == 0 for byte in plain[:4])
    return _ZEROS.get(zeros, "utf-8")


_MARKS: Final = (
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_ZEROS: Final[dict[tuple[bool, ...], str]] = {
    (True, True, True, False): "utf-32-be",
    (False, True, True, True): "utf-32-le",
    (True, False, True, False): "utf-16-be",
    (False, True, False, True): "utf-16-le",
}
