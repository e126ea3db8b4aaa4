"""Score rows of words nobody has met before, many words in a few passes of numpy.

What `names_features` says of a word one string at a time is of two kinds here. Features of its
letters (the word, its beginnings and ends) go by CRC-32, which is linear: every byte's share
depends on its distance from the end alone, so one table gives the keys of all pieces of all words.
The others follow from the word's signature (letter cases, length, what the lexicon says) and are
worked out once per signature, by `features_of` itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from excise.detectors.names.features import class_of, features_of
from excise.detectors.names.model import COLUMNS, Ints, Margins, NamesModel

_Keys = NDArray[np.uint32]

# Features of the letters: how their names begin, and which code points of the word they take.
_PIECES: Final = (("w=", 0), ("p3=", 3), ("p4=", 4), ("s2=", -2), ("s3=", -3), ("s4=", -4))
_OF_LETTERS: Final = tuple(name for name, _ in _PIECES)
_BEGINNINGS: Final = tuple(crc32(name.encode()) for name in _OF_LETTERS)
# Longer words are rare and go one by one; a lower-case code point has four bytes at most.
LONGEST: Final = 32
_BYTES: Final = 4 * LONGEST
_PIECE_ROWS: Final = np.arange(len(_PIECES))[:, None] * (_BYTES + 1)

_UPPER: Final = 1
_LOWER: Final = 2
_TITLE: Final = 4
_CASES: Final = _UPPER | _LOWER | _TITLE
_ALPHA: Final = 8
_DIGIT: Final = 16
_KNOWN: Final = 32
_CENTURIES: Final = tuple(ord(a) * 10 + ord(b) for a, b in ("19", "20"))
# So few words are read quicker one by one; more than so many would fill memory for a moment.
_FEW: Final = 16
_AT_ONCE: Final = 1_024
# Signatures remembered: few thousand exist in text.
_SIGNATURES: Final = 4_096


class _Letters(NamedTuple):
    """Of some words the CRC-32 in lower case, the keys of the pieces (piece × word), and the part
    of the signature that their characters decide."""

    words: _Keys
    pieces: _Keys
    signatures: Ints
    alpha: NDArray[np.bool_]


class WordRows:
    """Works out rows of words by a model. Not safe for several threads at once."""

    def __init__(self, model: NamesModel) -> None:
        self._model = model
        self._numbers: dict[int, int] = {}
        self._sums = np.zeros((_SIGNATURES, COLUMNS), np.int16)
        self._classes = np.zeros(_SIGNATURES, np.int64)

    def rows(self, words: Sequence[str]) -> tuple[Margins, Ints]:
        """For each word the sums of its weights (columns as in the file) and its class.

        The words are tokens of a text, not empty and without blanks.
        """
        if len(words) > _AT_ONCE:
            parts = [
                self.rows(words[begin : begin + _AT_ONCE])
                for begin in range(0, len(words), _AT_ONCE)
            ]
            return np.concatenate([own for own, _ in parts]), np.concatenate([c for _, c in parts])
        plain = [len(word) <= LONGEST and (word[0].isalpha() or word[0].isdigit())
                 for word in words]  # fmt: skip
        if all(plain):
            return self._plain_rows(words)
        sums = np.empty((len(words), COLUMNS), np.int16)
        classes = np.empty(len(words), np.int64)
        where = np.array(plain)
        few = [word for word, is_plain in zip(words, plain, strict=True) if is_plain]
        if few:
            sums[where], classes[where] = self._plain_rows(few)
        other = [word for word, is_plain in zip(words, plain, strict=True) if not is_plain]
        sums[~where], classes[~where] = self._rows_alone(other)
        return sums, classes

    def _rows_alone(self, words: Sequence[str]) -> tuple[Margins, Ints]:
        """The same word by word."""
        pairs = list(zip(words, self._model.bits_of(words), strict=True))
        sums = self._model.rows_of([features_of(word, own) for word, own in pairs])
        return sums, np.array([class_of(word, own) for word, own in pairs])

    def _plain_rows(self, words: Sequence[str]) -> tuple[Margins, Ints]:
        letters = _letters(words) if len(words) > _FEW else _few_letters(words)
        bits = self._model.bits_of_keys(letters.words)
        signatures = (letters.signatures | bits.astype(np.int64) << 20).tolist()
        numbers = np.array(self._signature_numbers(words, signatures, bits))
        sums = self._model.sums_of_keys(letters.pieces, letters.alpha)
        sums += self._sums.take(numbers, 0)
        return sums, self._classes.take(numbers)

    def _signature_numbers(
        self, words: Sequence[str], signatures: list[int], bits: _Keys
    ) -> list[int]:
        """The place of each word's signature in the table of those, which may be begun anew."""
        numbers = self._numbers
        new = {key: place for place, key in enumerate(signatures) if key not in numbers}
        if not new:
            return [numbers[key] for key in signatures]
        if len(numbers) + len(new) > len(self._classes):
            numbers.clear()
            new = {key: place for place, key in enumerate(signatures)}
        if len(new) > len(self._classes):
            self._sums = np.zeros((len(new), COLUMNS), np.int16)
            self._classes = np.zeros(len(new), np.int64)
        examples = [(words[place], int(bits[place])) for place in new.values()]
        begin = len(numbers)
        fresh = slice(begin, begin + len(new))
        self._sums[fresh] = self._model.rows_of(
            [
                [name for name in features_of(word, own) if not name.startswith(_OF_LETTERS)]
                for word, own in examples
            ]
        )
        self._classes[fresh] = [class_of(word, own) for word, own in examples]
        numbers.update(zip(new, range(begin, begin + len(new)), strict=True))
        return [numbers[key] for key in signatures]


