"""A set of hashes that may say yes too often and never no too often (Bloom 1970)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

BITS: Final = 32  # for each hash; with three probes one foreign hash in a thousand passes
_PROBES: Final = (0, 21, 42)  # shifts of a 64-bit hash
_LEAST: Final = 12  # binary logarithm of the smallest number of bits
_MOST: Final = 32


class Bloom:
    """Answers for whole arrays of 64-bit hashes."""

    def __init__(self, bits: NDArray[np.uint8]) -> None:
        """`bits` holds a power of two of them, eight a byte."""
        self.bits = bits
        self._mask = np.uint64(bits.size * 8 - 1)

    @classmethod
    def of(cls, hashes: NDArray[np.uint64]) -> Bloom:
        """The set of these hashes."""
        size = min(max(_LEAST, (max(hashes.size, 1) * BITS - 1).bit_length()), _MOST)
        made = cls(np.zeros(1 << (size - 3), np.uint8))
        for shift in _PROBES:
            places = (hashes >> np.uint64(shift)) & made._mask
            np.bitwise_or.at(made.bits, places >> np.uint64(3), made._bit(places))
        return made

    def may_hold(self, hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """For each hash whether it may be in the set."""
        found = np.zeros(hashes.size, bool)
        left = np.arange(hashes.size)
        for shift in _PROBES:
            places = (hashes[left] >> np.uint64(shift)) & self._mask
            left = left[self.bits[places >> np.uint64(3)] & self._bit(places) != 0]
        found[left] = True
        return found

    @staticmethod
    def _bit(places: NDArray[np.uint64]) -> NDArray[np.uint8]:
        return np.uint8(1) << (places & np.uint64(7)).astype(np.uint8)
