"""The straight way of streamed answers. That clients see no difference is in tests/live."""

from __future__ import annotations

import h11
import pytest
from h11._receivebuffer import ReceiveBuffer
from hypothesis import given
from hypothesis import strategies as st

from excise.edge.http1 import TrailerlessReader
from excise.edge.lane import _split


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _read(raw: bytes) -> tuple[bytes, bool]:
    """What mitmproxy's reader makes of it: the body, and whether it has ended."""
    buffer, reader = ReceiveBuffer(), TrailerlessReader()
    buffer += raw
    body = b""
    while (event := reader(buffer)) is not None:
        if isinstance(event, h11.EndOfMessage):
            return body, True
        body += bytes(event.data)
    return body, False


@given(
    st.lists(st.binary(min_size=1, max_size=40)), st.sampled_from([b"", b"0\r\n\r\n"]), st.data()
)
def test_pieces_and_the_rest_are_what_was_sent(
    chunks: list[bytes], end: bytes, data: st.DataObject
) -> None:
    """Wherever the bytes are cut, and nothing but whole chunks is taken out."""
    raw = b"".join(map(_chunk, chunks)) + end
    cut = data.draw(st.integers(0, len(raw)))
    pieces, at = _split(raw[:cut])
    assert pieces == chunks[: len(pieces)]
    assert at == sum(len(_chunk(piece)) for piece in pieces)
    rest, ended = _read(raw[at:])
    assert (b"".join(pieces) + rest, ended) == _read(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"0\r\n\r\n",
        b"3\r\nab",
        b"3\r\nabc",
        b"3\r\nabcX\r\n",
        b"3;name=value\r\nabc\r\n",
        b"-3\r\nabc\r\n",
        b"3\nabc\n",
        b" 3\r\nabc\r\n",
        b"fffffffff\r\nabc\r\n",
    ],
)
def test_what_is_no_plain_whole_chunk_is_left_to_the_layers(raw: bytes) -> None:
    assert _split(raw) == ([], 0)


@pytest.mark.parametrize(
    ("raw", "between"),
    [(b"", True), (b"3\r\nab", False), (b"3\r\nabc", False), (b"3\r\nabc\r\n", True)],
)
def test_between_chunks_the_next_byte_begins_one(raw: bytes, between: bool) -> None:
    buffer, reader = ReceiveBuffer(), TrailerlessReader()
    buffer += raw
    while reader(buffer) is not None:
        pass
    assert reader.is_between is between