def _letters(words: Sequence[str]) -> _Letters:
    text = " ".join(words) + " "
    lower = text.lower()
    codes: NDArray[np.uint8] | NDArray[np.uint32]
    if lower.isascii() and text.isascii():
        codes = np.frombuffer(text.encode(), np.uint8)
        data = np.frombuffer(lower.encode(), np.uint8)
        ends = begins = (codes == 32).nonzero()[0]
        offsets = None
    else:
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        data = np.frombuffer(lower.encode("utf-8", "surrogatepass"), np.uint8)
        begins = (codes == 32).nonzero()[0]
        offsets = (data & 0xC0 != 0x80).nonzero()[0]
        ends = (data[offsets] == 32).nonzero()[0]
    flags = _flags(codes)
    signatures, alpha = _signatures(codes, flags, begins)
    return _Letters(*_keys(data, ends, offsets), signatures, alpha)


def _few_letters(words: Sequence[str]) -> _Letters:
    """The same without the fixed cost of arrays."""
    chars = _char_flags()
    keys: list[int] = []
    signatures: list[int] = []
    for word in words:
        lower = word.lower()
        pieces = (lower, lower[:3], lower[:4], lower[-2:], lower[-3:], lower[-4:])
        for begin, piece in zip(_BEGINNINGS, pieces, strict=True):
            keys.append(crc32(piece.encode("utf-8", "surrogatepass"), begin))
        keys.append(crc32(lower.encode("utf-8", "surrogatepass")))
        first, rest = chars[word[0]], 0
        for char in word[1:]:
            rest |= chars[char]
        century = word[:2] in ("19", "20")
        signatures.append(
            min(len(word), 9)
            | first << 4
            | ((first | rest) & _CASES) << 10
            | (rest & _CASES) << 13
            | century << 16
        )
    columns = np.array(keys, np.uint32).reshape(len(words), -1).T
    own = np.array(signatures)
    return _Letters(columns[-1], columns[:-1], own, own >> 4 & _ALPHA != 0)


