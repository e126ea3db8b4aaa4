"""Names of persons, places and organisations, and street addresses, in prose.

A linear-chain CRF: the score of a tag at a token is a sum of table rows of the tokens and pairs
around it, the best tags of a run of likely tokens are found by Viterbi. Lines that read as code
are left alone. How good it is stands in `models/README.md`.
"""

from __future__ import annotations

from functools import cache
from typing import Final, Literal, NamedTuple

import numpy as np

from excise.detectors.models import read_model
from excise.detectors.names_decode import best_tags
from excise.detectors.names_features import CLASSES, EDGE_CLASS
from excise.detectors.names_model import (
    DISTANCES,
    EDGE,
    LABELS,
    PAIRS,
    REACH,
    TAGS,
    Floats,
    Ints,
    NamesModel,
    Rows,
    TokenRows,
)  # fmt: skip
from excise.model import Span
from excise.text.tokens import NEWLINE, Tokens, tokenize

Label = Literal["PERSON", "LOCATION", "ORG", "ADDRESS"]

# Tokens whose own score is below this cannot become part of a name; tokens whose full score is
# below the second are taken as outside. Both are measured: looser costs time and finds nothing.
_HOPELESS: Final = -4.0
_UNLIKELY: Final = -1.5
# A line counts as code when its mean, drawn to nothing by this many tokens, is above the bar.
_SILENT: Final = 3.0
_CODE: Final = -0.4
# Lines in between lean the scores: towards names where they surely are prose, away from names
# the more they look like code.
_LEAN: Final = 0.4
_LEAN_SLOPE: Final = 0.8
_LEAN_FROM: Final = -2.0
_NEIGHBOUR: Final = 0.5


class Name(NamedTuple):
    """A stretch of the text, what it is, and how likely that is (0 to 1)."""

    span: Span
    label: Label
    score: float


