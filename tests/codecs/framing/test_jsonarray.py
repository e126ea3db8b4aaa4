"""An array that comes in pieces: one frame per element, every byte kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.codecs.framing.jsonarray import ElementFrame, JsonArrayFramer
from excise.errors import Unreadable


def frames_of(*chunks: bytes) -> list[ElementFrame]:
    framer = JsonArrayFramer()
    frames = [frame for chunk in chunks for frame in framer.feed(chunk)]
    last = framer.finish()
    return [*frames, *([last] if last else [])]


PRETTY = b'[{\n  "a": "]}\\"{[",\n  "b": [1, {"c": []}]\n}\n,\r\n{}\n, [2]\n]\n'


def test_elements_of_a_pretty_array() -> None:
    frames = frames_of(PRETTY)
    assert [frame.raw for frame in frames] == [
        b'[{\n  "a": "]}\\"{[",\n  "b": [1, {"c": []}]\n}',
        b"\n,\r\n{}",
        b"\n, [2]",
        b"\n]",
        b"\n",
    ]
    assert [frame.data and json.loads(frame.data) for frame in frames] == [
        {"a": ']}"{[', "b": [1, {"c": []}]},
        {},
        [2],
        None,
        None,
    ]
    assert [(frame.opens, frame.closes) for frame in frames] == [
        (True, False),
        *[(False, False)] * 2,
        (False, True),
        (False, False),
    ]


def test_every_cut_gives_the_same_frames() -> None:
    whole = [frame.raw for frame in frames_of(PRETTY)]
    for cut in range(len(PRETTY) + 1):
        assert [frame.raw for frame in frames_of(PRETTY[:cut], PRETTY[cut:])] == whole
    assert [frame.raw for frame in frames_of(*(bytes([byte]) for byte in PRETTY))] == whole


VALUES = st.recursive(
    st.none() | st.text(max_size=5) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@given(st.lists(st.dictionaries(st.text(max_size=3), VALUES), max_size=4), st.integers(0, 200))
def test_any_array_of_objects(elements: list[dict[str, Any]], cut: int) -> None:
    body = json.dumps(elements, ensure_ascii=False).encode()
    frames = frames_of(body[:cut], body[cut:])
    assert b"".join(frame.raw for frame in frames) == body
    assert [json.loads(frame.data) for frame in frames if frame.data] == elements


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (b'{"error": {"code": 400}}\n', [b'{"error": {"code": 400}}', None]),
        (b'["a", 7]', [b'"a", 7']),
        (b"[]", [None]),
        (b'[{"a":1}', [b'{"a":1}']),
        (b'[{"a":', [b'{"a":']),
        (b"}x", [b"}", b"x"]),
    ],
)
def test_what_is_no_array_of_objects(body: bytes, data: list[bytes | None]) -> None:
    assert [frame.data for frame in frames_of(body)][: len(data)] == data
    assert b"".join(frame.raw for frame in frames_of(body)) == body


def test_edits_leave_the_marks() -> None:
    first, second, *_ = frames_of(PRETTY)
    assert first.with_data(b'{"x":1}') == b'[{"x":1}'
    assert second.with_data(b'{"x":1}') == b'\n,\r\n{"x":1}'
    with pytest.raises(ValueError, match="without data"):
        frames_of(b"[]")[0].with_data(b"1")


@pytest.mark.parametrize(("bad", "reason"), [(b',{"a":"\xff"}', "charset"), (b"[" * 99, "size")])
def test_what_cannot_be_an_element_stays(bad: bytes, reason: str) -> None:
    framer = JsonArrayFramer(max_event=32)
    frames = framer.feed(b"[{}" + bad)
    assert next(frames).raw == b"[{}"
    with pytest.raises(Unreadable, match=reason):
        list(frames)
    assert framer.rest() == bad


def test_a_long_string_is_looked_at_once() -> None:
    """Law: work grows with the bytes, not with the chunks they came in."""
    framer = JsonArrayFramer()
    list(framer.feed(b'[{"a":"'))
    for _ in range(1000):
        list(framer.feed(b"x\\\\" * 10))
        assert len(framer.rest()) - framer._at <= 2
