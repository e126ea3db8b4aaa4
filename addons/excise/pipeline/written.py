"""How an edited message is put together again, and whether it may be."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace

from excise.codecs.framing.encoding import encode
from excise.codecs.json.span import JsonReading
from excise.model import Edit, Exchange, Place
from excise.pipeline.outcome import Headers
from excise.pipeline.reading import Message


def holds_json(text: str) -> bool:
    """Whether a text is itself a JSON object or array, so that values put in must be escaped."""
    if text.lstrip()[:1] not in ("{", "["):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def is_signed(exchange: Exchange) -> bool:
    """Whether a request is signed by AWS Signature Version 4 or 4a, in its head or, presigned, in
    its query. Both cover the body's hash: an edited body is refused upstream."""
    return exchange.header("authorization").startswith("AWS4-") or _is_presigned(exchange)


def may_be_signed_anew(exchange: Exchange) -> bool:
    """Whether a signature is of the kind that can be made with credentials of another."""
    signed = exchange.header("authorization").startswith("AWS4-HMAC-SHA256 ")
    return signed and not _is_presigned(exchange)


def signed(
    resign: Callable[[Exchange], Headers] | None,
    exchange: Exchange,
    target: str,
    headers: Headers,
    body: bytes,
) -> Headers:
    """The headers of a request that was changed so, signed anew where they were signed."""
    sent = replace(exchange, target=target, headers=headers, body=body)
    return resign(sent) if resign is not None and is_signed(sent) else headers


def _is_presigned(exchange: Exchange) -> bool:
    return "x-amz-signature=" in exchange.target.partition("?")[2].lower()


def outside(edits: Iterable[Edit]) -> list[Edit]:
    """Those of head and target."""
    return [edit for edit in edits if edit.place is not Place.BODY]


def written(
    message: Message,
    edits: Iterable[Edit],
    body: bytes,
    coding: str,
    after: Callable[[bytes], bytes] = bytes,
    *,
    always: Callable[[bytes], bytes] | None = None,
) -> bytes:
    """The body with its own edits made, in the coding it came in; `after` mends edited JSON,
    `always` also what needs no edit."""
    inside = [edit for edit in edits if edit.place is Place.BODY]
    if message.reading is None or (not inside and message.plain is None and always is None):
        return body
    plain = message.reading.splice(inside)
    if isinstance(message.reading, JsonReading):
        plain = (always or after)(plain)
    return encode(plain, coding) if coding else plain
