"""What a base64 text spells is named where it is no text; the text itself is searched as ever."""

from __future__ import annotations

import base64
import json
import random
from typing import Any

import pytest

from excise.codecs import DIALECTS, read_body
from excise.codecs.media import SHORTEST, find_blobs, hidden_in, is_text, kind_of
from excise.model import Direction, Part, Role, Segment

NOISE = random.Random(7).randbytes(300)
PNG = b"\x89PNG\r\n\x1a\n" + NOISE


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (PNG, "media"),
        (b"\xff\xd8\xff\xe0" + NOISE, "media"),
        (b"RIFF\0\0\0\0WEBP", "media"),
        (b"RIFF\0\0\0\0WAVE", "media"),
        (b"\0\0\0\x18ftypheic", "media"),
        (b"BM\x9a\0\0\0\0\0\0\0", "media"),
        (b"OggS", "media"),
        (b"%PDF-1.7\n", "document"),
        (b"PK\x03\x04", "archive"),
        (b"PK\x03\x04" + bytes(26) + b"[Content_Types].xml", "document"),
        (b"PK\x03\x04" + bytes(26) + b"notes.txt", "archive"),
        (b"7z\xbc\xaf\x27\x1c", "archive"),
        (b"SQLite format 3\0", "media-type"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "document"),
        (b"BMW and other names", ""),
        (b"plain words", ""),
        (NOISE, ""),
    ],
)
def test_kinds(head: bytes, reason: str) -> None:
    assert kind_of(head) == reason


@pytest.mark.parametrize(
    ("text", "field", "reason"),
    [
        (b64(PNG), "", "media"),
        (base64.urlsafe_b64encode(PNG).decode().rstrip("="), "", "media"),
        (base64.encodebytes(PNG).decode(), "", "media"),
        ("data:image/png;base64," + b64(PNG), "", "media"),
        ("look: ![x](data:image/jpeg;charset=x;base64," + b64(NOISE), "", "media"),
        ("data:application/pdf;base64," + b64(b"%PDF-1.7" + NOISE), "", "document"),
        ("data:application/octet-stream;base64," + b64(NOISE), "", "media-type"),
        ("data:text/plain;base64," + b64(b"readable words " * 9), "", ""),
        ("data:image/svg+xml;base64," + b64(b"<svg><text>words</text></svg>" * 4), "", ""),
        (b64(NOISE), "data", "media"),  # bare samples
        (b64(NOISE), "token", ""),
        (b64("words of two bytes each, read by detectors".encode("utf-16")), "data", ""),
        (b64(b"\xff\xfe" + NOISE), "data", "media"),
        (b64(b"readable words " * 9), "data", ""),
        ("a word " * 20, "data", ""),
        ("x" * 10 + ";base64," + b64(PNG), "", ""),
        ("data:image/png;base64,?" + "-" * 80, "data", ""),
    ],
)
def test_texts(text: str, field: str, reason: str) -> None:
    assert len(text) >= SHORTEST
    assert hidden_in(text, field) == reason


def test_letters_of_other_alphabets_behind_base64_are_no_base64() -> None:
    assert hidden_in("A" * 64 + "\u02dd\u039d") == ""


def test_a_cut_character_is_text() -> None:
    assert is_text("räksmörgås å".encode()[:-1])
    assert not is_text(b"\xff" * 9)
    assert not is_text(b"a\0b")


def said(part: Any) -> Any:
    """A request whose only message is this part."""
    return {"messages": [{"content": [part]}]}


AUDIO = {"type": "input_audio", "input_audio": {"data": b64(NOISE)}}
PDF = {"type": "file", "file": {"file_data": b64(b"%PDF-1" + NOISE)}}
BLOCK = {"type": "image", "source": {"type": "base64", "data": b64(PNG)}}
INLINE = {"contents": [{"parts": [{"inlineData": {"data": b64(PNG)}}]}]}
RESULT = {"result": {"content": [{"type": "image", "data": b64(PNG)}]}}
IMAGE = "data:image/png;base64," + b64(PNG)


