"""Score rows of the tokens met so far: an open hash table by token, shared by all texts."""

from __future__ import annotations

from threading import Lock
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from excise.detectors.names_features import CLASSES, EDGE_CLASS
from excise.detectors.names_model import (
    DISTANCES,
    EDGE,
    GATE,
    GATE_SCALE,
    LANES,
    TAGS,
    Ints,
    Margins,
    NamesModel,
    margins_of,
)
from excise.detectors.names_words import WordRows

_SLOT_BITS: Final = 17
_PROBES: Final = 2
# Rows remembered, of about 130 bytes each.
_CAPACITY: Final = 32_768


class TokenRows:
    """Score rows of the tokens met so far, found by hash; grows, and starts anew when full.

    Safe for several threads: an entry is complete before its slot shows it, and only one thread
    at a time adds. A text with more distinct tokens than there is room for gets a table of its
    own, which is forgotten with it.
    """

    def __init__(self, model: NamesModel, capacity: int = _CAPACITY) -> None:
        self._model = model
        self._words = WordRows(model)
        self._capacity = capacity
        self._adding = Lock()
        self._table = _Table(model, capacity)

    def rows(self, text: str, starts: Ints, ends: Ints, hashes: NDArray[np.uint64]) -> Rows:
        """The table to read from, and for each token its row there."""
        table = self._table
        size = table.size
        places = table.find(hashes)
        if places.min(initial=0) == 0:
            return Rows(table, places)
        with self._adding:
            if table is not self._table or table.size != size:
                table = self._table
                places = table.find(hashes)
            missing = (places < 0).nonzero()[0]
            keys = hashes.take(missing).tolist()
            new = dict(zip(keys, missing.tolist(), strict=True))
            if table.size + len(new) > self._capacity:
                missing, keys = np.arange(hashes.size), hashes.tolist()
                new = dict(zip(keys, range(len(keys)), strict=True))
                table = _Table(self._model, max(self._capacity, len(new) + 1))
                self._table = table if len(new) < self._capacity else self._table
            if new:
                first = table.size
                where = np.array(list(new.values()))
                cuts = zip(starts.take(where).tolist(), ends.take(where).tolist(), strict=True)
                words = [text[begin:end] for begin, end in cuts]
                table.add(hashes.take(where), *self._words.rows(words))
                numbers = dict(zip(new, range(first, table.size), strict=True))
                places[missing] = list(map(numbers.__getitem__, keys))
            return Rows(table, places)


class _Table:
    """One generation of rows: an open hash table onto growing arrays."""

    def __init__(self, model: NamesModel, capacity: int) -> None:
        bits = max(_SLOT_BITS, (4 * capacity).bit_length())
        self._shift = np.uint64(64 - bits)
        self._mask = (1 << bits) - 1
        self._slots = np.zeros(1 << bits, np.uint64)
        self._places = np.zeros(1 << bits, np.int32)
        self._spilt: dict[int, int] = {}
        self.size = 1
        self.margins = np.zeros(((capacity + 1) * DISTANCES, LANES), np.int16)  # row · DISTANCES …
        self.margins[EDGE * DISTANCES : (EDGE + 1) * DISTANCES] = model.edge
        self.gates = np.zeros(capacity + 1, np.float32)
        self.classes = np.zeros(capacity + 1, np.int64)
        self.classes[EDGE] = EDGE_CLASS

    def find(self, hashes: NDArray[np.uint64]) -> Ints:
        """The row of each hash, -1 where there is none."""
        homes = (hashes >> self._shift).astype(np.int64)
        found = self._places.take(homes).astype(np.int64)
        missing = (self._slots.take(homes) != hashes).nonzero()[0]
        if not missing.size:
            return found
        found[missing] = -1
        for probe in range(1, _PROBES):
            near = (homes[missing] + probe) & self._mask
            hit = self._slots.take(near) == hashes[missing]
            found[missing[hit]] = self._places.take(near[hit])
            missing = missing[~hit]
        if missing.size and self._spilt:
            get = self._spilt.get
            found[missing] = [get(key, -1) for key in hashes[missing].tolist()]
        return found

    def add(self, hashes: NDArray[np.uint64], sums: Margins, classes: Ints) -> None:
        """Takes in rows of new tokens: sums of weights with columns as in the file."""
        begin, end = self.size, self.size + hashes.size
        scores = sums[:, :GATE].reshape(-1, TAGS)
        self.margins[begin * DISTANCES : end * DISTANCES] = margins_of(scores)
        np.divide(sums[:, GATE], GATE_SCALE, out=self.gates[begin:end])
        self.classes[begin:end] = classes
        self._place(hashes, np.arange(begin, end, dtype=np.int32))
        self.size = end

    def _place(self, hashes: NDArray[np.uint64], rows: NDArray[np.int32]) -> None:
        for probe in range(_PROBES):
            slots = ((hashes >> self._shift).astype(np.int64) + probe) & self._mask
            free = (self._slots.take(slots) == 0).nonzero()[0]
            # Of several for one slot the last stays, in both arrays.
            self._places[slots[free]] = rows[free]
            self._slots[slots[free]] = hashes[free]
            left = (self._slots.take(slots) != hashes).nonzero()[0]
            if not left.size:
                return
            hashes, rows = hashes[left], rows[left]
        self._spilt.update(zip(hashes.tolist(), rows.tolist(), strict=True))


class Rows(NamedTuple):
    """Rows of one text's tokens in one generation of the table."""

    table: _Table
    places: Ints

    def pair_numbers(self, glued: NDArray[np.bool_]) -> Ints:
        """For each token and the one behind it the row of the pair tables; an edge at the end."""
        own = self.table.classes.take(self.places)
        numbers = own * (2 * CLASSES)
        numbers[:-1] += own[1:] * 2 + glued[1:]
        numbers[-1] += 2 * EDGE_CLASS
        return numbers
