"""gRPC and Connect: framing recognised, texts searched, nothing edited.

Shapes: "gRPC over HTTP2", "Connect protocol", protobuf encoding. A frame is one byte of flags (1:
compressed, 2: the end of a Connect stream), four of length, and a message. Schemas are private
and change, so every field that may hold text is read as text.
"""

from __future__ import annotations

import base64
import json
import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from excise.codecs.base import NOBODY, Asked, Label, StreamReader
from excise.codecs.framing.encoding import decode
from excise.codecs.media import Blob, is_text
from excise.codecs.refusal import build_reply, message_of
from excise.errors import Unreadable
from excise.model import Edit, Part, Refusal, Reply, Role, Segment, Usage

MAX_FRAMES: Final = 100_000
MAX_DEPTH: Final = 60
PERMISSION_DENIED: Final = 7

_FLAGS: Final = b"\x00\x01\x02\x03\x80\x81"  # 128: trailers of gRPC-Web
_RUN: Final = re.compile(rb"[\t\n\r\x20-\x7e\x80-\xff]{6,}")
_UNPACKED: Final = 40_000_000  # bytes of one frame


@dataclass(frozen=True, slots=True, kw_only=True)
class GrpcReading:
    """What could be read of the frames. Lengths stand around every text, so none is edited."""

    codec: str
    segments: tuple[Segment, ...]
    unread: tuple[str, ...]
    body: bytes = field(repr=False)
    anomalies: tuple[str, ...] = ()
    model: str = ""
    stream: bool = False
    usage: Usage | None = None
    sealed: frozenset[int] = frozenset()
    blobs: tuple[Blob, ...] = ()

    def splice(self, edits: Iterable[Edit]) -> bytes:
        """The body. Raises `ValueError` for any edit."""
        if list(edits):
            raise ValueError("an edit of protobuf")
        return self.body


class Grpc:
    """The dialect of hosts and paths that speak protobuf."""

    name: str = "grpc"

    def read_request(self, body: bytes) -> GrpcReading:
        """Every text of every frame. Raises `Unreadable`."""
        return read_grpc(body, Label(Role.USER, Part.PROMPT), self.name)

    def read_response(self, body: bytes) -> GrpcReading:
        """Every text of every frame. Raises `Unreadable`."""
        return read_grpc(body, Label(Role.ASSISTANT, Part.COMPLETION), self.name)

    def open_stream(self, media_type: str) -> StreamReader | None:
        """None: its frames are read when all are there."""
        return None

    def refuse(self, refusal: Refusal, asked: Asked = NOBODY) -> Reply:
        """`grpc-status` 7, or Connect's error, by the media type that was asked in."""
        return refuse_grpc(refusal, asked.media_type)


def is_framed(body: bytes) -> bool:
    """Whether a body is frames from its first byte to its last."""
    return body[:1] in set(_split(_FLAGS)) and _frames(body) is not None


def is_grpc(media_type: str) -> bool:
    """Whether a media type is one of gRPC, gRPC-Web or Connect."""
    return media_type.lower().startswith(("application/grpc", "application/connect+"))


def read_grpc(body: bytes, label: Label, codec: str) -> GrpcReading:
    """Every text of every frame, also where they are in base64 (`application/grpc-web-text`); of
    what is not framed, of the one message it is."""
    texts: list[str] = []
    unread = {"grpc"}
    for flags, message in _frames(body) or _frames(_from_base64(body)) or [(0, body)]:
        try:
            plain = (
                decode(message, "gzip", limit=_UNPACKED, ratio=200)
                if flags & 1 and message
                else message
            )
        except Unreadable as why:
            unread.add(why.reason)
            continue
        texts += find_texts(plain)
    role, part = label[:2]
    segments = [Segment(text, role, part, n) for n, text in enumerate(texts)]
    return GrpcReading(
        codec=codec, segments=tuple(segments), unread=tuple(sorted(unread)), body=body
    )


def find_texts(message: bytes) -> list[str]:
    """The texts of a protobuf message; where it is none, the runs in it that look like text."""
    if not message:
        return []
    if message[:1] in (b"{", b"[") and is_text(message):
        return [message.decode("utf-8", "ignore")]
    found = _fields(message, 0)
    if found is not None:
        return found
    return [match[0].decode("utf-8", "replace") for match in _RUN.finditer(message)]


def refuse_grpc(refusal: Refusal, media_type: str) -> Reply:
    """An answer that clients of gRPC show and do not repeat."""
    message = message_of(refusal)
    error = {"code": "permission_denied", "message": message}
    reply = build_reply(refusal, error)
    if not is_grpc(media_type):
        return reply
    own = tuple(each for each in reply.headers if each[0] != "content-type")
    headers = (("content-type", media_type.partition(";")[0].strip()), *own)
    if media_type.lower().startswith("application/connect+"):
        end = json.dumps({"error": error}).encode()
        return Reply(status=200, headers=headers, body=struct.pack(">BI", 2, len(end)) + end)
    status = (("grpc-status", str(PERMISSION_DENIED)), ("grpc-message", quote(message, safe=" ")))
    return Reply(status=200, headers=(*headers, *status), body=b"")


def _from_base64(body: bytes) -> bytes:
    try:
        return base64.b64decode(body, validate=True)
    except ValueError:
        return b""


def _split(data: bytes) -> Iterator[bytes]:
    return (data[at : at + 1] for at in range(len(data)))


def _frames(body: bytes) -> list[tuple[int, bytes]] | None:
    frames: list[tuple[int, bytes]] = []
    at = 0
    while at < len(body):
        if len(body) - at < 5 or body[at] not in _FLAGS or len(frames) >= MAX_FRAMES:
            return None
        flags, length = struct.unpack_from(">BI", body, at)
        at += 5 + length
        if at > len(body):
            return None
        frames.append((flags, body[at - length : at]))
    return frames or None


def _fields(message: bytes, depth: int) -> list[str] | None:
    """The texts of a message's fields, None where these bytes are no message."""
    texts: list[str] = []
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        kind = tag & 7
        if at < 0 or not tag >> 3 or kind not in (0, 1, 2, 5):
            return None
        if kind == 0:
            _, at = _varint(message, at)
        elif kind == 2:
            length, at = _varint(message, at)
            if at < 0 or at + length > len(message):
                return None
            texts += _texts_of(message[at : at + length], depth)
            at += length
        else:
            at += 8 if kind == 1 else 4
        if at < 0 or at > len(message):
            return None
    return texts


def _texts_of(value: bytes, depth: int) -> list[str]:
    """What a field holds: a text, a message, or bytes in which runs may be text."""
    inner = _fields(value, depth + 1) if depth < MAX_DEPTH and value else None
    if is_text(value):
        # A short message may look like a text as well: then it is read as both.
        text = value.decode("utf-8", "ignore")
        return [text, *(each for each in inner or () if each != text)] if text else []
    if inner is not None:
        return inner
    return [match[0].decode("utf-8", "replace") for match in _RUN.finditer(value)]


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number and where it ends; -1 where there is none."""
    value = shift = 0
    while at < len(data) and shift < 64:
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return value, at
    return 0, -1
