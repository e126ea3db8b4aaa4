"""Percent-encoded text as queries, paths and forms carry it, read and edited in place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import quote

from excise.codecs.json.edit import edit_text
from excise.model import Edit

_RUN: Final = re.compile(r"(?:%[0-9A-Fa-f]{2})+")


def decode_percent(raw: str, *, plus: bool) -> str:
    """The text behind `raw`; with `plus` a plus sign is a space (queries and forms).

    A byte that is no UTF-8 becomes one lone surrogate, a broken escape stands for itself.
    """
    if "%" not in raw:
        return raw.replace("+", " ") if plus else raw
    return "".join(" " if plus and raw[start] == "+" else char for char, start in _characters(raw))


def splice_percent(raw: str, group: Sequence[Edit]) -> str:
    """`raw` with ordered edits of its text made; only the edited runs are spelt anew.

    Raises `ValueError` for a span that ends behind the text.
    """
    if "%" not in raw:
        return edit_text(raw, [edit._replace(text=quote(edit.text, safe="")) for edit in group])
    places = list(_characters(raw))
    if group and group[-1].span.end > len(places):
        raise ValueError("a span ends behind its text")
    starts = [start for _, start in places] + [len(raw)]
    pieces: list[str] = []
    at = 0
    for edit in group:
        first, last = edit.span
        pieces += (raw[at : starts[first]], quote(edit.text, safe=""))
        at = starts[last]
    pieces.append(raw[at:])
    return "".join(pieces)


def _characters(raw: str) -> Iterator[tuple[str, int]]:
    """Each code point of the text with where its spelling starts in `raw`."""
    at = 0
    for match in _RUN.finditer(raw):
        yield from zip(raw[at : match.start()], range(at, match.start()), strict=True)
        at = match.start()
        octets = bytes.fromhex(match.group().replace("%", ""))
        for char in octets.decode("utf-8", "surrogateescape"):
            yield char, at
            at += 3 * len(char.encode("utf-8", "surrogateescape"))
    yield from zip(raw[at:], range(at, len(raw)), strict=True)
