"""Small whole numbers of many columns as words of 64 bits, so that one addition adds up several.

A weight (int8) is raised above nought and lies in a byte of a word, or in a lane of 16 bits; who
adds rows up takes as often away what was raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]

RAISED: Final = 128
LANES: Final = 4  # in a word
MOST: Final = 0xFFFF // 0xFF  # rows that can be added up before a lane runs over
_BYTES: Final = 8
_EVEN: Final = np.uint64(0x00FF_00FF_00FF_00FF)
_BYTE: Final = np.uint64(8)


def lanes_of(tables: Sequence[NDArray[np.int8]]) -> Words:
    """Tables of rows of weights, one behind the other, as one table: row × word of `LANES`."""
    columns = tables[0].shape[1]
    wide = np.zeros((sum(map(len, tables)), -(-columns // LANES) * LANES), np.uint16)
    wide[:, :columns] = np.concatenate(tables).astype(np.int16) + RAISED
    return wide.view(np.uint64)


def bytes_of(table: NDArray[np.int8]) -> Words:
    """Rows of at most eight weights as a word each. ValueError where there are more."""
    rows, columns = table.shape
    if columns > _BYTES:
        raise ValueError(f"{columns} columns; a word holds {_BYTES}")
    narrow = np.zeros((rows, _BYTES), np.uint8)
    narrow[:, :columns] = table.astype(np.int16) + RAISED
    return narrow.view(np.uint64)[:, 0]


def in_lanes(words: Words) -> tuple[Words, Words]:
    """Words of bytes as words of lanes: the bytes with an even number, and those between."""
    odd = words >> _BYTE
    odd &= _EVEN
    return words & _EVEN, odd


def weights(even: Words, odd: Words) -> NDArray[np.uint16]:
    """What was added up as `in_lanes` has it, a column each."""
    both = np.empty((even.size, LANES, 2), np.uint16)
    both[..., 0] = even.view(np.uint16).reshape(-1, LANES)
    both[..., 1] = odd.view(np.uint16).reshape(-1, LANES)
    return both.reshape(-1, 2 * LANES)