@pytest.mark.parametrize(
    ("name", "body", "unread"),
    [
        ("openai-chat", {"prompt": [1, 2, 3]}, ("token-ids",)),
        ("openai-chat", {"prompt": [[11, 22], [333333, 4]]}, ("token-ids",)),
        ("openai-chat", {"input": [[1] * 40]}, ("token-ids",)),
        ("openai-chat", {"input": ["a", 5]}, ("token-ids",)),
        ("openai-chat", {"logit_bias": {"5": 1}, "input": ["a"]}, ()),
        ("ollama-chat", {"prompt": "a", "context": [1, 2]}, ("token-ids",)),
        ("generic-json", {"input": [1, 2]}, ("token-ids",)),
        ("generic-json", {"tokens": [1, 2]}, ("token-ids",)),
        ("generic-json", {"arguments": {"sizes": [1, 2]}}, ()),
        (
            "openai-chat",
            said({"type": "image_url", "image_url": {"url": IMAGE}}),
            ("media",),
        ),
        (
            "openai-chat",
            said(AUDIO),
            ("media",),
        ),
        (
            "openai-chat",
            said(PDF),
            ("document",),
        ),
        ("openai-responses", {"input": [{"content": [{"image_url": IMAGE}]}]}, ("media",)),
        (
            "anthropic-messages",
            said(BLOCK),
            ("media",),
        ),
        ("gemini-content", INLINE, ("media",)),
        ("bedrock-converse", said({"image": {"source": {"bytes": b64(PNG)}}}), ("media",)),
        ("ollama-chat", {"messages": [{"content": "a", "images": [b64(PNG)]}]}, ("media",)),
        ("mcp-jsonrpc", RESULT, ("media",)),
        ("openai-chat", {"prompt": [1], "x": IMAGE}, ("media", "token-ids")),
        ("openai-chat", {"messages": [{"content": "words " * 30}]}, ()),
    ],
)
def test_bodies(name: str, body: Any, unread: tuple[str, ...]) -> None:
    assert read_body(DIALECTS[name], Direction.REQUEST, json.dumps(body).encode()).unread == unread


def test_what_is_marked_is_searched_all_the_same() -> None:
    body = json.dumps({"messages": [{"content": IMAGE}]}).encode()
    reading = read_body(DIALECTS["openai-chat"], Direction.REQUEST, body)
    assert IMAGE in [segment.text for segment in reading.segments]


def test_said_twice_is_ambiguous() -> None:
    reading = read_body(DIALECTS["openai-chat"], Direction.REQUEST, b'{"a":"x","a":"y"}')
    assert reading.unread == ("ambiguous",)


@pytest.mark.parametrize(
    ("before", "digits", "after"),
    [
        ("", b64(PNG), ""),
        ("", b64(PNG).rstrip("="), ""),
        ("", base64.urlsafe_b64encode(PNG).decode(), ""),
        ("", base64.encodebytes(PNG).decode(), ""),
        ("data:image/png;base64,", b64(PNG), ""),
        ("see ![x](data:image/png;base64,", b64(PNG), ") and more"),
        ("see data:image/png;base64,", b64(PNG), "\nmore words"),
    ],
)
def test_blobs_are_found_and_put_back(before: str, digits: str, after: str) -> None:
    text = before + digits + after
    segment = Segment(text, Role.USER, Part.PROMPT, 7, ("image",))
    (blob,) = find_blobs([segment])
    assert (blob.token, text[blob.span.start : blob.span.end], blob.data) == (7, digits, PNG)
    edit = blob.edit(PNG + b"~~~")
    changed = text[: edit.span.start] + edit.text + text[edit.span.end :]
    (again,) = find_blobs([segment._replace(text=changed)])
    assert again.data == PNG + b"~~~" and changed.startswith(before) and changed.endswith(after)
    assert ("-" in edit.text or "_" in edit.text) <= ("-" in digits or "_" in digits)


def test_every_uri_of_a_text_is_a_blob() -> None:
    text = f"a {IMAGE} b {IMAGE} c data:text/plain;base64,{b64(b'words ' * 20)}"
    found = list(find_blobs([Segment(text, Role.USER, Part.PROMPT, 1)]))
    assert [blob.data for blob in found] == [PNG, PNG]
