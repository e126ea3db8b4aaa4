"""The trained weights of the names tagger, and the score rows of tokens worked out from them.

Layout of the model file (an npz without pickles; weights are int8 in steps of 1/16, those of the
gate in steps of 1/4):

- `feature_gaps`, `feature_counts`: ascending CRC-32 of every feature as gaps; entries of each.
- `feature_columns`, `feature_values`: the entries; column = distance * 9 + tag, 63 is the gate.
- `word_gaps`, `word_bits`: ascending CRC-32 of the words of the lexicon, and their `Lexicon` bits.
- `edge`: distance × tag for places outside of the text. `transitions`: tag before × tag after.
- `pairs`: place × (class · `CLASSES` + class behind) · 2 + glued × tag. `gate_pairs`, `gate_bias`.
- `calibration`: per label the offset and slope of the logistic that makes scores.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray

from excise.detectors.names_features import CLASSES, EDGE_CLASS, class_of, features_of, key_of

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

LABELS: Final = ("PERSON", "LOCATION", "ORG", "ADDRESS")
TAGS: Final = 2 * len(LABELS) + 1  # outside; then begin and inside of each label
REACH: Final = 3
DISTANCES: Final = 2 * REACH + 1
PAIRS: Final = 4
EDGE: Final = 0  # the row of places outside of the text

_SCALE: Final = 16.0
_GATE_SCALE: Final = 4.0
_GATE: Final = DISTANCES * TAGS
_SLOT_BITS: Final = 17
_PROBES: Final = 4
_CAPACITY: Final = 32_768


@dataclass(frozen=True, slots=True, eq=False)
class NamesModel:
    """The weights as arrays; see the module's docstring."""

    feature_keys: NDArray[np.uint32]
    feature_starts: Ints
    feature_columns: NDArray[np.uint8]
    feature_values: NDArray[np.int8]
    word_keys: NDArray[np.uint32]
    word_bits: NDArray[np.uint32]
    edge: Floats
    pairs: Floats
    transitions: Floats
    gate_pairs: Floats
    gate_bias: float
    calibration: Floats

    @classmethod
    def from_bytes(cls, data: bytes) -> NamesModel:
        """Reads a model file. ValueError or KeyError where it is none."""
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            counts = file["feature_counts"].astype(np.int64)
            return cls(
                feature_keys=np.cumsum(file["feature_gaps"], dtype=np.uint32),
                feature_starts=np.concatenate([[0], np.cumsum(counts)]),
                feature_columns=file["feature_columns"],
                feature_values=file["feature_values"],
                word_keys=np.cumsum(file["word_gaps"], dtype=np.uint32),
                word_bits=file["word_bits"],
                edge=file["edge"],
                pairs=file["pairs"].astype(np.float32) / _SCALE,
                transitions=file["transitions"],
                gate_pairs=file["gate_pairs"].astype(np.float32) / _GATE_SCALE,
                gate_bias=float(file["gate_bias"][0]),
                calibration=file["calibration"],
            )

    def bits_of(self, words: Sequence[str]) -> list[int]:
        """What the lexicon says of each word; 0 where it does not know it."""
        keys = np.array([key_of(word.lower()) for word in words], np.uint32)
        places = np.minimum(np.searchsorted(self.word_keys, keys), self.word_keys.size - 1)
        known = self.word_keys[places] == keys
        bits: list[int] = np.where(known, self.word_bits[places], 0).tolist()
        return bits

    def rows_of(self, features: Sequence[Sequence[str]]) -> Floats:
        """For each list of features the sum of their weights: columns as in the file."""
        counts = [len(own) for own in features]
        keys = np.array([key_of(feature) for own in features for feature in own], np.uint32)
        owners = np.repeat(np.arange(len(features)), counts)
        places = np.minimum(np.searchsorted(self.feature_keys, keys), self.feature_keys.size - 1)
        known = self.feature_keys[places] == keys
        places, owners = places[known], owners[known]
        starts = self.feature_starts[places]
        sizes = self.feature_starts[places + 1] - starts
        firsts = np.cumsum(sizes) - sizes
        entries = np.arange(int(sizes.sum())) - np.repeat(firsts - starts, sizes)
        cells = np.repeat(owners, sizes) * (_GATE + 1) + self.feature_columns[entries]
        size = len(features) * (_GATE + 1)
        sums = np.bincount(cells, self.feature_values[entries].astype(np.float64), size)
        return sums.reshape(-1, _GATE + 1).astype(np.float32)


