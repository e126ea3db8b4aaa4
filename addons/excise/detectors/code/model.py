"""The trained weights of the code detector.

Layout of the model file (an npz without pickles; weights are int8 with a scale each):

- `words`: the vocabulary, UTF-8, one a line; those of code come first, `code_words` of them.
- `line_types`, `line_pairs`, `line_triples`, `line_scale`, `line_bias`: the log-odds that a line
  is code rather than prose, by feature.
- `tongues`: names of the columns that follow, one a line. `tongue_types`, `tongue_pairs`,
  `tongue_triples`, `tongue_scale`, `tongue_bias`: feature × tongue, softmax weights.
- `calibration`: weights of the logistic that makes scores, see `code_lines`.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from excise.detectors.code.features import (
    PAIR_BITS,
    SHAPES,
    Encoded,
    Ints,
    Vocabulary,
    pairs_at,
    pairs_of,
)
from excise.detectors.names.lanes import MOST, RAISED, Words, lanes_of

Floats = NDArray[np.float32]

# The weight of a line is the sum of its features over a power of their number.
SOFT = 6.0
POWER = 0.6
TONGUE_SOFT = 4.0
TONGUE_POWER = 0.6

_FEATURES = 3
_PIECE = MOST // _FEATURES  # tokens whose rows can be added up
# Rows of so many tokens are read at once: memory that is not given back between two texts.
_AT_ONCE = 768


@dataclass(frozen=True, slots=True, eq=False)
class CodeModel:
    """The weights as arrays; see the module's docstring."""

    vocabulary: Vocabulary
    line_types: Floats
    line_pairs: Floats
    line_triples: Floats
    line_bias: float
    tongues: tuple[str, ...]
    known: int  # types below have a row of their own in `tongue_types`
    tongue_rows: Words  # types, pairs, triples in one table
    tongue_scale: float
    tongue_bias: Floats
    calibration: tuple[float, ...]

    @classmethod
    def from_bytes(cls, data: bytes) -> CodeModel:
        """Reads a model file. ValueError or KeyError where it is none."""
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            words = file["words"].tobytes().decode().splitlines()
            scale = np.float32(file["line_scale"])
            return cls(
                vocabulary=Vocabulary(words),
                line_types=file["line_types"] * scale,
                line_pairs=file["line_pairs"] * scale,
                line_triples=file["line_triples"] * scale,
                line_bias=float(file["line_bias"]),
                tongues=tuple(file["tongues"].tobytes().decode().splitlines()),
                known=SHAPES + int(file["code_words"]),
                tongue_rows=lanes_of(
                    [file["tongue_types"], file["tongue_pairs"], file["tongue_triples"]]
                ),
                tongue_scale=float(file["tongue_scale"]),
                tongue_bias=file["tongue_bias"],
                calibration=tuple(file["calibration"].tolist()),
            )

    def line_scores(self, encoded: Encoded) -> tuple[Floats, Ints]:
        """For each line the log-odds that it is code, and its number of tokens."""
        weights = self.line_types.take(encoded.types)
        weights += self.line_pairs.take(pairs_of(encoded.types, encoded.glued))
        weights += self.line_triples.take(encoded.triples)
        sums = np.add.reduceat(weights, encoded.begins)
        counts = np.empty_like(encoded.begins)
        np.subtract(encoded.begins[1:], encoded.begins[:-1], out=counts[:-1])
        counts[-1] = encoded.types.size - encoded.begins[-1]
        sums *= ((counts + SOFT) ** -POWER).astype(np.float32)
        sums += np.float32(self.line_bias)
        return sums, counts

    def tongue_scores(self, encoded: Encoded, parts: Sequence[tuple[int, int]]) -> Floats:
        """Part × tongue: the log-odds of each tongue for the tokens from start to end. No part is
        empty."""
        starts, ends = np.array(parts, np.int64).T
        sizes = ends - starts
        behind = sizes.cumsum()
        firsts = behind - sizes
        places = np.arange(int(behind[-1])) + (starts - firsts).repeat(sizes)
        out = self._sums(encoded, places, firsts)
        out -= (sizes * (RAISED * _FEATURES))[:, None]
        out *= (self.tongue_scale / (sizes + TONGUE_SOFT) ** TONGUE_POWER)[:, None]
        out += self.tongue_bias
        return out

    def _sums(self, encoded: Encoded, places: Ints, firsts: Ints) -> Floats:
        """The sums of raised weights of tokens at `places`, from each of `firsts` to the next."""
        size = places.size
        types = np.where(encoded.types < self.known, encoded.types, encoded.shapes)
        pairs = pairs_at(types, encoded.glued, places)
        pairs += self.known
        triples = encoded.triples[places]
        triples += self.known + (1 << PAIR_BITS)
        types = types[places]
        cuts = np.union1d(firsts, np.arange(0, size, _PIECE)) if size > _PIECE else firsts
        pieces = np.empty((cuts.size, self.tongue_rows.shape[1]), np.uint64)
        begin = 0
        while begin < cuts.size:
            end = int(np.searchsorted(cuts, cuts[begin] + _AT_ONCE))
            first, last = int(cuts[begin]), int(cuts[end]) if end < cuts.size else size
            rows = self.tongue_rows.take(types[first:last], 0)
            rows += self.tongue_rows.take(pairs[first:last], 0)
            rows += self.tongue_rows.take(triples[first:last], 0)
            np.add.reduceat(rows, cuts[begin:end] - first, out=pieces[begin:end])
            begin = end
        wide = pieces.view(np.uint16)
        if cuts.size > firsts.size:
            wide = np.add.reduceat(wide, np.searchsorted(cuts, firsts), dtype=np.uint32)
        return wide[:, : len(self.tongues)].astype(np.float32)
