"""Headers and URL of a request as metadata segments, and edits written back into them.

A header's token is its ordinal in the request. The target's tokens are counted over its pieces:
path, query names and query values, in the order they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from excise.codecs.framing.percent import decode_percent, splice_percent
from excise.codecs.json.edit import edit_text, order_edits
from excise.model import Edit, Exchange, Part, Place, Role, Segment

# What a client shows to the provider itself.
CREDENTIAL_HEADERS: Final = frozenset(
    {
        "authorization",
        "x-api-key",
        "api-key",
        "x-goog-api-key",
        "proxy-authorization",
        "cookie",
        "x-amz-security-token",
        "sec-websocket-protocol",  # browsers can send a key for the realtime socket nowhere else
    }
)

# Their content is the protocol's.
PROTOCOL_HEADERS: Final = frozenset(
    {
        *(":authority", ":method", ":path", ":scheme"),
        *("accept", "accept-charset", "accept-encoding", "accept-language", "cache-control"),
        *("connection", "content-encoding", "content-length", "content-type", "date", "expect"),
        *("host", "if-match", "if-modified-since", "if-none-match", "keep-alive", "pragma"),
        *("priority", "proxy-connection", "range", "sec-fetch-dest", "sec-fetch-mode"),
        *("sec-fetch-site", "sec-websocket-extensions", "sec-websocket-key"),
        *("sec-websocket-version", "te", "trailer"),
        *("transfer-encoding", "upgrade", "x-amz-content-sha256", "x-amz-date"),
    }
)

_CREDENTIAL_QUERY: Final = frozenset(
    {"x-amz-signature", "x-amz-credential", "x-amz-security-token"}
)
_PROTOCOL_QUERY: Final = frozenset(
    {"x-amz-algorithm", "x-amz-date", "x-amz-expires", "x-amz-signedheaders"}
)
_GOOGLE: Final = re.compile(r"(?:.*\.)?googleapis\.com\.?", re.IGNORECASE)

# Pieces that stand in every URL of a provider. What is not here is read.
_PATH_WORDS: Final = frozenset(
    {
        *("v1", "v1beta", "v2", "api", "chat", "completions", "responses", "messages", "models"),
        *("embeddings", "openai", "deployments", "count_tokens", "batches", "files", "model"),
        *("backend-api", "codex", "generate", "invoke", "converse"),
    }
)
_QUERY_WORDS: Final = frozenset({"api-version", "beta", "alt", "model", "key", "sse", "true"})

_LINE_END: Final = re.compile(r"[\r\n\0]")


def read_head(exchange: Exchange) -> tuple[Segment, ...]:
    """Every header and every piece of the target that is neither credential nor protocol."""
    segments = [
        Segment(value, Role.USER, Part.METADATA, token, (name,), name, Place.HEADER)
        for token, (name, value) in enumerate(exchange.headers)
        if value and name not in PROTOCOL_HEADERS and name not in CREDENTIAL_HEADERS
    ]
    segments.extend(_read_target(exchange.target, exchange.host))
    return tuple(segments)


def splice_head(
    exchange: Exchange, edits: Iterable[Edit]
) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Target and headers with the edits made; all else is as it was.

    Raises `ValueError` for edits that overlap, point outside of their text or belong to the body.
    """
    wanted: dict[tuple[Place, int], list[Edit]] = {}
    for edit in edits:
        wanted.setdefault((edit.place, edit.token), []).append(edit)
    headers = list(exchange.headers)
    pieces = _split(exchange.target)
    for (place, token), group in wanted.items():
        order_edits(group)
        if place is Place.HEADER and token < len(headers):
            name, value = headers[token]
            headers[token] = (name, _one_line(edit_text(value, group)))
        elif place is Place.TARGET and 2 * token < len(pieces):
            pieces[2 * token] = splice_percent(pieces[2 * token], group)
        else:
            raise ValueError("an edit names a token that the head does not have")
    return "".join(pieces), tuple(headers)


def _one_line(value: str) -> str:
    if _LINE_END.search(value):
        raise ValueError("an edit would end the header's line")
    return value


def _split(target: str) -> list[str]:
    """Texts and the marks between them, in turns; a query's value keeps its own marks."""
    path, mark, query = target.partition("?")
    pieces = re.split("(/)", path)
    for param in query.split("&") if mark else ():
        name, equals, value = param.partition("=")
        pieces += (mark, name, equals, value) if equals else (mark, name)
        mark = "&"
    return pieces


def _read_target(target: str, host: str) -> Iterator[Segment]:
    pieces = _split(target)
    in_query = False
    name = ""
    for index in range(0, len(pieces), 2):
        raw = pieces[index]
        mark = pieces[index - 1] if index else ""
        in_query = in_query or mark == "?"
        is_value = in_query and mark == "="
        text = decode_percent(raw, plus=in_query)
        if in_query and not is_value:
            name = text
        if _is_read(text, name, in_query, is_value, host):
            path = ("query", name) if in_query else ("path", index // 2)
            label = name if is_value else ""
            yield Segment(text, Role.USER, Part.METADATA, index // 2, path, label, Place.TARGET)


def _is_read(text: str, name: str, in_query: bool, is_value: bool, host: str) -> bool:
    if not in_query:
        return text not in _PATH_WORDS and bool(text)
    folded = name.lower()
    if is_value and (folded in _CREDENTIAL_QUERY or folded in _PROTOCOL_QUERY):
        return False
    if is_value and folded == "key" and _GOOGLE.fullmatch(host):
        return False
    return bool(text) and text not in _QUERY_WORDS
