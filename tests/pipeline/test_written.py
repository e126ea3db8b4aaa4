"""Edited messages are put together in the coding they came in; signed ones are told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from walled import SECRET, chat, exchange

from excise.codecs import DIALECTS
from excise.codecs.framing.encoding import decode, encode
from excise.model import Direction, Edit, Place, Span
from excise.pipeline.reading import DEFAULT_LIMITS, read_message
from excise.pipeline.written import (
    holds_json,
    is_signed,
    may_be_signed_anew,
    outside,
    signed,
    written,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [('{"a": 1}', True), (" [1]", True), ("[KEY_0123abcde]", False), ("{", False), ("a", False)],
)
def test_a_text_that_is_json_is_told(text: str, expected: bool) -> None:
    """Values put into it must be escaped."""
    assert holds_json(text) is expected


@pytest.mark.parametrize("coding", ["", "gzip", "zstd"])
def test_a_body_is_written_in_its_coding(coding: str) -> None:
    sent = exchange(chat(f"key {SECRET}")).body
    body = encode(sent, coding) if coding else sent
    dialect = DIALECTS["openai-chat"]
    message = read_message(dialect, Direction.REQUEST, body, coding, DEFAULT_LIMITS)
    (segment,) = [each for each in message.segments if SECRET in each.text]
    edits = [
        Edit(segment.token, Span(4, 4 + len(SECRET)), "[A]"),
        Edit(0, Span(0, 0), "", Place.HEADER),
    ]
    assert outside(edits) == edits[1:]
    after = written(message, edits, body, coding, lambda plain: plain + b" ")
    plain = decode(after, coding, limit=1 << 20, ratio=200) if coding else after
    assert plain == sent.replace(SECRET.encode(), b"[A]") + b" "
    assert written(message, edits[1:], body, coding) is body


@pytest.mark.parametrize(
    ("headers", "query", "is_so", "anew"),
    [
        ({}, "", False, False),
        ({"authorization": "Bearer x"}, "?a=x-amz-signature", False, False),
        ({"authorization": "AWS4-HMAC-SHA256 Credential=x"}, "", True, True),
        ({"authorization": "AWS4-ECDSA-P256-SHA256 Credential=x"}, "", True, False),
        ({}, "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0a", True, False),
    ],
)
def test_signed_requests_are_told(
    headers: dict[str, str], query: str, is_so: bool, anew: bool
) -> None:
    """By either version, in the head or in the query; the first alone, in the head, is made."""
    asked = exchange(b"{}", headers=headers)
    asked = replace(asked, target=asked.target + query)
    assert (is_signed(asked), may_be_signed_anew(asked)) == (is_so, anew)
    made = signed(
        lambda sent: (("of", sent.body.decode()),), asked, asked.target, asked.headers, b"edited"
    )
    assert made == ((("of", "edited"),) if is_so else asked.headers)
    assert signed(None, asked, asked.target, asked.headers, b"") == asked.headers
