"""Texts with characters folded to the ASCII ones that a reader takes them for.

Folded are other forms of ASCII characters (full width, mathematical, circled; tag characters),
characters that show nothing, and, in words of more than one script, look-alike letters of other
scripts. Accents go only from words with a digit or an underscore: prose in German or Polish keeps
its words, and costs no second search. What is ordinary in a script or a pictograph stays.

Folding decides on what folding leaves as it is, so that a folded text is folded no further.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from excise.model import Span
from excise.text.confusables import COMPATIBLE, LOOK_ALIKES
from excise.text.offsets import OffsetMap

_LAST_BASIC: Final = "\uffff"
Replaced = tuple[int, int, str]

_DIGITS: Final = "0123456789"
_LONGEST: Final = 64  # characters of a word that is remembered
_RARE: Final = 4  # wholly foreign words shorter than this are words of that script
_INVISIBLE: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0001\U000e007f\U000e0100-\U000e01ef"
)
_TAGS: Final = {chr(0xE0000 + code): chr(code) for code in range(0x20, 0x7F)}
_MARKS: Final = "\u0300-\u034e\u0350-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_PUNCTUATION: Final = "！（），．：；？～"  # of Chinese and Japanese prose
_IDEOGRAPHS: Final = "\u2e80-\ud7ff\U00020000-\U0003ffff"
# Behind these one invisible character is part of how they are written.
_JOINING: Final = "\u0590-\u0eff\u1000-\u109f\u1780-\u18af\u2190-\u245f\u2500-\u2bff\U0001f000-\U0001f0ff\U0001f300-\U0001faff"  # noqa: E501
_QUOTES: Final = str.maketrans("“”„‟«»‘’‚‛", '""""""\'\'\'\'')
_STROKES: Final = {
    "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ħ": "h", "Ħ": "H", "ŧ": "t",
    "Ŧ": "T", "ı": "i", "ƀ": "b", "ɨ": "i", "ƚ": "l",
}  # fmt: skip


def _class(chars: Iterable[str]) -> str:
    return "".join(map(re.escape, sorted(chars)))


_FORMS: Final = COMPATIBLE | _TAGS
_INVISIBLES: Final = re.compile(f"[{_INVISIBLE}]")
_JOINS: Final = re.compile(f"[{_JOINING}{_IDEOGRAPHS}]")
_LEANS: Final = re.compile(f"(?![{_IDEOGRAPHS}])[\\w{_INVISIBLE}{_MARKS}]")
_MARK: Final = re.compile(f"[{_MARKS}]")
_DASHES: Final = "\u2010\u2011\u2012\u2013\u2212"
_SET: Final = re.compile("[=:][ \t]{0,2}[“„‟«‘‚‛]")
_TYPOGRAPHIC: Final = re.compile("[“”„‟«»‘’‚‛]")

# What a character may be folded for, as bits.
_FORM: Final = 1
_BETWEEN: Final = 2
_IN_WORD: Final = 4
_QUOTE: Final = 8
_WORD: Final = 16  # stands in words, folded or not
_ACCENT: Final = 32
_BARE: Final = 64  # in a word with one of these no accent stays
_KINDS: Final = (
    (_FORM, re.compile(f"[{_class(char for char in _FORMS if char <= _LAST_BASIC)}{_INVISIBLE}]")),
    (_BETWEEN, re.compile(f"[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000{_DASHES}]")),
    (_IN_WORD, re.compile(f"[{_class(LOOK_ALIKES)}{_MARKS}]")),
    (_ACCENT, re.compile("[\u00c0-\u024f\u1e00-\u1eff]")),
    (_BARE, re.compile("[0-9_]")),
    (_QUOTE, _TYPOGRAPHIC),
    (_WORD, re.compile(f"[\\w{_MARKS}]")),
)


@cache
def _plane() -> NDArray[np.uint8]:
    """The bits by code point of the basic plane, and one entry for everything above it."""
    plane = "".join(map(chr, range(0x10000)))
    table = np.zeros(0x10001, np.uint8)
    for bit, kind in _KINDS:
        table[[match.start() for match in kind.finditer(plane)]] |= bit
    table[0x10000] = _FORM | _WORD
    return table


def _bits(text: str) -> NDArray[np.uint8]:
    wide = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    return _plane()[np.minimum(wide, 0x10000)]


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text, and the way back."""

    text: str = field(repr=False)
    _steps: tuple[_Step, ...] = field(repr=False)

    def back(self, span: Span) -> Span:
        """The span in the original: whole characters, with the marks behind the last one."""
        for step in reversed(self._steps):
            span = step.back(span)
        return span


class _Step:
    """A text with stretches replaced."""

    __slots__ = ("_gone", "_offsets", "text")

    def __init__(self, text: str, replaced: Iterable[Replaced]) -> None:
        """`replaced` in order; neighbours that leave nothing count as one."""
        pieces: list[str] = []
        moved: list[tuple[int, int, int]] = []
        at = 0
        for start, end, to in replaced:
            pieces += (text[at:start], to)
            at = end
            if not to and moved and moved[-1][1:] == (start, 0):
                moved[-1] = (moved[-1][0], end, 0)
            elif len(to) != end - start:
                moved.append((start, end, len(to)))
        pieces.append(text[at:])
        self.text = "".join(pieces)
        self._offsets = OffsetMap(moved)
        self._gone = {start: end for start, end, length in moved if not length}

    def back(self, span: Span) -> Span:
        start, end = self._offsets.back(span)
        return Span(start, self._gone.get(end, end))


