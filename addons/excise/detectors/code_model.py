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

from excise.detectors.code_features import (
    PAIR_BITS,
    SHAPES,
    Encoded,
    Ints,
    Vocabulary,
    pairs_of,
    triples_of,
)

Floats = NDArray[np.float32]
Steps = NDArray[np.int8]

# The weight of a line is the sum of its features over a power of their number.
SOFT = 6.0
POWER = 0.6
TONGUE_SOFT = 4.0
TONGUE_POWER = 0.6


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
    tongue_rows: Steps  # types, pairs, triples in one table
    tongue_scale: float
    tongue_bias: Floats
    calibration: Floats

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
                tongue_rows=np.concatenate(
                    [file["tongue_types"], file["tongue_pairs"], file["tongue_triples"]]
                ),
                tongue_scale=float(file["tongue_scale"]),
                tongue_bias=file["tongue_bias"],
                calibration=file["calibration"],
            )

    def line_scores(self, encoded: Encoded) -> tuple[Floats, Ints]:
        """For each line the log-odds that it is code, and its number of tokens."""
        size = encoded.types.size
        weights = self.line_types.take(encoded.types)
        weights += self.line_pairs.take(pairs_of(encoded.types, encoded.glued))
        weights += self.line_triples.take(triples_of(encoded.shapes, encoded.glued))
        sums = np.add.reduceat(weights, encoded.begins)
        counts = np.diff(encoded.begins, append=size)
        drawn = ((counts + SOFT) ** -POWER).astype(np.float32)
        return sums * drawn + np.float32(self.line_bias), counts

    def tongue_scores(self, encoded: Encoded, parts: Sequence[tuple[int, int]]) -> Floats:
        """Part × tongue: the log-odds of each tongue for the tokens from start to end."""
        types = np.where(encoded.types < self.known, encoded.types, encoded.shapes)
        rows = np.stack(
            [
                types,
                pairs_of(types, encoded.glued) + self.known,
                triples_of(encoded.shapes, encoded.glued) + (self.known + (1 << PAIR_BITS)),
            ]
        )
        out = np.empty((len(parts), len(self.tongues)), np.float32)
        for place, (start, end) in enumerate(parts):
            own = self.tongue_rows.take(rows[:, start:end].ravel(), 0).astype(np.float32)
            drawn = self.tongue_scale / (end - start + TONGUE_SOFT) ** TONGUE_POWER
            out[place] = np.ones(own.shape[0], np.float32) @ own
            out[place] *= np.float32(drawn)
        out += self.tongue_bias
        return out
