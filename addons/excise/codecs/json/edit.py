"""Edits cut into the bytes of a JSON text; outside of them every byte stays.

Token *n* is the *n*-th string (object keys included) or long number of the text. That a regular
expression finds the same tokens as a parser holds for valid JSON only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from excise.model import Edit, Place

# The five characters behind the first make `LONG_NUMBER`.
_TOKEN: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[-0-9][-+.eE0-9]{5,}+', re.DOTALL)
_ESCAPE: Final = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.", re.DOTALL
)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def splice_json(body: bytes, edits: Iterable[Edit], sealed: frozenset[int] = frozenset()) -> bytes:
    """`body`, which is valid JSON, with the edits made. Raises `ValueError`."""
    wanted = group_edits(edits, sealed)
    if not wanted:
        return body
    last = max(wanted)
    pieces: list[bytes] = []
    at = 0
    seen = -1
    for seen, match in enumerate(_TOKEN.finditer(body)):
        if seen in wanted:
            start, end = match.span()
            pieces.append(body[at:start])
            pieces.append(_edited(body[start:end], wanted[seen]))
            at = end
        if seen >= last:
            break
    if seen < last:
        raise ValueError("an edit names a token that the body does not have")
    pieces.append(body[at:])
    return b"".join(pieces)


def group_edits(
    edits: Iterable[Edit], sealed: frozenset[int] = frozenset()
) -> dict[int, list[Edit]]:
    """Edits of a body by token, each group in order. Raises `ValueError`."""
    wanted: dict[int, list[Edit]] = {}
    for edit in edits:
        if edit.place is not Place.BODY:
            raise ValueError("an edit of another place than the body")
        if edit.token in sealed:
            raise ValueError("an edit of a sealed token")
        wanted.setdefault(edit.token, []).append(edit)
    for group in wanted.values():
        order_edits(group)
    return wanted


def order_edits(group: list[Edit]) -> None:
    """Sort the edits of one text by place. Raises `ValueError` where they overlap."""
    group.sort(key=lambda edit: edit.span)
    end = 0
    for edit in group:
        if edit.span.start < end or edit.span.end < edit.span.start or edit.token < 0:
            raise ValueError("edits overlap, or a span ends before it starts")
        end = edit.span.end


def edit_text(text: str, group: Sequence[Edit]) -> str:
    """`text` with ordered edits made. Raises `ValueError` where a span ends behind the text."""
    if group and group[-1].span.end > len(text):
        raise ValueError("a span ends behind its text")
    pieces: list[str] = []
    at = 0
    for edit in group:
        pieces += (text[at : edit.span.start], edit.text)
        at = edit.span.end
    pieces.append(text[at:])
    return "".join(pieces)


def _edited(token: bytes, group: list[Edit]) -> bytes:
    if not token.startswith(b'"'):
        return b'"' + escape_json(edit_text(token.decode(), group)) + b'"'
    raw = token[1:-1]
    points = [point for edit in group for point in edit.span]
    offsets = raw_offsets(raw, points)
    pieces = [b'"']
    at = 0
    for index, edit in enumerate(group):
        pieces += (raw[at : offsets[2 * index]], escape_json(edit.text))
        at = offsets[2 * index + 1]
    pieces += (raw[at:], b'"')
    return b"".join(pieces)


def escape_json(text: str) -> bytes:
    """`text` as it stands between the quotes of a JSON string in UTF-8."""
    return json.dumps(text, ensure_ascii=bool(_SURROGATE.search(text)))[1:-1].encode()


def raw_offsets(raw: bytes, points: Sequence[int]) -> list[int]:
    """Where code points of a JSON string's text start in its bytes (without the quotes).

    `points` must not fall. Raises `ValueError` for one behind the end of the text.
    """
    offsets: list[int] = []
    point = at = 0  # code points and bytes before the run of plain characters in hand
    for start, end in _runs(raw):
        run = raw[at:start]
        text = None if run.isascii() else run.decode()
        length = len(run) if text is None else len(text)
        while len(offsets) < len(points) and points[len(offsets)] <= point + length:
            inside = points[len(offsets)] - point
            offsets.append(at + (inside if text is None else len(text[:inside].encode())))
        if len(offsets) == len(points):
            return offsets
        point += length + 1
        at = end
    raise ValueError("a span ends behind its text")


def _runs(raw: bytes) -> Iterator[tuple[int, int]]:
    """For each run of plain characters: where it ends, and where the escape behind it ends."""
    for match in _ESCAPE.finditer(raw):
        yield match.span()
    yield len(raw), len(raw)
