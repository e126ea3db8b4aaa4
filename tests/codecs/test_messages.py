"""Messages as records: what was fed is what is given out, wherever it was cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.codecs.messages import (
    END,
    MessageFrame,
    MessageFramer,
    cut_messages,
    messages_of_events,
    put_end,
)
from excise.errors import Unreadable

texts = st.lists(st.text(), max_size=5).map(lambda many: [each.encode() for each in many])


@given(texts, st.integers(0, 200))
def test_messages_come_out_as_they_went_in(messages: list[bytes], cut: int) -> None:
    stream = b"".join(map(put_end, messages))
    framer = MessageFramer()
    frames = [*framer.feed(stream[:cut]), *framer.feed(stream[cut:])]
    assert [frame.data or b"" for frame in frames] == messages
    assert cut_messages(b"".join(frame.raw for frame in frames)) == tuple(messages)
    assert (framer.finish(), framer.rest()) == (None, b"")


def test_a_message_is_given_other_data() -> None:
    frame = MessageFrame(put_end(b"ab"))
    assert (frame.place, frame.with_data(b"c")) == ((0, 2), b"c" + END)
    empty = MessageFrame(END)
    assert (empty.data, empty.place) == (None, None)
    with pytest.raises(ValueError, match="empty"):
        empty.with_data(b"c")


@pytest.mark.parametrize(
    ("chunk", "reason"),
    [(b"\xc3\x28\xff", "charset"), (b"x" * 9, "size"), (b"x" * 9 + END, "size")],
)
def test_what_cannot_be_a_message_stays_in_the_rest(chunk: bytes, reason: str) -> None:
    framer = MessageFramer(8)
    with pytest.raises(Unreadable, match=reason):
        list(framer.feed(put_end(b"ok") + chunk))
    assert framer.rest() == chunk


def test_records_of_an_event_stream_become_messages() -> None:
    events = b'event: a\ndata: {"a": 1}\n\ndata: {}\n\n'
    assert cut_messages(messages_of_events(events)) == (b'{"a": 1}', b"{}")