class TokenRows:
    """Score rows of the tokens met so far, found by hash; grows, and starts anew when full.

    Safe for several threads: an entry is complete before its slot shows it, and only one thread
    at a time adds.
    """

    def __init__(self, model: NamesModel, capacity: int = _CAPACITY) -> None:
        self._model = model
        self._capacity = capacity
        self._adding = Lock()
        self._table = _Table(model, capacity)

    def rows(self, text: str, starts: Ints, ends: Ints, hashes: NDArray[np.uint64]) -> Rows:
        """The table to read from, and for each token its row there."""
        table = self._table
        places = table.find(hashes)
        missing = np.flatnonzero(places < 0)
        if not missing.size:
            return Rows(table, places)
        with self._adding:
            fresh, first = np.unique(hashes[missing], return_index=True)
            table = self._table
            if table.size + fresh.size > self._capacity:
                table = self._table = _Table(self._model, max(self._capacity, hashes.size + 1))
                fresh, first = np.unique(hashes, return_index=True)
                missing = np.arange(hashes.size)
            firsts = missing[first].tolist()
            words = [text[starts[i] : ends[i]] for i in firsts]
            table.add(fresh, words)
            return Rows(table, table.find(hashes))


class _Table:
    """One generation of rows: an open hash table onto growing arrays."""

    def __init__(self, model: NamesModel, capacity: int) -> None:
        bits = max(_SLOT_BITS, (4 * capacity).bit_length())
        self._shift = np.uint64(64 - bits)
        self._mask = (1 << bits) - 1
        self._model = model
        self._slots = np.zeros(1 << bits, np.uint64)
        self._places = np.zeros(1 << bits, np.int32)
        self._spilt: dict[int, int] = {}
        self.size = 1
        self.scores = np.zeros((capacity + 1, DISTANCES, TAGS), np.float32)
        self.scores[EDGE] = model.edge
        self.hopes = np.full(capacity + 1, -np.inf, np.float32)
        self.gates = np.zeros(capacity + 1, np.float32)
        self.classes = np.full(capacity + 1, EDGE_CLASS, np.int64)

    def find(self, hashes: NDArray[np.uint64]) -> Ints:
        """The row of each hash, -1 where there is none."""
        homes = (hashes >> self._shift).astype(np.int64)
        found = np.where(self._slots[homes] == hashes, self._places[homes], -1).astype(np.int64)
        missing = np.flatnonzero(found < 0)
        for probe in range(1, _PROBES):
            if not missing.size:
                return found
            near = (homes[missing] + probe) & self._mask
            hit = self._slots[near] == hashes[missing]
            found[missing[hit]] = self._places[near[hit]]
            missing = missing[~hit]
        if missing.size and self._spilt:
            found[missing] = [self._spilt.get(key, -1) for key in hashes[missing].tolist()]
        return found

    def add(self, hashes: NDArray[np.uint64], words: list[str]) -> None:
        """Works out the rows of new tokens. Hashes that are there already are left alone."""
        new = self.find(hashes) < 0
        words = [word for word, wanted in zip(words, new.tolist(), strict=True) if wanted]
        if not words:
            return
        bits = self._model.bits_of(words)
        rows = self._model.rows_of([features_of(w, b) for w, b in zip(words, bits, strict=True)])
        begin, end = self.size, self.size + len(words)
        scores = rows[:, :_GATE].reshape(-1, DISTANCES, TAGS)
        self.scores[begin:end] = scores
        self.hopes[begin:end] = scores[:, REACH, 1:].max(1) - scores[:, REACH, 0]
        self.gates[begin:end] = rows[:, _GATE] / _GATE_SCALE
        self.scores[begin:end] /= _SCALE
        self.hopes[begin:end] /= _SCALE
        self.classes[begin:end] = [class_of(w, b) for w, b in zip(words, bits, strict=True)]
        self.size = end
        for number, key in enumerate(hashes[new].tolist(), begin):
            self._place(key, number)

    def _place(self, key: int, row: int) -> None:
        home = key >> int(self._shift)
        for probe in range(_PROBES):
            slot = (home + probe) & self._mask
            if self._slots[slot] == 0 and key:
                self._places[slot] = row
                self._slots[slot] = key
                return
        self._spilt[key] = row


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows of one text's tokens in one generation of the table."""

    table: _Table
    places: Ints

    def pair_numbers(self, glued: NDArray[np.bool_]) -> Ints:
        """For each token and the one behind it the row of the pair tables; an edge at the end."""
        own = self.table.classes[self.places]
        behind = np.append(own[1:], EDGE_CLASS)
        numbers: Ints = (own * CLASSES + behind) * 2 + np.append(glued[1:], False)
        return numbers
