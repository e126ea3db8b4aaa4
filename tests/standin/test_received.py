"""What the stand-in keeps of a request, and how planted values are looked for in it."""

from __future__ import annotations

import gzip
import json
import zlib

import brotli  # type: ignore[import-untyped]
import pytest
import zstandard

from excise.standin.received import Received, undo_codings

BODY = json.dumps({"messages": [{"content": "one planted-7f3 two"}]}).encode()


def request(**given: object) -> Received:
    base: dict[str, object] = {"number": 0, "method": "POST", "target": "/v1/x?y=1", "headers": ()}
    return Received(**{**base, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("codings", "raw"),
    [
        ("", BODY),
        ("identity", BODY),
        ("gzip", gzip.compress(BODY, mtime=0)),
        ("deflate", zlib.compress(BODY)),
        ("br", brotli.compress(BODY)),
        ("zstd", zstandard.compress(BODY)),
        ("deflate, gzip", gzip.compress(zlib.compress(BODY), mtime=0)),
        ("made-up", BODY),
    ],
)
def test_content_codings_are_undone(codings: str, raw: bytes) -> None:
    assert undo_codings(raw, codings) == BODY


def test_what_cannot_be_decoded_stays_as_it_came() -> None:
    assert undo_codings(b"no gzip at all", "gzip") == b"no gzip at all"


@pytest.mark.parametrize(
    "given",
    [
        {"body": BODY},
        {"raw": BODY},
        {"wire": b"GET /x HTTP/1.1\r\nx-note: planted-7f3\r\n\r\n"},
        {"wire": b"GET /x?q=planted%2d7f3 HTTP/1.1\r\n\r\n"},
        {"body": BODY.replace(b"planted-7f3", b"pl\\u0061nted\\u002d7f3")},
        {"body": json.dumps({"planted-7f3": 1}).encode()},
        {"body": json.dumps([["planted-7f3"]]).encode()},
        {"body": b"not json: planted-7f3"},
    ],
)
def test_a_planted_value_is_seen_wherever_it_stands(given: dict[str, bytes]) -> None:
    assert request(**given).holds("planted-7f3")
    assert not request(**given).holds("planted-7f4")


def test_path_and_headers_are_read_from_the_head() -> None:
    got = request(headers=(("accept", "a"), ("accept", "b")))
    assert (got.path, got.header("accept"), got.header("none")) == ("/v1/x", "a, b", "")


def test_a_repr_shows_no_content() -> None:
    assert "planted" not in repr(request(body=BODY, raw=BODY, wire=BODY))
