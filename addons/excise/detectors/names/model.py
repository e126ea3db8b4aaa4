"""The trained weights of the names tagger, and their sums over features.

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
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from excise.detectors.names.features import key_of

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Margins = NDArray[np.int16]

LABELS: Final = ("PERSON", "LOCATION", "ORG", "ADDRESS")
TAGS: Final = 2 * len(LABELS) + 1  # outside; then begin and inside of each label
REACH: Final = 3
DISTANCES: Final = 2 * REACH + 1
PAIRS: Final = 4
EDGE: Final = 0  # the row of places outside of the text
# What decides is how far each tag of a name is above *outside*, so that is what tables hold, in
# steps of the file: sixteen bytes a row, which numpy gathers fastest.
LANES: Final = TAGS - 1

SCALE: Final = 16.0
GATE_SCALE: Final = 4.0
GATE: Final = DISTANCES * TAGS
COLUMNS: Final = GATE + 1


@dataclass(frozen=True, slots=True, eq=False)
class NamesModel:
    """The weights as arrays; see the module's docstring."""

    feature_keys: NDArray[np.uint32]
    feature_starts: Ints
    feature_columns: NDArray[np.uint8]
    feature_values: NDArray[np.int8]
    word_keys: NDArray[np.uint32]
    word_bits: NDArray[np.uint32]
    edge: Margins  # by distance
    pairs: Margins  # place · rows + row
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
                edge=margins_of(file["edge"] * SCALE),
                pairs=margins_of(file["pairs"].reshape(-1, TAGS)),
                transitions=file["transitions"],
                gate_pairs=file["gate_pairs"].astype(np.float32) / GATE_SCALE,
                gate_bias=float(file["gate_bias"][0]),
                calibration=file["calibration"],
            )

    def bits_of(self, words: Sequence[str]) -> list[int]:
        """What the lexicon says of each word; 0 where it does not know it."""
        keys = np.array([key_of(word.lower()) for word in words], np.uint32)
        bits: list[int] = self.bits_of_keys(keys).tolist()
        return bits

    def bits_of_keys(self, keys: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """The same by the keys of words in lower case."""
        places = self.word_keys[:-1].searchsorted(keys)
        bits = self.word_bits.take(places)
        bits *= self.word_keys.take(places) == keys
        return bits

    def rows_of(self, features: Sequence[Sequence[str]]) -> Margins:
        """For each list of features the sum of their weights: columns as in the file."""
        counts = [len(own) for own in features]
        keys = np.array([key_of(feature) for own in features for feature in own], np.uint32)
        places, known = self._find(keys)
        owners = np.arange(len(features)).repeat(counts)
        return self._sums(places[known], owners[known], len(features))

    def sums_of_keys(self, keys: NDArray[np.uint32], every: NDArray[np.bool_]) -> Margins:
        """The sums for columns of keys; where `every` is not set the first key alone counts."""
        few = every.nonzero()[0]
        wanted = np.concatenate((keys[0], keys[1:].take(few, 1).ravel()))
        owners = np.concatenate((np.arange(every.size), *(len(keys) - 1) * (few,)))
        places, known = self._find(wanted)
        cells = known.nonzero()[0]
        return self._sums(places.take(cells), owners.take(cells), every.size)

    def _find(self, keys: NDArray[np.uint32]) -> tuple[Ints, NDArray[np.bool_]]:
        """Where each feature is in the file if it is, and whether."""
        places = self.feature_keys[:-1].searchsorted(keys)
        return places, self.feature_keys.take(places) == keys

    def _sums(self, places: Ints, owners: Ints, size: int) -> Margins:
        """The weights of features, added up by owner (0 to `size` - 1)."""
        starts = self.feature_starts.take(places)
        sizes = self.feature_starts.take(places + 1) - starts
        behind = sizes.cumsum()
        entries = np.arange(int(behind[-1]) if behind.size else 0)
        entries += (starts - behind + sizes).repeat(sizes)
        cells = (owners * COLUMNS).repeat(sizes)
        cells += self.feature_columns.take(entries)
        sums = np.bincount(cells, self.feature_values.take(entries), size * COLUMNS)
        return sums.astype(np.int16).reshape(size, COLUMNS)


def margins_of(scores: NDArray[Any]) -> Margins:
    """Whole scores by tag (the last axis) as margins over *outside*."""
    wide = scores.astype(np.int16, copy=False)
    margins: Margins = wide[..., 1:] - wide[..., :1]
    return margins


def most_of[Lanes: NDArray[Any]](margins: Lanes) -> Lanes:
    """The greatest of the `LANES` of each row."""
    # By halves: numpy is slow along short last axes.
    half = np.maximum(margins[:, :4], margins[:, 4:])
    quarter = np.maximum(half[:, :2], half[:, 2:])
    most: Lanes = np.maximum(quarter[:, 0], quarter[:, 1])
    return most