def fold(text: str) -> Folded | None:
    """The folded text, or None where folding changes nothing."""
    if text.isascii():
        return None
    steps: list[_Step] = []
    bits = _bits(text)
    forms = list(_forms(text, bits))
    if forms:
        steps.append(_Step(text, forms))
        text = steps[-1].text
        bits = _bits(text)
    others = [*_between(text, bits), *_quotes(text, bits), *_in_words(text, bits)]
    if others:
        steps.append(_Step(text, sorted(others)))
    return Folded(steps[-1].text, tuple(steps)) if steps else None


def _forms(text: str, bits: NDArray[np.uint8]) -> Iterator[Replaced]:
    """Other forms and invisible characters, where they are not part of how a script is written."""
    for at in _positions(bits, _FORM):
        char, before = text[at], text[at - 1] if at else " "
        if char in _PUNCTUATION:
            if _LEANS.match(before):
                yield at, at + 1, _FORMS[char]
        elif char in _FORMS:
            yield at, at + 1, _FORMS[char]
        elif _INVISIBLES.match(char) and (before in _FORMS or not _JOINS.match(before)):
            yield at, at + 1, ""


def _positions(bits: NDArray[np.uint8], kind: int) -> list[int]:
    return list(np.flatnonzero(bits & kind).tolist())


def _between(text: str, bits: NDArray[np.uint8]) -> Iterator[Replaced]:
    """Blanks between digits, dashes between letters or digits."""
    for at in _positions(bits, _BETWEEN):
        before, after = text[max(at - 1, 0)], text[at + 1 : at + 2]
        if text[at] in _DASHES:
            if before.isalnum() and after.isalnum():
                yield at, at + 1, "-"
        elif before in _DIGITS and after and after in _DIGITS:
            yield at, at + 1, " "


def _quotes(text: str, bits: NDArray[np.uint8]) -> Iterator[Replaced]:
    """Quotation marks, where one stands behind a colon or an equals sign."""
    if (bits & _QUOTE).any() and _SET.search(text):
        for match in _TYPOGRAPHIC.finditer(text):
            yield *match.span(), match[0].translate(_QUOTES)


def _in_words(text: str, bits: NDArray[np.uint8]) -> Iterator[Replaced]:
    """Look-alikes, accents and marks, as the word around them tells."""
    if not (bits & (_IN_WORD | _BARE)).any():
        return
    suspects = np.flatnonzero((bits & (_IN_WORD | _ACCENT) != 0) & (bits & _WORD != 0))
    if not suspects.size:
        return
    edges = np.flatnonzero(np.diff((bits & _WORD) != 0, prepend=False, append=False))
    starts, ends = edges[::2], edges[1::2]
    words = np.unique(np.searchsorted(starts, suspects, "right") - 1)
    telling = np.cumsum((bits & (_IN_WORD | _BARE)) != 0)
    telling = np.concatenate(([0], telling))
    words = words[telling[ends[words]] > telling[starts[words]]]
    for start, end in zip(starts[words].tolist(), ends[words].tolist(), strict=True):
        for index, to in _fold_word(text[start:end]) or ():
            yield start + index, start + index + 1, to


def _fold_word(word: str) -> tuple[tuple[int, str], ...] | None:
    return _remembered(word) if len(word) <= _LONGEST else _changes(word)


def _changes(word: str) -> tuple[tuple[int, str], ...] | None:
    """Which characters of a word fold to what, or None."""
    bare = any(char in _DIGITS or char == "_" for char in word)
    alike = any(char in LOOK_ALIKES for char in word) and _is_disguised(word)
    changes: list[tuple[int, str]] = []
    before, adorned = "", False
    for index, char in enumerate(word):
        to = char
        if char.isascii():
            adorned = False
        elif _is_mark(char):
            if bare or adorned or len(unicodedata.normalize("NFC", before + char)) > 1:
                to = ""
            adorned = True
        else:
            adorned = False
            if alike:
                to = LOOK_ALIKES.get(char, char)
            if bare and to == char:
                to = _unaccented(char)
        if to != char:
            changes.append((index, to))
        if not _is_mark(char):
            before = to
    return tuple(changes) or None


_remembered = lru_cache(maxsize=8192)(_changes)


def _is_mark(char: str) -> bool:
    return _MARK.match(char) is not None


def _is_disguised(word: str) -> bool:
    """Whether a word's look-alikes stand among Latin letters or digits, or are all it has."""
    letters = [char for char in word if not _is_mark(char)]
    if any(char.isascii() for char in letters):
        return True
    return len(letters) >= _RARE and all(char in LOOK_ALIKES for char in letters)


def _unaccented(char: str) -> str:
    base = _STROKES.get(char) or unicodedata.normalize("NFD", char)[0]
    return base if base.isascii() else char
