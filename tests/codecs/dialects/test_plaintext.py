"""Forms and plain text are read whole and edited in place; binary is refused."""

from __future__ import annotations

import base64

import pytest

from excise.codecs.dialects.plaintext import is_form, read_form, read_text
from excise.errors import Unreadable
from excise.model import Edit, Part, Role, Span


def test_forms_are_read_by_name_and_value() -> None:
    reading = read_form(b"q=a+b%21&pass%20word=x&flag=&q=2", Role.USER, Part.PROMPT, "g")
    assert [(s.text, s.label, s.token) for s in reading.segments] == [
        ("q", "", 0),
        ("a b!", "q", 1),
        ("pass word", "", 2),
        ("x", "pass word", 3),
        ("flag", "", 4),
        ("q", "", 6),
        ("2", "q", 7),
    ]
    assert reading.splice([]) == b"q=a+b%21&pass%20word=x&flag=&q=2"
    assert reading.splice([Edit(1, Span(2, 3), "é")]) == b"q=a+%C3%A9%21&pass%20word=x&flag=&q=2"


@pytest.mark.parametrize(
    ("body", "form"),
    [
        (b"a=1", True),
        (b"f.req=%5B1%5D&at=x\n", True),
        (b"a", False),
        (b"let x = 1", False),
        (b'{"a":"b=c"}', False),
        (b"a=1&b", False),
    ],
)
def test_what_is_a_form(body: bytes, form: bool) -> None:
    assert is_form(body) is form


def test_text_is_one_segment() -> None:
    reading = read_text("käse und 語\n".encode(), Role.USER, Part.PROMPT, "g")
    assert [s.text for s in reading.segments] == ["käse und 語\n"]
    assert reading.splice([]) == "käse und 語\n".encode()
    assert reading.splice([Edit(0, Span(9, 10), "-")]) == "käse und -\n".encode()
    assert "käse" not in repr(reading)


@pytest.mark.parametrize("head", ["", "a=b&file="])
def test_files_in_data_uris_are_found(head: str) -> None:
    digits = base64.b64encode(b"%PDF-1.7 " + bytes(99)).decode()
    body = f"{head}data:application/pdf;base64,{digits}".encode()
    read = read_form if head else read_text
    reading = read(body, Role.USER, Part.PROMPT, "g")
    assert (reading.unread, reading.splice([])) == (("document",), body)
    (blob,) = reading.blobs
    assert blob.data.startswith(b"%PDF-1.7")
    assert reading.splice([blob.edit(b"")]) == body.replace(digits.encode(), b"")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"PK\x03\x04rest", "archive"),
        (b"\x89PNG\r\n\x1a\n\0", "media"),
        ("text".encode("utf-16"), "charset"),
        (b"caf\xe9", "charset"),
    ],
)
def test_what_is_no_text_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_text(body, Role.USER, Part.PROMPT, "g")
    assert caught.value.reason == reason
    assert caught.value.__context__ is None


@pytest.mark.parametrize("token", [-1, 1])
def test_an_edit_of_no_token_is_an_error(token: int) -> None:
    with pytest.raises(ValueError, match="edit"):
        read_text(b"abc", Role.USER, Part.PROMPT, "g").splice([Edit(token, Span(0, 1), "")])
