"""Keyed hashes of any stretch of a text, all of them in a few numpy operations.

A polynomial over the code points modulo 2^64, with a secret odd factor (Karp and Rabin 1987): the
hash of a stretch is the difference of two prefix sums. It sorts out what cannot match; whoever
keeps it keeps only so many bits of it that it says nothing about the value, and confirms with a
real MAC.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]

PIECE: Final = 1 << 17
"""Code points hashed at once; longer texts go in pieces that overlap."""

_U64 = np.uint64
_WORD: Final = 1 << 64
_STIR: Final = 0xBF58476D1CE4E5B9


class Rolling:
    """Hashes stretches under one key of 32 bytes."""

    def __init__(self, key: bytes) -> None:
        factor = int.from_bytes(key[:8], "big") | 1
        self._salt = _U64(int.from_bytes(key[8:16], "big"))
        self._powers = _geometric(factor)
        self._inverse = _geometric(pow(factor, -1, _WORD))

    def sums(self, codes: NDArray[np.uint32]) -> Hashes:
        """Prefix sums of at most `PIECE` code points, one more than these."""
        sums = np.zeros(codes.size + 1, np.uint64)
        terms = codes.astype(np.uint64)
        terms += self._salt | _U64(1)
        terms *= self._powers[: codes.size]
        np.cumsum(terms, out=sums[1:])
        return sums

    def stretches(self, sums: Hashes, starts: Places, ends: Places) -> Hashes:
        """The hash of each stretch, from its start to before its end."""
        hashes = sums[ends] - sums[starts]
        hashes *= self._inverse[starts]
        hashes += (ends - starts).astype(np.uint64) * self._salt
        hashes ^= hashes >> _U64(31)
        hashes *= _U64(_STIR)
        hashes ^= hashes >> _U64(32)
        return hashes

    def hashes(self, texts: Sequence[str]) -> Hashes:
        """The hash of each of many texts; together they may be of any length."""
        found: list[Hashes] = [np.zeros(0, np.uint64)]
        batch: list[str] = []
        size = 0
        for text in texts:
            if size + len(text) > PIECE:
                found.append(self._batch(batch))
                batch, size = [], 0
            batch.append(text)
            size += len(text)
        return np.concatenate([*found, self._batch(batch)])

    def _batch(self, texts: Sequence[str]) -> Hashes:
        places = np.cumsum([0, *map(len, texts)])
        return self.stretches(self.sums(codes_of("".join(texts))), places[:-1], places[1:])

    def hash(self, text: str) -> int:
        """The hash of a whole text of at most `PIECE` code points."""
        return int(self._batch([text])[0])


def codes_of(text: str) -> NDArray[np.uint32]:
    """The code points of a text, lone surrogates included."""
    if text.isascii():
        return np.frombuffer(text.encode(), np.uint8).astype(np.uint32)
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def pieces(size: int, overlap: int) -> Iterator[tuple[int, int]]:
    """Ranges of at most `PIECE` that cover `size` places, neighbours sharing `overlap`."""
    step = PIECE - overlap
    for start in range(0, max(size - overlap, 1), step):
        yield start, min(start + PIECE, size)


def _geometric(factor: int) -> Hashes:
    powers = np.full(PIECE, factor, np.uint64)
    powers[0] = 1
    return np.multiply.accumulate(powers)