def _signatures(
    codes: NDArray[np.uint8] | NDArray[np.uint32], flags: NDArray[np.uint8], ends: Ints
) -> tuple[Ints, NDArray[np.bool_]]:
    """Twenty bits for each word: first character, all, all but the first, length, century."""
    starts = np.empty_like(ends)
    starts[0] = 0
    np.add(ends[:-1], 1, out=starts[1:])
    first = flags.take(starts)
    every = np.bitwise_or.reduceat(flags, starts) & _CASES
    flags[starts] = 0
    rest = np.bitwise_or.reduceat(flags, starts) & _CASES
    years = codes.take(starts).astype(np.int64) * 10 + codes.take(starts + 1)
    out = np.minimum(ends - starts, 9)
    out |= first.astype(np.int64) << 4
    out |= every.astype(np.int64) << 10
    out |= rest.astype(np.int64) << 13
    out |= ((years == _CENTURIES[0]) | (years == _CENTURIES[1])).astype(np.int64) << 16
    return out, first & _ALPHA != 0


def _keys(data: NDArray[np.uint8], ends: Ints, offsets: Ints | None) -> tuple[_Keys, _Keys]:
    """The CRC-32 of words that end where `data` has blanks, bare and as named pieces.

    `ends` count code points, and `offsets` are the bytes where these begin (None: all of one).
    """
    starts = np.empty_like(ends)
    starts[0] = 0
    np.add(ends[:-1], 1, out=starts[1:])
    lefts = np.empty((len(_PIECES), ends.size), np.int64)
    rights = np.empty_like(lefts)
    lefts[:] = starts
    rights[:] = ends
    for row, (_, reach) in enumerate(_PIECES):
        if reach > 0:
            np.minimum(starts + reach, ends, out=rights[row])
        elif reach < 0:
            np.maximum(ends + reach, starts, out=lefts[row])
    left, right = lefts.ravel(), rights.ravel()
    if offsets is not None:
        left, right = offsets.take(left), offsets.take(right)
    sizes = right - left
    behind = sizes.cumsum()
    firsts = behind - sizes
    places = np.arange(int(behind[-1]))
    distances = (behind - 1).repeat(sizes) - places
    places += (left - firsts).repeat(sizes)
    shares = _shares().take((distances << 8) | data.take(places))
    own = np.bitwise_xor.reduceat(shares, firsts).reshape(lefts.shape)
    lengths = sizes.reshape(lefts.shape)
    words = own[0] ^ _blanks()[0].take(lengths[0])
    return words, own ^ _blanks()[1:].take(_PIECE_ROWS + lengths)


@cache
def _shares() -> _Keys:
    """What a byte adds to the CRC-32, by its distance from the end · 256 + its value."""
    step = np.array([crc32(bytes([byte])) ^ crc32(b"\0") for byte in range(256)], np.uint32)
    rows = [step]
    for _ in range(_BYTES - 1):
        rows.append(step[rows[-1] & 0xFF] ^ (rows[-1] >> np.uint32(8)))
    return np.concatenate(rows)


@cache
def _blanks() -> _Keys:
    """The CRC-32 of so many zero bytes, alone and behind the name of each piece."""
    names = [b"", *(name.encode() for name in _OF_LETTERS)]
    return np.array(
        [[crc32(name + bytes(size)) for size in range(_BYTES + 1)] for name in names], np.uint32
    )


class _CharFlags(dict[str, int]):
    """By character what it is, filled in as characters are met."""

    def __missing__(self, char: str) -> int:
        flags = self[char] = _flags_of(char)
        return flags


@cache
def _char_flags() -> _CharFlags:
    return _CharFlags()


@cache
def _flag_table() -> NDArray[np.uint8]:
    """By code point what it is, filled in as characters are met; 0 where none was met yet."""
    return np.zeros(0x110000, np.uint8)


def _flags(codes: NDArray[np.uint8] | NDArray[np.uint32]) -> NDArray[np.uint8]:
    table = _flag_table()
    flags = table.take(codes)
    if not flags.all():
        for code in set(codes[flags == 0].tolist()):
            table[code] = _flags_of(chr(code))
        flags = table.take(codes)
    return flags


def _flags_of(char: str) -> int:
    upper = char.isupper()
    flags = _UPPER * upper | _LOWER * char.islower() | _TITLE * (char.istitle() and not upper)
    return _KNOWN | flags | _ALPHA * char.isalpha() | _DIGIT * char.isdigit()
