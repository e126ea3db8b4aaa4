"""AWS event streams: lengths and sums are checked on the way in and right on the way out."""

from __future__ import annotations

import base64
import binascii
import json
import struct

import pytest
from framings import compact, read_messages, write_message
from hypothesis import given
from hypothesis import strategies as st

from excise.codecs.framing.eventstream import (
    ChunkFrame,
    EventStreamFramer,
    MessageFrame,
    build_chunk,
    build_message,
)
from excise.errors import Unreadable

HEAD = {":event-type": "chunk", ":content-type": "application/json", ":message-type": "event"}
FIRST = write_message(HEAD, b'{"a":1}')
# The example of a message without headers and payload that the format's description gives.
EMPTY = bytes.fromhex("00000010000000000" + "5c248eb7d98c8ff")


def frames_of(body: bytes, frame: type[MessageFrame] = MessageFrame) -> list[MessageFrame]:
    return list(EventStreamFramer(frame).feed(body))


def test_the_empty_message() -> None:
    (frame,) = frames_of(EMPTY)
    assert (frame.raw, frame.data, frame.headers, frame.kind) == (EMPTY, None, (), "")
    assert frame.with_data(b"") == EMPTY


def test_every_cut_gives_the_same_messages() -> None:
    body = FIRST + EMPTY + write_message({":event-type": "y"}, '{"b":"ü"}'.encode())
    for cut in range(len(body) + 1):
        framer = EventStreamFramer()
        frames = [frame for chunk in (body[:cut], body[cut:]) for frame in framer.feed(chunk)]
        assert [frame.kind for frame in frames] == ["chunk", "", "y"]
        assert b"".join(frame.raw for frame in frames) == body
        assert framer.finish() is None


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=8)), st.binary(max_size=9))
def test_messages_are_written_as_they_are_read(headers: dict[str, str], payload: bytes) -> None:
    raw = write_message(headers, b'{"old":1}')
    (frame,) = frames_of(raw)
    assert dict(frame.headers) == headers
    assert frame.place is None
    assert list(read_messages(frame.with_data(payload))) == [(headers, payload)]
    assert frame.with_data(b'{"old":1}') == raw


@pytest.mark.parametrize("at", range(len(FIRST)))
def test_no_byte_may_be_wrong(at: int) -> None:
    wrong = bytearray(FIRST)
    wrong[at] ^= 1
    framer = EventStreamFramer()
    frames = framer.feed(EMPTY + bytes(wrong))
    assert next(frames).raw == EMPTY
    with pytest.raises(Unreadable, match="malformed"):
        list(frames)
    assert framer.rest() == wrong


def seal(head: bytes, headers: bytes, payload: bytes = b"") -> bytes:
    head += struct.pack(">I", binascii.crc32(head))
    body = head + headers + payload
    return body + struct.pack(">I", binascii.crc32(body))


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (seal(struct.pack(">II", 16, 1), b""), "malformed"),  # headers longer than the message
        (seal(struct.pack(">II", 8, 0), b""), "malformed"),  # shorter than it can be
        (seal(struct.pack(">II", 18, 2), b"\x05a"), "malformed"),  # half a name
        (seal(struct.pack(">II", 18, 2), b"\x01a"), "malformed"),  # no type
        (seal(struct.pack(">II", 19, 3), b"\x01a\x63"), "malformed"),  # a type nobody knows
        (seal(struct.pack(">II", 22, 6), b"\x01a\x07\x00\x09x"), "malformed"),  # half a value
        (seal(struct.pack(">II", 17, 0), b"", b"\xff"), "charset"),
        (seal(struct.pack(">II", 1 << 30, 0), b""), "size"),
    ],
)
def test_what_is_no_message(raw: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        frames_of(raw)


def test_headers_of_every_type_are_passed_over() -> None:
    block = b"".join(
        b"\x01" + bytes([97 + kind]) + bytes([kind]) + value
        for kind, value in enumerate(
            (
                b"",
                b"",
                b"1",
                b"12",
                b"1234",
                b"12345678",
                b"\0\x01x",
                b"\0\x01s",
                b"12345678",
                b"u" * 16,
            )
        )
    )
    raw = seal(struct.pack(">II", 18 + len(block), len(block)), block, b"{}")
    (frame,) = frames_of(raw)
    assert [tuple(header) for header in frame.headers] == [("h", "s")]
    assert frame.with_data(b"{}") == raw


def test_half_a_message_is_no_end() -> None:
    framer = EventStreamFramer()
    assert list(framer.feed(FIRST[:-1])) == []
    with pytest.raises(Unreadable, match="truncated"):
        framer.finish()
    assert framer.rest() == FIRST[:-1]


def test_only_words_of_the_format_are_not_text() -> None:
    head = {":message-type": "error", ":error-code": "x y", ":error-message": "told"}
    (frame,) = frames_of(write_message(head, b""))
    assert [header.value for header in frame.texts] == ["x y", "told"]
    assert frame.kind == "x y"
    assert frames_of(FIRST)[0].texts == []


def chunk(payload: object) -> bytes:
    return write_message(HEAD, compact(payload))


@pytest.mark.parametrize("padding", ["", "abc", "abcdefghijklmnopqrstuvwxyzABC"])
def test_chunks_hold_what_their_base64_stands_for(padding: str) -> None:
    spelled = base64.b64encode(b'{"a":"x"}').decode()
    raw = chunk({"bytes": spelled, **({"p": padding} if padding else {})})
    (frame,) = frames_of(raw, ChunkFrame)
    assert frame.data == b'{"a":"x"}'
    assert frame.with_data(b'{"a":"x"}') == raw
    ((_, payload),) = read_messages(frame.with_data(b'{"a":"longer"}'))
    document = json.loads(payload)
    assert base64.b64decode(document["bytes"]) == b'{"a":"longer"}'
    assert document.get("p", "") == padding


@pytest.mark.parametrize(
    "payload",
    [
        {"bytes": "!!!!"},
        {"bytes": 7},
        {"bytes": "e30=", "p": "hidden text"},
        {"bytes": "e30=", "p": 7},
        {"bytes": "e30=", "more": "hidden text"},
        {"p": "abc"},
        ["e30="],
        "e30=",
    ],
)
def test_a_chunk_that_says_more_is_unreadable(payload: object) -> None:
    with pytest.raises(Unreadable, match="malformed"):
        frames_of(chunk(payload), ChunkFrame)


def test_a_key_said_twice_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="malformed"):
        frames_of(write_message(HEAD, b'{"bytes":"e30=","bytes":"e30="}'), ChunkFrame)


def test_an_exception_among_chunks_is_read_as_it_is() -> None:
    head = {":message-type": "exception", ":exception-type": "modelStreamErrorException"}
    (frame,) = frames_of(write_message(head, b'{"message":"x"}'), ChunkFrame)
    assert frame.data == b'{"message":"x"}'
    assert frame.with_data(b"{}") == write_message(head, b"{}")


def test_messages_of_our_own() -> None:
    ((head, payload),) = read_messages(build_message("messageStop", b"{}"))
    assert (head[":event-type"], payload) == ("messageStop", b"{}")
    ((head, payload),) = read_messages(build_chunk(b"{}"))
    assert (head[":event-type"], payload) == ("chunk", b'{"bytes":"e30="}')
