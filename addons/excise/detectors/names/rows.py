"""Score rows of the tokens met so far, by their numbers; shared by all texts."""

from __future__ import annotations

from threading import Lock
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from excise.detectors.names.features import CLASSES, EDGE_CLASS
from excise.detectors.names.model import (
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
from excise.detectors.names.words import WordRows
from excise.text.met import Met

_UNKNOWN: Final = -1  # the class of a token whose row is not there yet


class TokenRows:
    """Score rows of the tokens met so far. Safe for several threads, one of which at a time works
    rows out; who comes too late writes the same ones again."""

    def __init__(self, model: NamesModel) -> None:
        self._model = model
        self._words = WordRows(model)
        self._adding = Lock()

    def rows(self, text: str, starts: Ints, ends: Ints, met: Met) -> Rows:
        """The table to read from, and for each token its row there."""
        table = met.generation.kept(self, self._table)
        numbers = met.numbers
        missing = (table.classes.take(numbers) == _UNKNOWN).nonzero()[0]
        if missing.size:
            new = met.once(missing)
            cuts = zip(starts.take(new).tolist(), ends.take(new).tolist(), strict=True)
            with self._adding:
                sums, classes = self._words.rows([text[begin:end] for begin, end in cuts])
            table.add(numbers.take(new), sums, classes)
        return Rows(table, numbers)

    def _table(self, capacity: int) -> _Table:
        return _Table(self._model, capacity)


class _Table:
    """Rows of one generation of tokens."""

    def __init__(self, model: NamesModel, capacity: int) -> None:
        self.margins = np.zeros(((capacity + 1) * DISTANCES, LANES), np.int16)  # row · DISTANCES …
        self.margins[EDGE * DISTANCES : (EDGE + 1) * DISTANCES] = model.edge
        self.gates = np.zeros(capacity + 1, np.float32)
        self.classes = np.full(capacity + 1, _UNKNOWN, np.int64)
        self.classes[EDGE] = EDGE_CLASS

    def add(self, numbers: Ints, sums: Margins, classes: Ints) -> None:
        """Takes in rows of new tokens: sums of weights with columns as in the file."""
        scores = sums[:, :GATE].reshape(-1, TAGS)
        by_token = self.margins.reshape(-1, DISTANCES, LANES)
        by_token[numbers] = margins_of(scores).reshape(-1, DISTANCES, LANES)
        self.gates[numbers] = sums[:, GATE] / np.float32(GATE_SCALE)
        self.classes[numbers] = classes  # last: it says that the row is there


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
