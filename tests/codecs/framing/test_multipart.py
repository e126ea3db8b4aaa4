"""Uploads: the head of every part and every text is read, what is no text is named."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.codecs import DIALECTS
from excise.codecs.framing.multipart import (
    is_binary,
    is_file,
    is_multipart,
    read_file,
    read_multipart,
)
from excise.errors import Unreadable
from excise.model import Direction, Edit, Part, Role, Span

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


def upload(*contents: bytes, end: bytes = b"--B--\r\n", line: bytes = b"\r\n") -> bytes:
    """A form of a purpose and files with these contents."""
    parts = [b'Content-Disposition: form-data; name="purpose"\r\n\r\nbatch']
    parts += [
        b'Content-Disposition: form-data; name="file"; filename="notes.txt"\r\n'
        b"Content-Type: text/plain\r\n\r\n" + content
        for content in contents
    ]
    body = b"".join(b"--B\r\n" + part + b"\r\n" for part in parts) + end
    return body.replace(b"\r\n", line)


def texts(body: bytes) -> list[str]:
    return [segment.text for segment in read_multipart(body, Role.USER, "c").segments]


def test_heads_and_contents() -> None:
    reading = read_multipart(upload(b"a text\r\n--of two lines"), Role.USER, "c")
    assert [(s.text, s.part, s.label, s.token) for s in reading.segments] == [
        ('Content-Disposition: form-data; name="purpose"', Part.METADATA, "", 0),
        ("batch", Part.PROMPT, "purpose", 1),
        (
            'Content-Disposition: form-data; name="file"; filename="notes.txt"\r\n'
            "Content-Type: text/plain",
            Part.METADATA,
            "",
            2,
        ),
        ("a text\r\n--of two lines", Part.DOCUMENT, "", 3),
    ]
    assert reading.unread == ()


@pytest.mark.parametrize(
    ("content", "unread"),
    [
        (b"plain", ()),
        ("räksmörgås".encode(), ()),
        (b"", ()),
        (PNG, ("media",)),
        (b"%PDF-1.7 \0 words", ("document",)),
        (b"PK\x03\x04\x14", ("archive",)),
        (b"\x00\x01\x02 words", ("media-type",)),
        ("caf\xe9".encode("latin-1"), ("charset",)),
        (b"\xff\xfe\0\xd8w\0", ("media-type",)),  # half a character
        (b"\xff\xfew\0\1\0", ("media-type",)),
    ],
)
def test_contents(content: bytes, unread: tuple[str, ...]) -> None:
    reading = read_multipart(upload(content), Role.USER, "c")
    assert reading.unread == unread
    found = [segment.text for segment in reading.segments if segment.token == 3]
    expected = [content.decode("latin-1" if unread else "utf-8")] if content else []
    assert found == ([] if unread and unread != ("charset",) else expected)


@pytest.mark.parametrize("content", [
    "wörds of two bytes".encode("utf-16"),
    "wörds of two bytes".encode("utf-16-be"),
    b"\xfe\xff" + "語, words".encode("utf-16-be"),
    "words, and a key".encode("utf-16-le"),
])  # fmt: skip
def test_text_in_utf_16_is_read_and_edited(content: bytes) -> None:
    """As spreadsheets and shells of Windows save it, with its mark or without."""
    reading = read_multipart(upload(content), Role.USER, "c")
    assert reading.unread == ()
    (segment,) = (segment for segment in reading.segments if segment.token == 3)
    at = segment.text.index("words" if "words" in segment.text else "wörds")
    edited = reading.splice([Edit(3, Span(at, at + 5), "[K]")])
    wide = "utf-16-be" if reading.codings[3] == "utf-16-be" else "utf-16-le"
    word = segment.text[at : at + 5].encode(wide)
    assert edited == upload(content).replace(word, "[K]".encode(wide))


@pytest.mark.parametrize(
    ("head", "unread"),
    [
        (b"", ()),
        (b"Content-Transfer-Encoding: 8bit\r\n", ()),
        (b"content-transfer-encoding: BINARY \r\n", ()),
        (b"Content-Transfer-Encoding: base64\r\n", ("ambiguous",)),
        (b"content-transfer-encoding:quoted-printable\r\n", ("ambiguous",)),
        (b'X: 1; filename*0="a"; filename*1="b"\r\n', ("ambiguous",)),
        (b"X: 1; name*0*=utf-8''a\r\n", ("ambiguous",)),
        (b"X: 1; filename*=utf-8''a%20b\r\n", ()),
    ],
)
def test_heads_that_others_may_read_otherwise(head: bytes, unread: tuple[str, ...]) -> None:
    body = upload(b"x").replace(b"Content-Type", head + b"Content-Type")
    assert read_multipart(body, Role.USER, "c").unread == unread


def test_what_a_text_holds_in_base64_is_found() -> None:
    """A line of a batch may carry a document."""
    digits = base64.b64encode(b"%PDF-1.7 " + bytes(99)).decode()
    line = f'{{"body":{{"file_data":"data:application/pdf;base64,{digits}"}}}}\n'
    reading = read_multipart(upload(line.encode()), Role.USER, "c")
    assert reading.unread == ("document",)
    (blob,) = reading.blobs
    assert (blob.token, blob.raw) == (3, digits)
    assert b"base64,AAA" in reading.splice([blob.edit(bytes(9))])


@pytest.mark.parametrize(
    ("body", "unread"),
    [
        (upload(b"x", end=b""), ("ambiguous",)),
        (upload(b"x", end=b"--B--"), ()),
        (upload(b"x", end=b"--B--\r\nmore words"), ("ambiguous",)),
        (upload(b"x", line=b"\n"), ()),
        (b"\r\n" + upload(b"x"), ()),
    ],
)
def test_what_stands_around_the_parts(body: bytes, unread: tuple[str, ...]) -> None:
    reading = read_multipart(body, Role.USER, "c")
    assert reading.unread == unread
    assert reading.splice(()) == body
    assert "x" in [text.strip() for text in texts(body)]
    assert ("more words" in texts(body)) is (b"more words" in body)


@pytest.mark.parametrize("token", range(4))
def test_edits(token: int) -> None:
    body = upload("å caf\xe9".encode("latin-1"))
    reading = read_multipart(body, Role.USER, "c")
    (segment,) = [segment for segment in reading.segments if segment.token == token]
    edited = reading.splice([Edit(token, Span(1, 3), "[KEY_1]")])
    expected = segment.text[:1] + "[KEY_1]" + segment.text[3:]
    assert edited == body.replace(segment.text.encode("latin-1"), expected.encode("latin-1"))


def test_what_cannot_be_edited() -> None:
    reading = read_multipart(upload(PNG), Role.USER, "c")
    for token in (4, 99):
        with pytest.raises(ValueError, match=r"token|span"):
            reading.splice([Edit(token, Span(0, 1), "")])


def test_bytes_are_put_in_the_place_of_bytes() -> None:
    """What is no text has a blob, whose edit may hold any byte."""
    body = upload(b"words", PNG)
    reading = read_multipart(body, Role.USER, "c")
    (blob,) = reading.blobs
    assert (blob.reason, blob.token, blob.data) == ("media", 5, PNG)
    every = bytes(range(256))
    assert reading.splice([blob.edit(every)]) == body.replace(PNG, every)
    assert reading.splice([blob.edit(PNG)]) == body


def test_a_file_alone() -> None:
    reading = read_file(PNG, Role.USER, "c")
    assert is_file(PNG) and not is_file(b"words") and not is_file(b"PK\x03\x04\0")
    assert (reading.segments, reading.unread, reading.blobs[0].data) == ((), ("media",), PNG)
    assert read_file(b"\0 words", Role.USER, "c").unread == ("media-type",)
    assert is_binary(b"\0 words") and not is_binary(b"words") and not is_binary(b"\xff\xfea\0")
    assert reading.splice([reading.blobs[0].edit(b"\0\xff")]) == b"\0\xff"


def test_too_many_parts() -> None:
    part = b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'
    with pytest.raises(Unreadable, match="size"):
        read_multipart(part * 1100, Role.USER, "c")


@pytest.mark.parametrize("body", [b"", b"--", b"--\r\n", b"text", b'{"a":1}', b"--B\r\nwords\r\n"])
def test_other_bodies(body: bytes) -> None:
    assert not is_multipart(body)
    with pytest.raises(Unreadable, match="malformed"):
        read_multipart(body, Role.USER, "c")


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_every_byte_comes_back_and_every_text_is_seen(before: bytes, after: bytes) -> None:
    """Law: whatever stands in a part, nothing is lost and nothing readable is skipped."""
    body = upload(before, b"planted", after)
    reading = read_multipart(body, Role.USER, "c")
    assert reading.splice(()) == body
    assert any("planted" in segment.text for segment in reading.segments)


def test_a_known_host_without_a_dialect_takes_them() -> None:
    for direction in Direction:
        read = getattr(DIALECTS["generic-json"], f"read_{direction}")
        assert "batch" in [segment.text for segment in read(upload(b"x")).segments]


def test_what_begins_like_a_picture_and_is_text_is_read() -> None:
    for content, why in ((b"RIFF words", "media"), (b"%PDF-1 words", "document")):
        reading = read_multipart(upload(content), Role.USER, "c")
        assert reading.unread == (why,)
        assert content.decode() in [segment.text for segment in reading.segments]
