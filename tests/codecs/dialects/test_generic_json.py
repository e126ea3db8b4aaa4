"""The fallback reads any body by what it is, and knows names that mean the same everywhere."""

from __future__ import annotations

from typing import Any

import pytest
from dialect_cases import read, where

from excise.codecs import DIALECTS
from excise.errors import Unreadable
from excise.model import Direction, Edit, Span

UPLOAD = ['Content-Disposition: form-data; name="purpose"', "x"]
GENERIC = DIALECTS["generic-json"]


@pytest.mark.parametrize(
    ("body", "role", "part", "label"),
    [
        ({"contents": [{"role": "model", "parts": [{"text": "X"}]}]}, "assistant", "prompt", ""),
        ({"contents": {"parts": [{"text": "X"}]}}, "user", "prompt", ""),
        ({"systemInstruction": {"parts": [{"text": "X"}]}}, "system", "prompt", ""),
        (
            {"contents": [{"role": "user", "parts": [{"functionCall": {"args": {"pw": "X"}}}]}]},
            *("user", "tool-arguments", "pw"),
        ),
        (
            {"contents": [{"parts": [{"functionResponse": {"response": {"out": "X"}}}]}]},
            *("tool", "tool-result", "out"),
        ),
        (
            {"tools": [{"functionDeclarations": [{"name": "X"}]}]},
            "system",
            "tool-definition",
            "name",
        ),
        (
            {"messages": [{"author": {"role": "system"}, "content": {"parts": ["X"]}}]},
            *("system", "prompt", ""),
        ),
        ({"messages": [{"role": "tool", "content": "X"}]}, "tool", "tool-result", ""),
        ({"attachments": [{"extracted_content": "X"}]}, "user", "document", ""),
        ({"message": "X"}, "user", "prompt", ""),
        ({"api_token": "X"}, "user", "prompt", "api_token"),
        ({"deep": [{"er": {"password": ["X"]}}]}, "user", "prompt", "password"),
        (["X"], "user", "prompt", ""),
    ],
)
def test_requests(body: Any, role: str, part: str, label: str) -> None:
    assert where(read("generic-json", body)) == [(role, part, label)]


def test_answers_are_the_models() -> None:
    reading = read("generic-json", {"candidates": [{"text": "X"}]}, Direction.RESPONSE)
    assert where(reading) == [("assistant", "completion", "")]


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        (b"", []),
        (b" \r\n", []),
        (b'{"k1":"v"}\n{"k2":"w"}\n', ["k1", "v", "k2", "w"]),
        (b'"bare"', ["bare"]),
        (b"grant=a%20b", ["grant", "a b"]),
        (b"hello\nworld", ["hello\nworld"]),
        (b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nx\r\n--b--\r\n', UPLOAD),
    ],
)
def test_bodies_are_read_by_what_they_are(body: bytes, texts: list[str]) -> None:
    reading = GENERIC.read_request(body)
    assert [segment.text for segment in reading.segments] == texts
    assert reading.splice(()) == body


def test_tokens_run_on_over_json_lines() -> None:
    body = b'{"k1":"v"}\n{"k2":"w"}\n'
    reading = GENERIC.read_request(body)
    assert reading.splice([Edit(3, Span(0, 1), "-")]) == b'{"k1":"v"}\n{"k2":"-"}\n'
    assert [segment.path for segment in reading.segments][-1] == (1, "k2")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"a":', "malformed"),
        (b"{not json}", "malformed"),
        ('{"a":1}'.encode("utf-16"), "charset"),
        ('{"a":1}'.encode("utf-16-le"), "charset"),
        (b"caf\xe9 au lait", "charset"),
    ],
)
def test_what_cannot_be_read_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        GENERIC.read_request(body)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0", "media"),
        (b"\0\0\0\x18ftypmp42", "media"),
        (b"%PDF-1.7\n\0", "document"),
        (b"PK\x03\x04\0\0", "archive"),
        (b"words \0 and bytes", "media-type"),
        (b"\1\2\3", "media-type"),
    ],
)
@pytest.mark.parametrize("understand", [GENERIC.read_request, GENERIC.read_response])
def test_files_as_they_are(understand: Any, body: bytes, reason: str) -> None:
    reading = understand(body)
    assert (reading.unread, [blob.data for blob in reading.blobs]) == ((reason,), [body])
