"""Values in pieces: texts in which the seams between pieces are left out.

A program that concatenates its strings, and a line that goes on behind a backslash, say exactly
what they mean. That a value goes on behind a line end, a mark of emphasis or a hyphen, or that a
word stands backwards or in ROT13, is a guess: such readings hold what they hold for the sake of
values of a form of their own, and prove nothing of others.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import Final

import numpy as np

from excise.text.budget import Replaced
from excise.text.packed import find_words

_MOST: Final = 256  # seams, and guessed words, of one text
# Patterns begin with a literal, which is looked for at the speed of memory.
_QUOTED: Final = {
    quote: re.compile(
        rf"{quote}(?<=[\w/+=-]{quote})[ \t]{{0,8}}(?:(?:[+&,]|\.\.?|\|\||<<|\\)[ \t]{{0,8}})?"
        rf"(?:\r?\n[ \t]{{0,40}}(?:(?:[+&]|\.\.?)[ \t]{{0,8}})?)?"
        rf"(?<!{quote})[rbfuRBFU]?{quote}(?=[\w/+=-])"
    )
    for quote in "\"'"
}
_CONTINUED: Final = re.compile(r"\\(?<=[\w/+=-]\\)\r?\n[ \t]{0,40}(?=[\w/+=-])")
_LISTED: Final = ("join(", "concat(", "implode(")
_TOKEN: Final = "[A-Za-z0-9_/+=-]"
# Characters of a key on both sides, a digit or a change of case near; prose has neither.
_BROKEN: Final = re.compile(
    rf"\n(?<={_TOKEN}{{3}}\n)[ \t>]{{0,16}}(?={_TOKEN}{{0,32}}(?:[0-9]|[a-z][A-Z]){_TOKEN}{{2}})"
)
_MARKED: Final = {
    "*": re.compile(r"\*(?<=[A-Za-z0-9_]{2}\*)\*{0,2}(?=[A-Za-z0-9_]{2})"),
    "`": re.compile(r"`(?<=[A-Za-z0-9_]{2}`) ?`{0,2}(?=[A-Za-z0-9_]{2})"),
    "~": re.compile(r"~(?<=[A-Za-z0-9_]{2}~)~(?=[A-Za-z0-9_]{2})"),
    "<": re.compile(r"<(?<=[A-Za-z0-9_]{2}<)/?[a-z]{1,6}>(?=[A-Za-z0-9_]{2})"),
}
_DIGITS: Final = b"0123456789"
_DIGIT: Final = re.compile("[0-9]")
_GROUPS: Final = (b"aaaa aaaa aaaa a", b"aaaaa aaaaa aaaaa a", b"aaaa.aaaa.aaaa.a")
_GROUPED: Final = re.compile(
    r"(?<![A-Za-z0-9_])(?:[A-Za-z0-9_]{4}([^A-Za-z0-9_\n])(?:[A-Za-z0-9_]{4}\1){2,64}"
    r"|[A-Za-z0-9_]{5}([^A-Za-z0-9_\n])(?:[A-Za-z0-9_]{5}\2){2,64})[A-Za-z0-9_]{1,5}"
    r"(?![A-Za-z0-9_])"
)
_INSIDE: Final = bytes(chr(code).isalnum() or chr(code) == "_" for code in range(128)).ljust(
    256, b"\0"
)
_APART: Final = "\n\0\n"


def find_said(text: str) -> Iterator[Replaced]:
    """Seams of which the language says that there is nothing: concatenation, continued lines."""
    found = chain.from_iterable(
        islice(pattern.finditer(text), _MOST) for quote, pattern in _QUOTED.items() if quote in text
    )
    listed: bool | None = None  # not looked for where no seam asks
    for match in found:
        if "," in match[0]:
            listed = any(word in text for word in _LISTED) if listed is None else listed
            if not listed:
                continue
        yield match.start(), match.end(), ""
    if "\\" in text and ("\\\n" in text or "\\\r" in text):
        for match in islice(_CONTINUED.finditer(text), _MOST):
            yield *match.span(), ""


def find_guessed(text: str, shaped: bytes) -> Iterator[Replaced]:
    """What may be a seam of a value, and words as they may have been meant; may overlap."""
    if "\n" in text:
        for match in islice(_BROKEN.finditer(text), _MOST):
            yield *match.span(), ""
    for mark, pattern in _MARKED.items():
        if mark in text:
            for match in islice(pattern.finditer(text), _MOST):
                yield *match.span(), ""
    if any(gate in shaped for gate in _GROUPS):
        for match in islice(_grouped(text), _MOST):
            if not match[0].islower():
                yield *match.span(), match[0].replace(match[1] or match[2], "")


def _grouped(text: str) -> Iterator[re.Match[str]]:
    """Rows of groups with a digit among them."""
    raw = text.encode("ascii", "replace")
    at = 0
    # In a text without any digit this is quicker than a search for one.
    for start in _rows(raw) if len(raw) > len(raw.translate(None, _DIGITS)) else ():
        match = _GROUPED.match(text, start) if start >= at else None
        if match:
            at = match.end()
            if _DIGIT.search(match[0]):
                yield match


def _rows(raw: bytes) -> list[int]:
    """Where three words of four characters, or of five, stand behind one another with one
    character between any two."""
    shaped = b"\0%b\0" % raw.translate(_INSIDE)
    inside = np.frombuffer(shaped, bool)
    edges = (inside[1:] != inside[:-1]).nonzero()[0]
    starts, ends = edges[::2], edges[1::2]
    sizes = ends - starts
    next_to = starts[1:] - ends[:-1] == 1
    equal = (sizes[1:] == sizes[:-1]) & next_to & ((sizes[1:] == 4) | (sizes[1:] == 5))
    rows = (equal[:-2] & equal[1:-1] & next_to[2:]).nonzero()[0]
    found: list[int] = starts.take(rows).tolist()
    return found


def find_turned(text: str, shaped: bytes) -> Iterator[Replaced]:
    """Long words with digits and letters, and in their place all that they may say: backwards, in
    ROT13, without hyphens."""
    for start, end in islice(find_words(shaped), _MOST):
        word = text[start:end]
        if not _DIGIT.search(word):
            continue
        said = [word[::-1], codecs.encode(word, "rot13")]
        if "-" in word:
            said.append(word.replace("-", ""))
        yield start, end, f" {_APART} ".join(said)
