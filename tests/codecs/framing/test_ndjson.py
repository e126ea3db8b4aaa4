"""One value per line: every byte kept, whatever the line ends are."""

from __future__ import annotations

import pytest

from excise.codecs.framing.ndjson import LineFrame, NdjsonFramer, is_line_stream
from excise.errors import Unreadable


@pytest.mark.parametrize(
    ("media_type", "lines"),
    [
        ("application/x-ndjson", True),
        ("Application/X-NDJSON; charset=utf-8", True),
        ("application/stream+json", True),
        ("application/json", False),
        ("text/event-stream", False),
        ("", False),
    ],
)
def test_media_types(media_type: str, lines: bool) -> None:
    assert is_line_stream(media_type) is lines


@pytest.mark.parametrize(
    ("raw", "data"),
    [
        (b'{"a":1}\n', b'{"a":1}'),
        (b' {"a":1}\r\n', b'{"a":1}'),
        (b'{"a":1}', b'{"a":1}'),
        (b"\r\n", None),
    ],
)
def test_lines(raw: bytes, data: bytes | None) -> None:
    frame = LineFrame(raw)
    assert frame.data == data
    if data is None:
        with pytest.raises(ValueError, match="without data"):
            frame.with_data(b"x")
    else:
        assert frame.with_data(data) == raw
        assert frame.with_data(b"x") == raw.replace(data, b"x")
        assert frame.with_data(b"x\ny").count(b"\n") == raw.count(b"\n")


def test_every_cut_gives_the_same_lines() -> None:
    body = b'{"a":"\xc3\xbc"}\r\n\n{"b":2}\n{"c":'
    for cut in range(len(body) + 1):
        framer = NdjsonFramer()
        raws = [frame.raw for chunk in (body[:cut], body[cut:]) for frame in framer.feed(chunk)]
        assert raws == [b'{"a":"\xc3\xbc"}\r\n', b"\n", b'{"b":2}\n']
        assert framer.rest() == b'{"c":'
    last = framer.finish()
    assert last is not None
    assert last.raw == b'{"c":'
    assert framer.finish() is None


@pytest.mark.parametrize(("bad", "reason"), [(b"\xff\n", "charset"), (b"x" * 40, "size")])
def test_what_cannot_be_a_line_stays(bad: bytes, reason: str) -> None:
    framer = NdjsonFramer(max_event=32)
    frames = framer.feed(b"1\n" + bad)
    assert next(frames).raw == b"1\n"
    with pytest.raises(Unreadable, match=reason):
        list(frames)
    assert framer.rest() == bad
