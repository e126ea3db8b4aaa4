"""Numbers for the tokens met lately, so that what is known of a token is a row of some table.

Whoever reads words keeps tables by these numbers and fills in what is missing, so that a word is
worked out once for many texts, and looked up once for all its readers. Of the words themselves
nothing is kept but their hashes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from threading import Lock
from typing import Any, Final, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from excise.text.tokens import Tokens, tokenize

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]

NONE: Final = 0  # the number of no token
# Tokens remembered; each reader keeps a row of some ten to a hundred bytes for each.
CAPACITY: Final = 32_768
AT_ONCE: Final = 16_384  # tokens of a text that are numbered together
_WAYS: Final = 2  # tokens that share a place in the hash table


class Met(NamedTuple):
    """Tokens of one text, from number `begin` on, by their numbers in one generation."""

    generation: Generation
    numbers: Ints
    begin: int = 0

    def once(self, places: Ints) -> Ints:
        """Of places with the same number one alone, in order, counted from the first token."""
        one = dict(zip(self.numbers.take(places).tolist(), places.tolist(), strict=True))
        return np.array(sorted(one.values()), np.int64)


class Generation:
    """One numbering of tokens, from 1 to `size`: an open hash table. What readers keep for the
    numbers is forgotten with it."""

    def __init__(self, capacity: int) -> None:
        bits = max(capacity - 1, 1).bit_length() + 1
        self.capacity = capacity
        self.size = 0
        self._shift = np.uint64(64 - bits)
        self._slots = np.zeros(_WAYS << bits, np.uint64)
        self._numbers = np.zeros(_WAYS << bits, np.int32)
        self._spilt: dict[int, int] = {}
        self._kept: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()

    def kept[Tables](self, reader: object, make: Callable[[int], Tables]) -> Tables:
        """What a reader keeps; at first what `make` gives for the highest number there will be."""
        tables: Tables | None = self._kept.get(reader)
        return self._kept.setdefault(reader, make(self.capacity)) if tables is None else tables

    def find(self, hashes: Hashes) -> Ints:
        """The number of each token, `NONE` where it has none."""
        places = (hashes >> self._shift).astype(np.int64)
        places += places
        places += self._slots.take(places) != hashes
        numbers = self._numbers.take(places).astype(np.int64)
        known = self._slots.take(places) == hashes
        if not known.all():
            numbers *= known
            if self._spilt:
                get, lost = self._spilt.get, (~known).nonzero()[0]
                numbers[lost] = [get(key, NONE) for key in hashes.take(lost).tolist()]
        return numbers

    def add(self, hashes: Sequence[int]) -> dict[int, int]:
        """The numbers that new tokens get. For one thread at a time; others may look up."""
        begin, end = self.size + 1, self.size + 1 + len(hashes)
        own, numbers = np.array(hashes, np.uint64), np.arange(begin, end, dtype=np.int32)
        homes = (own >> self._shift).astype(np.int64) * _WAYS
        for way in range(_WAYS):
            places = homes + way
            free = (self._slots.take(places) == 0).nonzero()[0]
            # Of several for one slot the last stays, in both arrays; a number is there before
            # its slot shows it.
            self._numbers[places[free]] = numbers[free]
            self._slots[places[free]] = own[free]
            left = (self._slots.take(places) != own).nonzero()[0]
            homes, own, numbers = homes[left], own[left], numbers[left]
        self._spilt.update(zip(own.tolist(), numbers.tolist(), strict=True))
        self.size = end - 1
        return dict(zip(hashes, range(begin, end), strict=True))


class Numbering:
    """Numbers tokens, and begins anew when full. Safe for several threads.

    Tokens that are more than there is room for get a generation of their own.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._generation = Generation(capacity)
        self._adding = Lock()

    def in_pieces(self, hashes: Hashes) -> tuple[Met, ...]:
        """The tokens of a text, so many at a time that they never need much room."""
        if hashes.size <= AT_ONCE:
            return (self.number(hashes),)
        begins = range(0, hashes.size, AT_ONCE)
        return tuple(self.number(hashes[at : at + AT_ONCE])._replace(begin=at) for at in begins)

    def number(self, hashes: Hashes) -> Met:
        """Tokens by their numbers in one generation, however many they are."""
        generation = self._generation
        size = generation.size
        numbers = generation.find(hashes)
        if numbers.all():
            return Met(generation, numbers)
        with self._adding:
            if generation is not self._generation or generation.size != size:
                generation = self._generation
                numbers = generation.find(hashes)
            missing = (numbers == NONE).nonzero()[0]
            new = dict.fromkeys(hashes.take(missing).tolist())
            if generation.size + len(new) > self._capacity:
                missing, new = np.arange(hashes.size), dict.fromkeys(hashes.tolist())
                generation = Generation(max(self._capacity, len(new)))
                if len(new) <= self._capacity:
                    self._generation = generation
            own = generation.add(list(new))
            numbers[missing] = [own[key] for key in hashes.take(missing).tolist()]
        return Met(generation, numbers)


class Words(NamedTuple):
    """The tokens of a text, and their numbers."""

    tokens: Tokens
    met: tuple[Met, ...]


def words_of(text: str, tokens: Tokens | None = None) -> Words:
    """Those of a text; `tokens` are its own where they are there already."""
    tokens = tokenize(text) if tokens is None else tokens
    return Words(tokens, numbering().in_pieces(tokens.hashes))


@cache
def numbering() -> Numbering:
    """The one of this process."""
    return Numbering()
