"""Protobuf: whatever may be text is searched, nothing is edited, and clients are told natively."""

from __future__ import annotations

import base64
import gzip
import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.codecs.base import Asked
from excise.codecs.dialects.generic_json import GenericJson
from excise.codecs.dialects.generic_stream import GenericSseStream
from excise.codecs.framing.grpc import Grpc, find_texts, is_framed, is_grpc
from excise.model import Edit, Refusal, RefusalClass, Span

REFUSAL = Refusal(cls=RefusalClass.POLICY, reference="r-1", message="No r-1: nö.")


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def text(number: int, value: bytes) -> bytes:
    """A length-delimited field."""
    return varint(number << 3 | 2) + varint(len(value)) + value


def frame(message: bytes, flags: int = 0) -> bytes:
    return struct.pack(">BI", flags, len(message)) + message


SAID = "my password is here, " * 9 + "räksmörgås"
CHAT = (
    text(1, text(1, text(1, SAID.encode())) + b"\x10\x01") + b"\x1d\0\0\x80?" + text(2, b"grok-4")
)


@pytest.mark.parametrize(
    ("body", "unread"),
    [
        (frame(CHAT), ("grpc",)),
        (frame(CHAT) + frame(b""), ("grpc",)),
        (frame(gzip.compress(CHAT, mtime=0), 1), ("grpc",)),
        (frame(json.dumps({"a": SAID}, ensure_ascii=False).encode(), 2), ("grpc",)),
        (frame(b"\x03" + SAID.encode() + b"\xff"), ("grpc",)),
        (frame(text(1, b"\x00" + SAID.encode())), ("grpc",)),
        (base64.b64encode(frame(CHAT)), ("grpc",)),  # gRPC-Web as text
        (CHAT, ("grpc",)),  # Connect's calls of one message have no frames
        (frame(CHAT) + frame(b"no gzip", 1), ("encoding-broken", "grpc")),
    ],
)
def test_texts_are_found(body: bytes, unread: tuple[str, ...]) -> None:
    for reading in (Grpc().read_request(body), Grpc().read_response(body)):
        assert any(SAID in segment.text for segment in reading.segments)
        assert reading.unread == unread
        assert reading.splice(()) == body
        with pytest.raises(ValueError, match="protobuf"):
            reading.splice([Edit(0, Span(0, 1), "")])


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1), max_size=5))
def test_every_text_of_a_message_is_seen(values: list[str]) -> None:
    """Law: at any depth, alone or beside others."""
    flat = b"".join(text(n + 1, value.encode()) for n, value in enumerate(values))
    for message in (flat, text(1, flat), text(3, text(2, flat))):
        found = find_texts(message)
        assert all(any(value in one for one in found) for value in values)


@given(st.binary(max_size=300))
def test_no_bytes_are_too_odd(data: bytes) -> None:
    """Law: anything is read, or has no text."""
    assert isinstance(find_texts(data), list)
    assert is_framed(frame(data))


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"\0", b"\0\0\0\0\5abc", b"\x09\0\0\0\0", frame(b"abc") + b"x"]
)
def test_what_is_not_framed(body: bytes) -> None:
    assert not is_framed(body)


def test_the_fallback_knows_frames() -> None:
    reading = GenericJson(GenericSseStream).read_request(frame(CHAT))
    assert reading.unread == ("grpc",)


@pytest.mark.parametrize("dialect", [Grpc(), GenericJson(GenericSseStream)])
@pytest.mark.parametrize("media_type", ["application/grpc", "application/grpc+proto; x=y"])
def test_a_grpc_refusal(dialect: Grpc, media_type: str) -> None:
    reply = dialect.refuse(REFUSAL, Asked(media_type=media_type))
    headers = dict(reply.headers)
    assert (reply.status, reply.body, headers["grpc-status"]) == (200, b"", "7")
    assert headers["grpc-message"] == "No r-1%3A n%C3%B6."
    assert headers["content-type"] == media_type.partition(";")[0]


def test_a_connect_refusal() -> None:
    reply = Grpc().refuse(REFUSAL, Asked(media_type="application/connect+proto"))
    flags, length = struct.unpack(">BI", reply.body[:5])
    assert (reply.status, flags, length) == (200, 2, len(reply.body) - 5)
    error = {"code": "permission_denied", "message": "No r-1: nö."}
    assert json.loads(reply.body[5:]) == {"error": error}
    alone = Grpc().refuse(REFUSAL, Asked(media_type="application/proto"))
    assert (alone.status, json.loads(alone.body)) == (400, error)


def test_media_types() -> None:
    assert is_grpc("application/grpc-web+proto")
    assert not is_grpc("application/json")
    assert Grpc().open_stream("application/grpc") is None
