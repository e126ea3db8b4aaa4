"""A body becomes a message, or a reason why nobody could read it; it never raises."""

import gzip
import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.codecs import DIALECTS
from excise.codecs.json.span import MAX_VALUES
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


TEXT = json.dumps({"messages": [{"role": "user", "content": "SECRET-12345678"}]})
FORM = b"content=SECRET-12345678"
UPLOAD = b'--B\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nSECRET-12345678\r\n--B--\r\n'
JSON = "application/json"


@pytest.mark.parametrize(
    ("dialect", "body", "media_type", "unread", "anomalies"),
    [
        # as it should be
        ("openai-chat", TEXT.encode(), JSON, (), ()),
        ("openai-chat", TEXT.encode(), "", (), ()),
        ("openai-chat", TEXT.encode(), "application/json; charset=utf-8", (), ()),
        ("openai-chat", b" \n" + TEXT.encode() + b"\n", "application/vnd.x+json", (), ()),
        ("generic-json", FORM, "application/x-www-form-urlencoded", (), ()),
        ("generic-json", UPLOAD, "multipart/form-data; boundary=B", (), ()),
        ("generic-json", f"{TEXT}\n{TEXT}\n".encode(), "application/jsonl", (), ()),
        # what a second reader might read otherwise
        ("openai-chat", TEXT.encode() * 2, JSON, ("malformed",), ()),
        ("openai-chat", TEXT.encode() + b" x", JSON, ("malformed",), ()),
        ("openai-chat", TEXT.encode() + b"\0", JSON, ("malformed",), ()),
        ("openai-chat", b'{"content":"SECRET-12345678","content":"x"}', JSON, ("ambiguous",),
         ("duplicate-key",)),
        ("openai-chat", b"\xef\xbb\xbf" + TEXT.encode(), JSON, (), ("bom",)),
        ("openai-chat", TEXT.replace("{", '{"n":' + "1" * 70 + ",", 1).encode(), JSON, (),
         ("number-extreme",)),
        ("openai-chat", TEXT.replace("{", '{"n":NaN,', 1).encode(), JSON, ("malformed",), ()),
        ("openai-chat", TEXT.replace('"user"', "'user'").encode(), JSON, ("malformed",), ()),
        ("openai-chat", TEXT.replace("}]", "},]").encode(), JSON, ("malformed",), ()),
        ("openai-chat", TEXT.replace("SEC", "\tSEC").encode(), JSON, ("malformed",), ()),
        ("openai-chat", TEXT.replace("{", "{/**/", 1).encode(), JSON, ("malformed",), ()),
        ("openai-chat", ("[" * 300 + TEXT + "]" * 300).encode(), JSON, ("depth",), ()),
        # encodings
        ("openai-chat", TEXT.encode("utf-16"), JSON, ("charset",), ()),
        ("openai-chat", TEXT.encode("utf-16-le"), JSON, ("charset",), ()),
        ("openai-chat", TEXT.encode("utf-16-be"), JSON, ("charset",), ()),
        ("openai-chat", TEXT.encode("utf-32"), JSON, ("charset",), ()),
        ("openai-chat", TEXT.encode("utf-32-le"), JSON, ("charset",), ()),
        ("openai-chat", TEXT.encode("utf-32-be"), JSON, ("charset",), ()),
        ("generic-json", TEXT.encode("utf-16-be"), JSON, ("charset",), ()),
        ("generic-json", TEXT.encode("utf-32-be"), JSON, ("charset",), ()),
        ("openai-chat", TEXT.replace("user", "us\xe9r").encode("latin-1"), JSON, ("charset",), ()),
        ("openai-chat", TEXT.encode(), "application/json; charset=utf-7", ("ambiguous",),
         ("content-type",)),
        # called what it is not
        ("openai-chat", TEXT.encode(), "application/x-www-form-urlencoded", (), ("content-type",)),
        ("openai-chat", TEXT.encode(), "multipart/form-data; boundary=B", ("ambiguous",),
         ("content-type",)),
        ("generic-json", UPLOAD, JSON, ("ambiguous",), ("content-type",)),
        ("generic-json", FORM, JSON, (), ("content-type",)),
        ("generic-json", TEXT.encode(), "application/grpc", (), ("content-type",)),
        ("openai-chat", FORM, "application/x-www-form-urlencoded", ("malformed",), ()),
        ("generic-json", UPLOAD, 'multipart/form-data; boundary="B"', (), ()),
        ("generic-json", UPLOAD, "multipart/form-data; boundary=b", ("ambiguous",),
         ("content-type",)),
        ("generic-json", UPLOAD, "multipart/form-data", ("ambiguous",), ("content-type",)),
        # more than is walked
        ("openai-chat", f'{{"a":{TEXT},"b":[{"[]," * MAX_VALUES}[]]}}'.encode(), JSON, ("size",),
         ()),
    ],
    ids=itertools.count(),
)  # fmt: skip
def test_strict_reading(
    dialect: str, body: bytes, media_type: str, unread: tuple[str, ...], anomalies: tuple[str, ...]
) -> None:
    """What is odd is noted; what might be read in two ways is a matter of policy; and whichever
    it is, the text is searched."""
    message = read_message(
        DIALECTS[dialect], Direction.REQUEST, body, "", DEFAULT_LIMITS, media_type
    )
    assert (message.unread, message.anomalies) == (unread, anomalies)
    assert any("SECRET-12345678" in segment.text for segment in message.segments)
