"""A stream of no known dialect: pieces are put together, every other string is whole."""

from __future__ import annotations

import json
from typing import Any

import pytest

from excise.codecs.dialects.generic_stream import GenericSseStream
from excise.model import Edit, Span, Usage


def test_every_string_of_every_record_is_whole() -> None:
    body = (
        b'data: {"a":[{"b":"one"}],"c":"two"}\n\ndata: ["three"]\n\ndata: four\n\ndata: [DONE]\n\n'
    )
    events = list(GenericSseStream().feed(body))
    texts = [[segment.text for segment in event.segments] for event in events]
    assert {"one", "two"} <= set(texts[0])
    assert texts[1:] == [["three"], ["four"], []]
    assert not any(event.deltas for event in events)
    assert events[-1].ends_all


def test_tokens_are_counted_where_an_event_says_so() -> None:
    body = b'data: {"v":"x"}\n\ndata: {"usage":{"input_tokens":3,"output_tokens":4}}\n\n'
    assert [event.usage for event in GenericSseStream().feed(body)] == [
        None,
        Usage(input=3, output=4),
    ]


def test_half_a_record_at_the_end_is_text() -> None:
    reader = GenericSseStream()
    assert not list(reader.feed(b'data: {"a'))
    (event,) = reader.finish()
    assert [segment.text for segment in event.segments] == ['{"a']


@pytest.mark.parametrize(
    ("event", "channel"),
    [
        ({"v": "x"}, ("", "v", "")),
        ({"type": "a.delta", "delta": "x", "item_id": "i"}, ("a.delta", "delta", "i")),
        ({"type": "a", "delta": {"text": "x"}, "index": 3}, ("a", "delta", "text", 3, "")),
        (
            {"object": "x.delta", "delta": {"content": [{"index": 5, "text": "x"}]}},
            ("x.delta", "delta", "content", 5, "text", ""),
        ),
        ({"token": {"text": "x"}, "index": 0}, ("", "token", "text", 0, "")),
        ({"event": "text_chunk", "text_chunk": {"text": "x"}}, ("", "text_chunk", "text", "")),
        ({"type": "a.delta", "id": "x"}, None),
        ({"type": "a", "text": "x"}, None),
        ({"type": "a.delta", "role": "x"}, None),
    ],
)
def test_what_goes_on(event: Any, channel: Any) -> None:
    (read,) = GenericSseStream().feed(b"data: " + json.dumps(event).encode() + b"\n\n")
    assert [delta.channel.key for delta in read.deltas] == ([channel] if channel else [])
    texts = [*read.segments, *(delta.segment for delta in read.deltas)]
    assert "x" in [segment.text for segment in texts]


def test_a_text_is_over_when_its_end_is_told() -> None:
    body = b'data: {"type":"a.delta","delta":"x"}\n\ndata: {"type":"a.done","text":"x"}\n\n'
    first, last = GenericSseStream().feed(body)
    assert last.ends == (first.deltas[0].channel,)


def test_memory_does_not_grow() -> None:
    reader = GenericSseStream()
    events = [{"type": "a.delta", "delta": "x", "item_id": str(n)} for n in range(1200)]
    body = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)
    assert sum(len(event.deltas) for event in reader.feed(body)) == 1000


def test_the_notice_is_one_more_piece() -> None:
    reader = GenericSseStream()
    assert GenericSseStream().close("Stopped.") == b""  # in no shape that is known
    for event in reader.feed(b'event: e\ndata: {"type":"a.delta","delta":"x","n":1}\n\n'):
        reader.sent(event)
    expected = b'event: e\ndata: {"type":"a.delta","delta":"\\n\\nStopped.","n":1}\n\n'
    assert reader.close("Stopped.") == expected
    assert reader.close("Stopped.") == b""


def test_what_was_cut_out_stays_out_of_the_notice() -> None:
    """The event that carries the notice is given as it was edited."""
    reader = GenericSseStream()
    (event,) = reader.feed(b'data: {"type":"a.delta","delta":"x","note":"secret"}\n\n')
    (note,) = (segment for segment in event.segments if segment.text == "secret")
    reader.sent(event, [Edit(note.token, Span(0, 6), "[KEY]")])
    expected = b'data: {"type":"a.delta","delta":"\\n\\nNo.","note":"[KEY]"}\n\n'
    assert reader.close("No.") == expected
