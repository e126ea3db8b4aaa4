"""A body becomes a message, or a reason why nobody could read it; it never raises."""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.codecs import DIALECTS
from excise.errors import REASONS
from excise.model import Direction
from excise.pipeline.reading import DEFAULT_LIMITS, Limits, read_message

CHAT = DIALECTS["openai-chat"]
BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hello"}]}).encode()


def test_an_empty_body_is_a_message_without_text() -> None:
    """A GET has nothing to read, and nothing unread."""
    message = read_message(CHAT, Direction.REQUEST, b"", "", DEFAULT_LIMITS)
    assert (message.segments, message.unread, message.sealed) == ((), (), frozenset())


@pytest.mark.parametrize("coding", ["", "gzip"])
def test_a_body_is_decoded_and_read(coding: str) -> None:
    """With its coding undone."""
    body = gzip.compress(BODY) if coding else BODY
    message = read_message(CHAT, Direction.REQUEST, body, coding, DEFAULT_LIMITS)
    assert "hello" in [segment.text for segment in message.segments]
    assert message.unread == ()


@pytest.mark.parametrize(
    ("body", "coding", "reason", "raw"),
    [
        (BODY * 30, "", "size", False),
        (gzip.compress(b"a" * 5000, mtime=0), "gzip", "expansion", False),
        (BODY, "snappy", "encoding-unknown", False),
        (BODY[:-5], "", "malformed", True),
        (b'{"a": "\xff"}', "", "charset", True),
        (b"[" * 2000 + b"]" * 2000, "", "depth", True),
    ],
)
def test_what_cannot_be_read_has_its_reason(
    body: bytes, coding: str, reason: str, raw: bool
) -> None:
    """Text that is only malformed is still searched as one piece."""
    limits = Limits(body=4096, decoded=4096)
    if reason == "size":
        limits = Limits(body=1024)
    message = read_message(CHAT, Direction.REQUEST, body, coding, limits)
    assert (message.unread, message.raw) == ((reason,), raw)
    assert bool(message.segments) is raw


@given(st.binary(max_size=200), st.sampled_from(["", "gzip", "br", "zstd", "deflate", "x"]))
def test_no_bytes_make_it_raise(body: bytes, coding: str) -> None:
    """Whatever comes, there is a message, and its reasons are known words."""
    for dialect in DIALECTS.values():
        for direction in Direction:
            message = read_message(dialect, direction, body, coding, DEFAULT_LIMITS)
            assert set(message.unread) <= REASONS
            assert message.reading is not None or message.unread or not body
