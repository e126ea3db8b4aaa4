r"""Texts in which backslash escapes are decoded, as JSON (RFC 8259) and most languages write them.

`\" \\ \/ \b \f \n \r \t \uXXXX` with surrogate pairs, and `\xXX`. A backslash before anything else
stands for itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import numpy as np

from excise.model import Span
from excise.text.offsets import OffsetMap

_HEX: Final = "[0-9a-fA-F]"
_HIGH: Final = f"[dD][89abAB]{_HEX}{{2}}"
_LOW: Final = f"[dD][c-fC-F]{_HEX}{{2}}"
_ESCAPE: Final = re.compile(rf'(\\(?:["\\/bfnrt]|u(?:{_HIGH}\\u{_LOW}|{_HEX}{{4}})|x{_HEX}{{2}}))')
# What is not yet an escape, or not yet the whole of one, when text ends there.
_UNFINISHED: Final = re.compile(
    rf"\\(?:u(?:{_HEX}{{0,3}}|{_HIGH}(?:\\(?:u(?:{_HEX}{{0,3}})?)?)?)|x{_HEX}?)?\Z"
)
_PAIRED: Final = len(r"\ud83d\ude00")
_LONGEST: Final = len(r"\ud83d\ude0")
_SIMPLE: Final = {
    '\\"': '"',
    "\\\\": "\\",
    "\\/": "/",
    "\\b": "\b",
    "\\f": "\f",
    "\\n": "\n",
    "\\r": "\r",
    "\\t": "\t",
}
# `[[` is how wikis write a link, and `[A` how a placeholder begins.
_JSON_HEAD: Final = re.compile(r'\s*(?:\{\s*["}]|\[\s*["{\]])')


@dataclass(frozen=True, slots=True)
class View:
    """A text with its escapes decoded, and the way back."""

    text: str = field(repr=False)
    offsets: OffsetMap = field(repr=False)

    def back(self, span: Span) -> Span:
        """The span in the original; an escape is covered wholly or not at all."""
        return self.offsets.back(span)


def unescape(text: str) -> View | None:
    """The view of `text` with its escapes decoded, or None where there is nothing to decode.

    A surrogate without its other half shows as U+FFFD, since no detector can read it.
    """
    if "\\" not in text:
        return None
    parts = _ESCAPE.split(text)
    if len(parts) == 1:
        return None
    ends = np.cumsum(np.fromiter(map(len, parts), np.intp, len(parts)))
    parts[1::2] = map(_character, parts[1::2])
    ones = np.ones(len(parts) // 2, np.intp)
    return View("".join(parts), OffsetMap.of_arrays(ends[:-1:2], ends[1::2], ones))


def find_escapes(text: str) -> Iterator[tuple[int, int, str]]:
    """Each escape in order: where it starts and ends, and the character it stands for."""
    for match in _ESCAPE.finditer(text):
        yield *match.span(), _character(match[0])


@lru_cache(maxsize=1024)
def _character(escape: str) -> str:
    """What one escape stands for; remembered are single characters, so nothing of a text."""
    simple = _SIMPLE.get(escape)
    if simple is not None:
        return simple
    code = int(escape[2:6], 16)
    if len(escape) == _PAIRED:
        return chr(0x10000 + ((code - 0xD800) << 10) + int(escape[8:], 16) - 0xDC00)
    return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)


def find_unfinished(text: str) -> int:
    """Where an escape begins that more text may complete or lengthen; `len(text)` if none does.

    `text` must not begin inside an escape.
    """
    at = max(0, len(text) - _LONGEST)
    while match := _UNFINISHED.search(text, at):
        start = match.start()
        # A backslash behind an odd number of others is the second half of `\\`.
        if (start - len(text[:start].rstrip("\\"))) % 2 == 0:
            return start
        at = start + 1
    return len(text)


def begins_json(text: str) -> bool:
    """Whether a text (or its beginning) is a JSON object or array, as far as can be told."""
    return _JSON_HEAD.match(text) is not None
