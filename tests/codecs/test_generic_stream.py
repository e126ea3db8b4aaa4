"""A stream of no known dialect: every string is a whole text."""

from __future__ import annotations

from excise.codecs.generic_stream import GenericSseStream


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


def test_half_a_record_at_the_end_is_text() -> None:
    reader = GenericSseStream()
    assert not list(reader.feed(b'data: {"a'))
    (event,) = reader.finish()
    assert [segment.text for segment in event.segments] == ['{"a']


def test_no_ending_is_known() -> None:
    assert GenericSseStream().close("Stopped.") == b""
