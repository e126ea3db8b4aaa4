"""A text as numpy arrays of tokens: where they stand, of which class they are, a hash of each.

A token is a maximal run of word characters, or of digits, or one newline, or one mark of
punctuation; blanks separate and are no token. The hash depends on the token's characters alone,
never on where it stands, so that a table over hashes answers for a whole text in a few gathers.
All positions count code points. Detectors that work on words share this stage.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

BLANK: Final = 0
WORD: Final = 1
DIGIT: Final = 2
NEWLINE: Final = 3
MARK: Final = 4

_Codes = NDArray[np.uint8] | NDArray[np.uint32]
_U64 = np.uint64
_MASK: Final = (1 << 64) - 1
_STEP: Final = 0x9E3779B97F4A7C15
_STIR: Final = 0xBF58476D1CE4E5B9
# Weights repeat after this many characters: a bound on memory, no bound on a token's length.
_PERIOD: Final = 1024
# Characters hashed at once; what more would take leaves the processor's cache.
_AT_ONCE: Final = 16_384


class Tokens(NamedTuple):
    """The tokens of one text in order; all arrays have one entry per token.

    `starts` and `ends` are half-open code-point offsets (int64), `classes` one of `WORD`,
    `DIGIT`, `NEWLINE`, `MARK` (uint8), `hashes` the position-independent hash (uint64).
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    classes: NDArray[np.uint8]
    hashes: NDArray[np.uint64]

    def between(self, begin: int, end: int) -> Tokens:
        """Those from one number to before another, where they stand in the text."""
        few = slice(begin, end)
        return Tokens(self.starts[few], self.ends[few], self.classes[few], self.hashes[few])

    def take(self, numbers: NDArray[np.int64]) -> Tokens:
        """Those with these numbers, where they stand in the text."""
        return Tokens(
            self.starts.take(numbers),
            self.ends.take(numbers),
            self.classes.take(numbers),
            self.hashes.take(numbers),
        )


def _char_class(char: str) -> int:
    if char in "\r\n\x0b\x0c\x85\u2028\u2029":
        return NEWLINE
    category = unicodedata.category(char)
    if category[0] in "LM":
        return WORD
    if category == "Nd":
        return DIGIT
    return BLANK if category[0] == "Z" or char == "\t" else MARK


@cache
def _plane() -> NDArray[np.uint8]:
    """Class by code point of the basic plane; one entry more stands for everything above it."""
    table = np.fromiter((_char_class(chr(code)) for code in range(0x10000)), np.uint8, 0x10000)
    return np.append(table, np.uint8(WORD))


@cache
def _ascii() -> bytes:
    return bytes(_char_class(chr(code)) for code in range(128)).ljust(256, b"\0")


@cache
def _powers() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Those of `_STEP` and of its inverse."""
    up, down = np.empty((2, _AT_ONCE), np.uint64)
    up[:], down[:] = _STEP, pow(_STEP, -1, _MASK + 1)
    up[0] = down[0] = 1
    return np.multiply.accumulate(up), np.multiply.accumulate(down)


def _characters(text: str) -> tuple[_Codes, NDArray[np.uint8]]:
    """The code points of a text and the class of each."""
    if text.isascii():
        narrow = text.encode()
        return np.frombuffer(narrow, np.uint8), np.frombuffer(narrow.translate(_ascii()), np.uint8)
    wide = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    classes = _plane()[np.minimum(wide, 0x10000)]
    # Pictographs are the one block above the basic plane that is common and not letters.
    classes[(wide >= 0x1F000) & (wide < 0x1FC00)] = MARK
    return wide, classes


def _hashes(
    codes: _Codes, starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """The hash of each run of `codes`, from a start to before an end; runs are in order and do
    not overlap: its characters times the powers of their places in it, summed up and stirred."""
    sums = np.empty(starts.size, np.uint64)
    done = 0
    while done < starts.size:
        begin = int(starts[done])
        till = max(int(ends.searchsorted(begin + _AT_ONCE, "right")), done + 1)
        if int(ends[till - 1]) - begin <= _AT_ONCE:
            sums[done:till] = _sums(codes, starts[done:till], ends[done:till])
        done = till
    for long in (ends - starts > _PERIOD).nonzero()[0].tolist():
        own = codes[starts[long] : ends[long]].astype(np.uint64) + _U64(7)
        sums[long] = (own * np.resize(_powers()[0][:_PERIOD], own.size)).sum()
    sums ^= sums >> _U64(29)
    sums *= _U64(_STIR)
    sums ^= sums >> _U64(32)
    return sums


def _sums(codes: _Codes, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The sums of runs that lie within `_AT_ONCE` characters: differences of prefix sums, freed
    of the power of the place where each run begins."""
    up, down = _powers()
    begin = int(starts[0])
    terms = codes[begin : int(ends[-1])].astype(np.uint64)
    terms += _U64(7)  # so that a leading NUL counts
    terms *= up[: terms.size]
    prefix = np.empty(terms.size + 1, np.uint64)
    prefix[0] = 0
    np.add.accumulate(terms, out=prefix[1:])
    heads = starts - begin
    sums = prefix.take(ends - begin)
    sums -= prefix.take(heads)
    sums *= down.take(heads)
    return sums


def tokenize(text: str) -> Tokens:
    """Every token of `text`, in order. Any string is accepted, lone surrogates included."""
    if not text:
        none = np.zeros(0, np.int64)
        return Tokens(none, none, np.zeros(0, np.uint8), np.zeros(0, np.uint64))
    codes, classes = _characters(text)
    head = np.empty(codes.size, bool)
    head[0] = True
    np.not_equal(classes[1:], classes[:-1], out=head[1:])
    head |= classes >= NEWLINE
    heads = head.nonzero()[0]
    edges = np.empty(heads.size + 1, np.int64)
    edges[:-1], edges[-1] = heads, codes.size
    kinds = classes.take(heads)
    kept = kinds.nonzero()[0]
    starts, ends = edges.take(kept), edges.take(kept + 1)
    return Tokens(starts, ends, kinds.take(kept), _hashes(codes, starts, ends))


def retold(text: str, tokens: Tokens) -> Tokens:
    """The tokens of an ASCII text, given those of one with the same classes of characters."""
    codes = np.frombuffer(text.encode("ascii"), np.uint8)
    return tokens._replace(hashes=_hashes(codes, tokens.starts, tokens.ends))
