"""Winnowing: of all runs of k tokens the few whose hashes stand for a text.

In each window of w neighbouring runs the one with the least hash is taken (Schleimer, Wilkerson
and Aiken, "Winnowing: local algorithms for document fingerprinting", SIGMOD 2003), so a copy of
k + w - 1 tokens always shares one fingerprint with its original, and about 2 / (w + 1) of all
runs are kept. What is kept is then keyed (SipHash-1-3 over the 64 bits of the run's hash), so
that who holds an index without its key can ask it nothing.
"""

from __future__ import annotations

import hashlib
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Ints = NDArray[np.int64]

_U64 = np.uint64
_NEVER: Final = _U64(0xFFFFFFFFFFFFFFFF)
_STIR: Final = _U64(0xFF51AFD7ED558CCD)
_SHIFT: Final = _U64(32)
# One odd factor for each doubling of a run's length.
_FACTORS: Final = tuple(
    _U64(factor)
    for factor in (
        0x9E3779B97F4A7C15,
        0xC2B2AE3D27D4EB4F,
        0x165667B19E3779F9,
        0xD6E8FEB86659FD93,
        0xA0761D6478BD642F,
    )
)
_LOOK_BACK: Final = 8  # tokens in which a token counts as new when it does not stand there


class Winnow(NamedTuple):
    """How a row of tokens is read: `run` (eight or more) counts tokens, `window` (a power of two)
    runs; of a run's tokens behind its eighth `fresh` must not stand among the eight in front of
    them, so that tables of numbers and lists of names say nothing; `tweak` sets rows apart."""

    run: int
    window: int
    fresh: int
    tweak: int


class Prints(NamedTuple):
    """Fingerprints by place: the number of the first token of a run, and the run's hash."""

    places: Ints
    hashes: Hashes


def find_prints(tokens: Hashes, how: Winnow) -> Prints:
    """The fingerprints of a row of tokens, unkeyed."""
    count = tokens.size - how.run + 1
    if count <= 0:
        return Prints(np.zeros(0, np.int64), np.zeros(0, np.uint64))
    hashes = _run_hashes(tokens, how.run)
    hashes ^= _U64(how.tweak)
    order = hashes * _STIR
    order ^= order >> _SHIFT
    order[~_is_telling(tokens, how)] = _NEVER
    window = min(how.window, 1 << (order.size.bit_length() - 1))
    least = _slide(order, window, np.minimum)
    # A run is least in some window when the greatest of the windows' least ones is its own.
    edge = np.zeros(window - 1, np.uint64)
    greatest = _slide(np.concatenate([edge, least, edge]), window, np.maximum)
    places = np.flatnonzero((greatest == order) & (order != _NEVER))
    return Prints(places, hashes[places])


def _run_hashes(tokens: Hashes, run: int) -> Hashes:
    """The hash of each run, out of those of its halves; two that overlap where it has none."""
    hashes, length, level = tokens, 1, 0
    while length < run:
        step = min(length, run - length)
        hashes = hashes[:-step] * _FACTORS[level] + hashes[step:]
        hashes ^= hashes >> _SHIFT
        length, level = length + step, level + 1
    return hashes


def _is_telling(tokens: Hashes, how: Winnow) -> NDArray[np.bool_]:
    new = np.ones(tokens.size, bool)
    for back in range(1, _LOOK_BACK + 1):
        new[back:] &= tokens[back:] != tokens[:-back]
    counts = np.append(0, np.cumsum(new))
    # Only tokens whose eight are in the run: what stands in front of a copy must not count.
    firsts = counts[_LOOK_BACK : _LOOK_BACK + tokens.size - how.run + 1]
    telling: NDArray[np.bool_] = counts[how.run :] - firsts >= how.fresh
    return telling


def _slide(values: Hashes, width: int, of: np.ufunc) -> Hashes:
    """The least or greatest of each `width` neighbours."""
    reach = 1
    while reach < width:
        values = of(values[:-reach], values[reach:])
        reach *= 2
    return values


class Key(NamedTuple):
    """The two halves of a SipHash key."""

    low: int
    high: int


def build_key(secret: bytes) -> Key:
    """The key of an index, of 1 to 64 secret bytes."""
    digest = hashlib.blake2b(b"own code", key=secret, digest_size=16).digest()
    return Key(int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little"))


def keyed(hashes: Hashes, key: Key, *, rounds: tuple[int, int] = (1, 3)) -> Hashes:
    """SipHash of each value as eight little-endian bytes (Aumasson and Bernstein, 2012)."""
    v0 = np.full(hashes.size, key.low ^ 0x736F6D6570736575, np.uint64)
    v1 = np.full(hashes.size, key.high ^ 0x646F72616E646F6D, np.uint64)
    v2 = np.full(hashes.size, key.low ^ 0x6C7967656E657261, np.uint64)
    v3 = np.full(hashes.size, key.high ^ 0x7465646279746573, np.uint64)
    state = (v0, v1, v2, v3)
    for block in (hashes, _U64(8 << 56)):
        v3 ^= block
        _stir(state, rounds[0])
        v0 ^= block
    v2 ^= _U64(0xFF)
    _stir(state, rounds[1])
    v0 ^= v1
    v0 ^= v2
    v0 ^= v3
    return v0


def _stir(state: tuple[Hashes, Hashes, Hashes, Hashes], rounds: int) -> None:
    v0, v1, v2, v3 = state
    for _ in range(rounds):
        v0 += v1
        _turn(v1, 13)
        v1 ^= v0
        _turn(v0, 32)
        v2 += v3
        _turn(v3, 16)
        v3 ^= v2
        v0 += v3
        _turn(v3, 21)
        v3 ^= v0
        v2 += v1
        _turn(v1, 17)
        v1 ^= v2
        _turn(v2, 32)


def _turn(values: Hashes, bits: int) -> None:
    """Rotate left, in place."""
    right = values >> _U64(64 - bits)
    values <<= _U64(bits)
    values |= right