class NamesDetector:
    """Finds names in text. One instance may serve several threads; it learns tokens as it reads."""

    def __init__(self, model: NamesModel, *, bias: float = 0.0) -> None:
        """`bias` is added to every tag of a name: above 0 finds more, and more wrongly."""
        self._model = model
        self._rows = TokenRows(model)
        self._bias = np.float32(bias)

    @classmethod
    def shipped(cls) -> NamesDetector:
        """The detector over the model that ships; read once per process."""
        return _shipped()

    def find(self, text: str) -> list[Name]:
        """Names in `text` in order of place; they do not overlap. The same text gives the same."""
        tokens = tokenize(text)
        if not tokens.starts.size:
            return []
        rows = self._rows.rows(text, tokens.starts, tokens.ends, tokens.hashes)
        glued = np.empty(tokens.starts.size, bool)
        glued[0] = False
        np.equal(tokens.starts[1:], tokens.ends[:-1], out=glued[1:])
        pairs = rows.pair_numbers(glued)
        places, scores = self._scores(tokens, rows, pairs)
        if not places.size:
            return []
        tags = best_tags(places, scores, self._model.transitions, tokens.starts.size, _UNLIKELY)
        return self._names(tokens, tags, places, scores)

    def is_code(self, text: str) -> list[bool]:
        """For each line of `text`, as cut at newline tokens, whether it reads as code."""
        tokens = tokenize(text)
        if not tokens.starts.size:
            return []
        rows = self._rows.rows(text, tokens.starts, tokens.ends, tokens.hashes)
        glued = np.append(False, tokens.starts[1:] == tokens.ends[:-1])
        leanings = self._line_leanings(tokens, rows, rows.pair_numbers(glued))[1]
        code: list[bool] = (leanings > _CODE).tolist()
        return code

    def _line_leanings(self, tokens: Tokens, rows: Rows, pairs: Ints) -> tuple[Ints, Floats]:
        """The first token of each line, and the log-odds that the line is code."""
        ends = np.flatnonzero(tokens.classes == NEWLINE) + 1
        begins = np.append(0, ends[ends < tokens.starts.size])
        weights = rows.table.gates[rows.places] + self._model.gate_pairs[pairs]
        sums = np.add.reduceat(weights, begins)
        sizes = np.diff(begins, append=tokens.starts.size).astype(np.float32)
        around = _with_neighbours(sums) / (_with_neighbours(sizes) + _SILENT)
        leanings: Floats = around + np.float32(self._model.gate_bias)
        return begins, leanings

    def _code_leaning(self, tokens: Tokens, rows: Rows, pairs: Ints) -> Floats:
        """For each token the log-odds that its line is code."""
        begins, leanings = self._line_leanings(tokens, rows, pairs)
        return np.repeat(leanings, np.diff(begins, append=tokens.starts.size))

    def _scores(self, tokens: Tokens, rows: Rows, pairs: Ints) -> tuple[Ints, Floats]:
        """Tokens worth a look, and the score of every tag there."""
        size = rows.places.size
        code = self._code_leaning(tokens, rows, pairs)
        # A newline is never part of a name: a name over two lines is found as two.
        prose = (code <= _CODE) & (tokens.classes != NEWLINE)
        hopeful = (rows.table.hopes[rows.places] > _HOPELESS) & prose
        wanted = hopeful.copy()
        wanted[1:] |= hopeful[:-1]
        wanted[:-1] |= hopeful[1:]
        places = np.flatnonzero(wanted & prose)
        around = np.full(size + 2 * REACH, EDGE, np.int64)
        around[REACH : REACH + size] = rows.places
        flat = rows.table.scores.reshape(-1, TAGS)
        around *= DISTANCES
        scores = flat.take(around[places], 0)
        for distance in range(1, DISTANCES):
            scores += flat.take(around[places + distance] + distance, 0)
        wide = _with_edges(pairs, rows)
        for place in range(PAIRS):
            scores += self._model.pairs[place].take(wide[places + place], 0)
        lean = np.clip((_LEAN_FROM - code[places]) * _LEAN_SLOPE, -np.inf, _LEAN) + self._bias
        scores[:, 1:] += lean[:, None]
        return places, scores

    def _names(self, tokens: Tokens, tags: Ints, places: Ints, scores: Floats) -> list[Name]:
        found: list[Name] = []
        tagged = np.flatnonzero(tags)
        if not tagged.size:
            return found
        labels = (tags[tagged] + 1) // 2
        opens = np.ones(tagged.size, bool)
        opens[1:] = (np.diff(tagged) > 1) | (np.diff(labels) != 0) | (tags[tagged[1:]] % 2 == 1)
        heads = np.flatnonzero(opens)
        gains = _gains(tags, tagged, places, scores)
        for head, tail in zip(
            heads.tolist(), np.append(heads[1:], tagged.size).tolist(), strict=True
        ):
            number = int(labels[head]) - 1
            start, end = tokens.starts[tagged[head]], tokens.ends[tagged[tail - 1]]
            offset, slope = self._model.calibration[number].tolist()
            margin = float(gains[head:tail].sum()) / (tail - head) ** 0.5
            score = 1 / (1 + np.exp(-(offset + slope * margin)))
            found.append(Name(Span(int(start), int(end)), LABELS[number], float(score)))
        return found


def _gains(tags: Ints, tagged: Ints, places: Ints, scores: Floats) -> Floats:
    """How far the tag of each tagged token is above *outside*."""
    where = np.searchsorted(places, tagged)
    gains: Floats = scores[where, tags[tagged]] - scores[where, 0]
    return gains


def _with_edges(pairs: Ints, rows: Rows) -> Ints:
    """Pair numbers with those that reach over the text's ends: two before, one behind."""
    outside = (EDGE_CLASS * CLASSES + EDGE_CLASS) * 2
    entry = (EDGE_CLASS * CLASSES + int(rows.table.classes[rows.places[0]])) * 2
    return np.concatenate([[outside, entry], pairs, [outside]])


def _with_neighbours(values: Floats) -> Floats:
    out = values.copy()
    out[1:] += _NEIGHBOUR * values[:-1]
    out[:-1] += _NEIGHBOUR * values[1:]
    return out


@cache
def _shipped() -> NamesDetector:
    return NamesDetector(NamesModel.from_bytes(read_model("names.npz")))
