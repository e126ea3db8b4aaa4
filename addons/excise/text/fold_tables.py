"""What folding knows of each character, as arrays by `place`: bits, and what it folds to."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from excise.text.confusables import COMPATIBLE, LOOK_ALIKES

Codes = NDArray[np.uint32]
Bits = NDArray[np.uint16]

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
_DASHES: Final = "\u2010\u2011\u2012\u2013\u2212"
_OPENING: Final = "“„‟«‘‚‛"
_STROKES: Final = {
    "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ħ": "h", "Ħ": "H", "ŧ": "t",
    "Ŧ": "T", "ı": "i", "ƀ": "b", "ɨ": "i", "ƚ": "l",
}  # fmt: skip
QUOTES: Final = {**dict.fromkeys("“”„‟«»", '"'), **dict.fromkeys("‘’‚‛", "'")}
FORMS: Final = COMPATIBLE | _TAGS

FORM: Final = 1  # another form of ASCII characters
INVISIBLE: Final = 2
SENTENCE: Final = 4  # a form that is ordinary between ideographs
JOINING: Final = 8  # an invisible character behind it may belong to it
LEANING: Final = 16  # a sentence's mark behind it is none of Chinese or Japanese prose
BLANK: Final = 32
DASH: Final = 64
QUOTE: Final = 128
WORD: Final = 256  # stands in words, folded or not
MARK: Final = 512
ALIKE: Final = 1024
ACCENT: Final = 2048
BARE: Final = 4096  # in a word with one of these no accent stays
ASCII: Final = 8192
DIGIT: Final = 16384
ALNUM: Final = 32768

_PLANES: Final = 0x20000  # code points with a place of their own; behind them stand:
_FAR_IDEOGRAPH: Final = _PLANES
_ELSEWHERE: Final = _PLANES + 1
_TAGGED: Final = _PLANES + 2  # the first 0x200 of plane 14
_SIZE: Final = _TAGGED + 0x200


def _class(chars: Iterable[str]) -> str:
    return "".join(map(re.escape, sorted(chars)))


def _kinds() -> tuple[tuple[int, str], ...]:
    return (
        (FORM, f"[{_class(FORMS)}]"),
        (INVISIBLE, f"[{_INVISIBLE}]"),
        (SENTENCE, f"[{_PUNCTUATION}]"),
        (JOINING, f"[{_JOINING}{_IDEOGRAPHS}]"),
        (LEANING, f"(?![{_IDEOGRAPHS}])[\\w{_INVISIBLE}{_MARKS}]"),
        (BLANK, "[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]"),
        (DASH, f"[{_DASHES}]"),
        (QUOTE, f"[{_class(QUOTES)}]"),
        (WORD, f"[\\w{_MARKS}]"),
        (MARK, f"[{_MARKS}]"),
        (ALIKE, f"[{_class(LOOK_ALIKES)}]"),
        (ACCENT, "[\u00c0-\u024f\u1e00-\u1eff]"),
        (BARE, "[0-9_]"),
        (ASCII, "[\0-\x7f]"),
        (DIGIT, "[0-9]"),
        (ALNUM, r"[^\W_]"),
    )


@dataclass(frozen=True, slots=True)
class Tables:
    """Arrays by `place`; `length` counts the characters of a form, of which `form` is the first
    and `tails` has the others."""

    bits: Bits
    form: Codes
    length: NDArray[np.uint8]
    tails: Mapping[int, str]
    alike: Codes
    bare: Codes
    quote: Codes
    composing: NDArray[np.uint64]  # sorted: a base and a mark that make one character


@cache
def tables() -> Tables:
    """Made once, in some hundredths of a second."""
    chars = _everything()
    bits = np.zeros(_SIZE, np.uint16)
    for bit, kind in _kinds():
        for run in re.finditer(f"(?:{kind})+", chars):
            bits[run.start() : run.end()] |= bit
    length = np.zeros(_SIZE, np.uint8)
    for char, to in FORMS.items():
        length[place_of(char)] = len(to)
    return Tables(
        bits=bits,
        form=_codes({char: to[0] for char, to in FORMS.items()}),
        length=length,
        tails={place_of(char): to[1:] for char, to in FORMS.items() if len(to) > 1},
        alike=_codes(LOOK_ALIKES),
        bare=_codes(_unaccented()),
        quote=_codes(QUOTES),
        composing=np.unique(np.array(list(_composing()), np.uint64)),
    )


def place(codes: Codes) -> NDArray[np.intp]:
    """Where the tables tell of these code points."""
    found = codes.astype(np.intp)
    far = np.flatnonzero(codes >= _PLANES)
    if far.size:
        beyond = codes[far]
        tags = (beyond >= 0xE0000) & (beyond < 0xE0200)
        found[far] = np.where(
            tags,
            beyond.astype(np.intp) - 0xE0000 + _TAGGED,
            np.where(beyond < 0x40000, _FAR_IDEOGRAPH, _ELSEWHERE),
        )
    return found


def place_of(char: str) -> int:
    """The same for one character."""
    return int(place(np.array([ord(char)], np.uint32))[0])


def _everything() -> str:
    tagged = map(chr, range(0xE0000, 0xE0200))
    return "".join((*map(chr, range(_PLANES)), "\U00020000", "\U000e0fff", *tagged))


def _codes(rows: Mapping[str, str]) -> Codes:
    """What characters fold to, 0 for all others."""
    table = np.zeros(_SIZE, np.uint32)
    for char, to in rows.items():
        table[place_of(char)] = ord(to)
    return table


def _unaccented() -> dict[str, str]:
    rows = dict(_STROKES)
    for char in map(chr, range(0xC0, 0x3000)):
        base = unicodedata.normalize("NFD", char)[0]
        if base.isascii():
            rows.setdefault(char, base)
    return rows


def pair(base: int, mark: int) -> int:
    """A base and the mark behind it as one number."""
    return base << 21 | mark


def _composing() -> Iterable[int]:
    marks = re.compile(f"[{_MARKS}]")
    equal = dict[str, list[str]]()
    for char in map(chr, range(0x80, 0x3100)):
        same = unicodedata.normalize("NFC", char)
        if len(same) == 1:
            equal.setdefault(same, []).append(char)
            if marks.match(char):
                yield pair(0, ord(char))
    for char in equal:
        apart = unicodedata.normalize("NFD", char)
        for at, mark in enumerate(apart):
            base = unicodedata.normalize("NFC", apart[:at] + apart[at + 1 :])
            if at and len(base) == 1 and len(unicodedata.normalize("NFC", base + mark)) == 1:
                for one in {base, *equal.get(base, ())}:
                    for other in {mark, *equal.get(mark, ())}:
                        yield pair(ord(one), ord(other))
