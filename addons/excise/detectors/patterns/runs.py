"""Whether a value runs along the alphabet, the digits or a keyboard: typed by hand, not drawn."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

_ALPHABET: Final = ("abcdefghijklmnopqrstuvwxyz", "01234567890123456789")
_ROWS: Final = (*_ALPHABET, "qwertyuiop", "asdfghjkl", "zxcvbnm")
# How a run of four or more along a row begins.
_BEGINNINGS: Final = frozenset(
    line[line.find(char) :][:4] for row in _ROWS for line in (row, row[::-1]) for char in row
) - frozenset(line[-size:] for row in _ROWS for line in (row, row[::-1]) for size in (1, 2, 3))
_NO_LETTERS: Final = re.compile("[^a-z]+")
_NO_DIGITS: Final = re.compile("[^0-9]+")
_JOINTS: Final = re.compile("[-_. :]+")
_SHORT_RUN: Final = 3  # characters along a row, where all of a value is made of such runs
_REPEATED: Final = 8  # characters of a value from which one piece repeated is told
_MINGLED: Final = 8  # letters, and digits, from which the ones are read without the others
_MINGLED_BOTH: Final = 5  # the same, where both run along rows


def not_sequence(text: str) -> bool:
    """Less than half of it are runs along the alphabet, the digits or a keyboard row; nor are
    its letters or its digits alone, as in `a1b2c3d4e5`; nor is it short runs from end to end, as
    in `abc123def456`, or one piece repeated."""
    low = text.lower()
    return not (
        _is_row(low)
        or _is_mingled(low, _MINGLED, any)
        or _is_mingled(low, _MINGLED_BOTH, all)
        or _is_repeat(low)
        or _is_runs(low, _ROWS)
    )


def is_counted(text: str) -> bool:
    """Nothing but runs along the alphabet and the digits, or one piece repeated; what runs along
    a keyboard may be a bad password."""
    low = text.lower()
    return _is_repeat(low) or _is_runs(low, _ALPHABET) or _is_mingled(low, _MINGLED_BOTH, all)


def _is_mingled(low: str, least: int, which: Callable[[Iterable[bool]], bool]) -> bool:
    """`which` of its letters and its digits run along rows, read without the other."""
    letters, digits = _NO_LETTERS.sub("", low), _NO_DIGITS.sub("", low)
    return min(len(letters), len(digits)) >= least and which(map(_is_row, (letters, digits)))


def _is_repeat(low: str) -> bool:
    """One piece twice and more from end to end."""
    size = len(low)
    return size >= _REPEATED and (low + low).find(low, 1, size + size // 2) > 0


def _is_runs(low: str, rows: Sequence[str]) -> bool:
    bare = _JOINTS.sub("", low)
    at, size = 0, len(bare)
    while at < size:
        run = _run_length(bare, at, rows)
        if run < _SHORT_RUN:
            return False
        at += run
    return size >= 2 * _SHORT_RUN


def _is_row(low: str) -> bool:
    taken, at, size = 0, 0, len(low)
    while at < size - 3 and (taken + size - at) * 2 >= size:
        if low[at : at + 4] in _BEGINNINGS:
            run = _run_length(low, at, _ROWS)
            taken += run
            at += run
        else:
            at += 1
    return taken * 2 >= size


def _run_length(text: str, at: int, rows: Sequence[str]) -> int:
    best = 0
    for row in rows:
        for line in (row, row[::-1]):
            start = line.find(text[at])
            size = 0
            while start >= 0 and text[at : at + size + 1] == line[start : start + size + 1]:
                if start + size >= len(line) or at + size >= len(text):
                    break
                size += 1
            best = max(best, size)
    return best
