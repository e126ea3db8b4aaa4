"""An event stream is cut into frames without losing or changing a byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spelled import FIXTURES, NAMES
from splits import byte_by_byte, cut_at, every_two_way_split

from excise.codecs.framing.sse import Frame, SseFramer
from excise.errors import Unreadable


def frames(chunks: list[bytes], max_event: int = 1 << 20) -> list[Frame]:
    framer = SseFramer(max_event)
    found = [frame for chunk in chunks for frame in framer.feed(chunk)]
    last = framer.finish()
    return [*found, *([last] if last else [])]


def datas(chunks: list[bytes]) -> list[bytes]:
    return [frame.data for frame in frames(chunks) if frame.data is not None]


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (b"data: a\n\n", [b"a"]),
        (b"data:a\n\ndata:  b\n\n", [b"a", b" b"]),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", [b"a", b"b"]),
        (b"data: a\r\rdata: b\r\r", [b"a", b"b"]),
        (b"data: a\r\n\ndata: b\n\r\n", [b"a", b"b"]),
        (b"data: a\ndata: b\n\n", [b"a\nb"]),
        (b"data: a\ndata\ndata:\ndata: b\n\n", [b"a\n\n\nb"]),
        (b"event: x\nid: 1\ndata: a\nretry: 3\n\n", [b"a"]),
        (b": data: c\n\n", []),
        (b"event: x\n\n", []),
        (b"database: x\n data: y\nDATA: z\n\n", []),
        (b"data\n\n", [b""]),
        (b"\n\n\n\ndata: a\n\n", [b"a"]),
        (b"\xef\xbb\xbfdata: a\n\ndata: b\n\n", [b"a", b"b"]),
        (b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [b"a"]),
        (b"data: a\n\ndata: b", [b"a", b"b"]),
        (b"data: a\ndata: b\n", [b"a\nb"]),
        (b"", []),
        ("data: \u2028é\n\n".encode(), ["\u2028é".encode()]),
    ],
)
def test_framing(body: bytes, data: list[bytes]) -> None:
    assert datas([body]) == data
    assert datas(byte_by_byte(body)) == data
    for chunks in every_two_way_split(body):
        assert datas(chunks) == data


@pytest.mark.parametrize("path", FIXTURES, ids=NAMES)
def test_recorded_streams_are_framed_alike_however_they_are_cut(path) -> None:  # type: ignore[no-untyped-def]
    body = path.read_bytes()
    whole = [frame.raw for frame in frames([body])]
    assert b"".join(whole) == body
    said = datas([body])
    for chunks in every_two_way_split(body):
        assert datas(chunks) == said


@given(
    st.lists(st.sampled_from([b"data: x", b"data", b": c", b"\r", b"\n", b"\r\n", b"\xc3\xa9"])),
    st.lists(st.integers(0, 99)),
)
def test_no_byte_is_lost_and_no_cut_is_seen(pieces: list[bytes], cuts: list[int]) -> None:
    """Law: frames joined are the input; the data does not depend on the chunks."""
    body = b"".join(pieces)
    chunks = cut_at(body, cuts)
    assert b"".join(frame.raw for frame in frames(chunks)) == body
    assert datas(chunks) == datas([body])


@pytest.mark.parametrize(
    ("raw", "data", "out"),
    [
        (b"id: 1\ndata: a\n\n", b"xyz", b"id: 1\ndata: xyz\n\n"),
        (b"data:a\r\n: c\r\ndata: b\r\n\r\n", b"1\n2", b"data:1\r\n: c\r\ndata: 2\r\n\r\n"),
        (b"data: a\n\n", b"1\n2\r\n3", b"data: 1\ndata: 2\ndata: 3\n\n"),
        (b"data: a\r\n\r\n", b"1\r2", b"data: 1\r\ndata: 2\r\n\r\n"),
        (b"data: a\n: c\ndata: b\nid: 1\n\n", b"1", b"data: 1\n: c\nid: 1\n\n"),
        (b"data\n\n", b"1\n2", b"data: 1\ndata: 2\n\n"),
        (b"data: a", b"1\n2", b"data: 1\ndata: 2"),
    ],
)
def test_other_data_leaves_the_rest_of_the_frame(raw: bytes, data: bytes, out: bytes) -> None:
    assert Frame(raw).with_data(data) == out


def test_a_frame_without_data_takes_none() -> None:
    with pytest.raises(ValueError, match="without data"):
        Frame(b": c\n\n").with_data(b"x")


@pytest.mark.parametrize("chunks", [[b"data: " + b"x" * 100], byte_by_byte(b"data: " + b"x" * 100)])
@pytest.mark.parametrize("end", [b"", b"\n\n"])
def test_a_frame_has_a_longest_size(chunks: list[bytes], end: bytes) -> None:
    framer = SseFramer(64)
    with pytest.raises(Unreadable, match="size"):
        for chunk in [b"data: ok\n\n", *chunks[:-1], chunks[-1] + end]:
            list(framer.feed(chunk))


def test_bytes_that_are_no_utf8_are_kept_for_whoever_decides() -> None:
    framer = SseFramer()
    found = framer.feed(b"data: a\n\ndata: \xff\n\ndata: b\n\n")
    assert next(found).data == b"a"
    with pytest.raises(Unreadable, match="charset"):
        next(found)
    assert framer.rest() == b"data: \xff\n\ndata: b\n\n"


def test_a_data_line_without_a_colon_takes_other_data() -> None:
    (frame,) = SseFramer().feed(b"data\nevent: x\n\n")
    assert (frame.data, frame.with_data(b"")) == (b"", frame.raw)
    assert frame.with_data(b"new") == b"data: new\nevent: x\n\n"
