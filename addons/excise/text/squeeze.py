"""A text as it would be compared: words in lower case without marks, one space between them.

And the digits of a text by themselves, as numbers are written with all kinds of separators. Both
keep where each character stood.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from excise.text.rolling import codes_of

_PLANE: Final = 0x10000
_SPACE: Final = 0x20
_LETTER: Final = 1
_DIGIT: Final = 2
GAP: Final = 3
"""Characters that may stand between two digits of one number, such as `) -`."""


class Squeezed(NamedTuple):
    """Characters that are compared, where they stood, and where units begin and end among them.

    `codes` (uint32) and `places` (int64) have an entry a character; `starts` and `ends` (int64)
    one a unit, a word or a group of digits; `chains` numbers, for each unit, the run it is in:
    units of different runs belong to different values.
    """

    codes: NDArray[np.uint32]
    places: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    chains: NDArray[np.int64]

    @property
    def text(self) -> str:
        """The characters as a string."""
        return self.codes.tobytes().decode("utf-32-le", "surrogatepass")


def words(text: str) -> Squeezed:
    """Letters and digits, lower case, base letters, one space between words."""
    codes, kinds = _read(text)
    inside = kinds > 0
    before = np.zeros(codes.size, bool)
    before[1:] = inside[:-1]
    places = np.flatnonzero(inside | before)
    kept = inside[places]
    shown = np.where(kept, codes[places], _SPACE).astype(np.uint32)
    starts = np.flatnonzero(kept & ~np.append(False, kept[:-1]))
    ends = np.flatnonzero(kept & ~np.append(kept[1:], False)) + 1
    return Squeezed(shown, places, starts, ends, np.zeros(starts.size, np.int64))


def digits(text: str) -> Squeezed:
    """Digits alone; a group ends where another character stands, a run where that is a letter or
    where too many others stand."""
    codes, kinds = _read(text)
    places = np.flatnonzero(kinds == _DIGIT)
    letters = np.cumsum(kinds == _LETTER)
    far = np.diff(places, prepend=-1)
    head = far != 1
    if places.size:
        head[0] = True
    apart = (far > GAP + 1) | (np.diff(letters[places], prepend=-1) != 0)
    starts = np.flatnonzero(head)
    ends = np.append(starts[1:], places.size) if starts.size else starts
    return Squeezed(codes[places], places, starts, ends, np.cumsum(apart)[starts])


def _read(text: str) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    codes = codes_of(text)
    if not codes.size:
        return codes, np.zeros(0, np.uint8)
    bases, kinds = _tables()
    low = np.minimum(codes, _PLANE)
    return np.where(codes < _PLANE, bases[np.minimum(codes, _PLANE - 1)], codes), kinds[low]


@cache
def _tables() -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    """Base letter and kind of each code point of the basic plane; what lies above is a letter."""
    bases = np.arange(_PLANE, dtype=np.uint32)
    kinds = np.zeros(_PLANE + 1, np.uint8)
    kinds[_PLANE] = _LETTER
    for code in range(_PLANE):
        char = chr(code)
        if char.isalnum():
            base = _base(char)
            bases[code] = ord(base)
            kinds[code] = _DIGIT if base.isdecimal() else _LETTER
        elif unicodedata.category(char) == "Mn":
            kinds[code] = _LETTER  # part of its word where it could not be folded into a letter
    return bases, kinds


def _base(char: str) -> str:
    """One lower-case character without marks: `É` is e, a full-width 7 is 7."""
    plain = unicodedata.normalize("NFKD", char)[0].lower()[0]
    digit = unicodedata.decimal(plain, None)
    return str(digit) if digit is not None else plain
