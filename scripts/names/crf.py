"""A linear-chain CRF fitted in batches, each batch as a handful of array operations.

Every weight belongs to a feature of one token type seen from one distance, or to a pair of
neighbouring classes; so the scores of all types are one small product, and a batch is gathers.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from encode import KEPT, PAIRS, REACH, TAGS, Corpus, Types
from scipy.sparse import csr_matrix

from excise.detectors.names.features import CLASSES

_TAGS = len(TAGS)
_RARE = 3  # a feature seen less often has no weight
_BATCH = 25_000  # tokens
_PACE = 0.15
FORBIDDEN = np.array(
    [[after[0] == "I" and before[2:] != after[2:] for after in TAGS] for before in TAGS]
)


class Weights(NamedTuple):
    """By distance -3 to 3 the feature numbers and their rows; pair tables; transitions."""

    columns: list[Any]
    rows: list[Any]
    pairs: Any
    transitions: Any


class _Batch:
    """A stretch of the corpus with its own small numbering of types."""

    def __init__(self, corpus: Corpus, pairs: Any, sequences: slice, matrix: Any) -> None:
        begins, lengths = corpus.begins[sequences], corpus.lengths[sequences]
        first, behind = int(begins[0]) - REACH, int(begins[-1] + lengths[-1]) + REACH
        own, self.types = np.unique(corpus.types[first:behind], return_inverse=True)
        self.pairs = pairs[first:behind]
        self.tags = corpus.tags[first:behind]
        self.features = matrix[own]
        size = behind - first
        places, ones = np.arange(size + 1), np.ones(size, np.float32)
        self.by_type = csr_matrix((ones, self.types, places), shape=(size, own.size)).T.tocsr()
        wide = CLASSES * CLASSES * 2
        self.by_pair = csr_matrix((ones, self.pairs, places), shape=(size, wide)).T.tocsr()
        self.steps = _time_major(begins - first, lengths)
        self.places = np.concatenate(self.steps)
        self.moves = np.zeros((_TAGS, _TAGS))
        for before, after in pairwise(self.steps):
            np.add.at(self.moves, (self.tags[before[: len(after)]], self.tags[after]), 1)


class Trainer:
    """Fits by AdaGrad over batches of sequences: dense steps, each weight at its own pace."""

    def __init__(self, corpus: Corpus, types: Types, ridge: float) -> None:
        self._ridge = ridge
        matrix = types.matrix()
        count = len(types.classes)
        seen = np.asarray(matrix.T @ np.bincount(corpus.types, minlength=count))
        self._kept = np.flatnonzero(seen >= _RARE)
        matrix = matrix[:, self._kept]
        every = list(types.features)
        names = [every[number] for number in self._kept.tolist()]
        self._masks = [
            np.array(
                [name == "EDGE" or KEPT[distance].match(name) is not None for name in names],
                np.float32)[:, None]
            for distance in (abs(o) for o in range(-REACH, REACH + 1))
        ]  # fmt: skip
        pairs = corpus.pair_numbers(types.classes)
        cuts = [0]
        filled = 0
        for number, length in enumerate(corpus.lengths.tolist(), 1):
            filled += length
            if filled >= _BATCH:
                cuts.append(number)
                filled = 0
        if cuts[-1] < len(corpus.lengths):
            cuts.append(len(corpus.lengths))
        self._batches = [_Batch(corpus, pairs, slice(a, b), matrix) for a, b in pairwise(cuts)]
        shape = [(2 * REACH + 1, len(names), _TAGS), (PAIRS, CLASSES * CLASSES * 2, _TAGS)]
        self.weights = [np.zeros(s, np.float32) for s in (*shape, (_TAGS, _TAGS))]
        self._paces = [np.full(s, 1e-6, np.float32) for s in (*shape, (_TAGS, _TAGS))]
        self._allowed: list[Any] = [np.stack(self._masks), 1.0, ~FORBIDDEN]

    def fit(self, epochs: int, least: float, refit: int) -> Weights:
        """Fits, drops weights below `least`, fits the rest again; the mean of the last epochs."""
        rng = np.random.default_rng(len(self._batches))
        for epoch in range(epochs):
            self._epoch(rng, epoch)
        for number in (0, 1):
            kept = np.abs(self.weights[number]) >= least
            self._allowed[number] = kept
            self.weights[number] *= kept
        mean = [np.zeros_like(part) for part in self.weights]
        for epoch in range(refit):
            self._epoch(rng, epochs + epoch)
            mean = [total + part / refit for total, part in zip(mean, self.weights, strict=True)]
        used = [np.flatnonzero(np.abs(rows).sum(1)) for rows in mean[0]]
        used = [np.union1d([0], columns) for columns in used]
        rows = [mean[0][number][columns] for number, columns in enumerate(used)]
        return Weights(
            [self._kept[columns] for columns in used],
            rows,
            mean[1],
            np.where(FORBIDDEN, -30, mean[2]),
        )

    def _epoch(self, rng: Any, epoch: int) -> None:
        total = tokens = 0.0
        for number in rng.permutation(len(self._batches)).tolist():
            batch = self._batches[number]
            loss, slopes = self._slopes(batch)
            total, tokens = total + loss, tokens + len(batch.places)
            for weights, paces, slope, allowed in zip(
                self.weights, self._paces, slopes, self._allowed, strict=True
            ):
                slope += self._ridge / len(self._batches) * weights
                slope *= allowed
                paces += slope * slope
                weights -= _PACE * slope / np.sqrt(paces)
        print(
            f"         epoch {epoch}: {total / tokens:.4f} per token", file=sys.stderr, flush=True
        )

    def _slopes(self, batch: _Batch) -> tuple[float, list[Any]]:
        """Minus the log-likelihood of a batch, and its slope for each part of the weights."""
        words, pairs, moves = self.weights
        scores = np.zeros((len(batch.types), _TAGS), np.float32)
        for number, offset in enumerate(range(-REACH, REACH + 1)):
            _add_shifted(scores, (batch.features @ words[number])[batch.types], offset)
        for number in range(PAIRS):
            _add_shifted(scores, pairs[number][batch.pairs], number - 2)
        places, tags = batch.places, batch.tags[batch.places]
        gold = float(scores[places, tags].sum()) + float((batch.moves * moves).sum())
        total, slopes, expected = _expect(scores, np.where(FORBIDDEN, -30, moves), batch.steps)
        slopes[places, tags] -= 1
        turned = batch.features.T.tocsr()
        by_word = [
            turned @ (batch.by_type @ _shifted(slopes, -offset))
            for offset in range(-REACH, REACH + 1)
        ]
        by_pair = [batch.by_pair @ _shifted(slopes, 2 - number) for number in range(PAIRS)]
        moved = (expected - batch.moves).astype(np.float32)
        return total - gold, [np.stack(by_word), np.stack(by_pair), moved]


def _shifted(rows: Any, offset: int) -> Any:
    """`rows` moved so that entry i is the old entry i + offset; nothing comes in from outside."""
    out = np.zeros_like(rows)
    if offset > 0:
        out[:-offset] = rows[offset:]
    elif offset < 0:
        out[-offset:] = rows[:offset]
    else:
        out[:] = rows
    return out


def _add_shifted(scores: Any, rows: Any, offset: int) -> None:
    if offset > 0:
        scores[:-offset] += rows[offset:]
    elif offset < 0:
        scores[-offset:] += rows[:offset]
    else:
        scores += rows


def _time_major(begins: Any, lengths: Any) -> list[Any]:
    """For each step the places of the t-th tokens, longest sequences first."""
    order = np.argsort(-lengths, kind="stable")
    begins, lengths = begins[order], lengths[order]
    return [begins[: int((lengths > t).sum())] + t for t in range(int(lengths.max()))]


def _expect(scores: Any, transitions: Any, steps: list[Any]) -> tuple[float, Any, Any]:
    """Log of the sum over all paths, the chance of every tag at every place, expected moves."""
    move = np.exp(transitions).astype(np.float32)
    high = scores.max(1, keepdims=True)
    local = np.exp(scores - high)
    total = 0.0
    forward: list[Any] = []
    for t, step in enumerate(steps):
        now = local[step]
        if t:
            now = now * (forward[-1][: len(step)] @ move)
        size = now.sum(1, keepdims=True)
        total += float(np.log(size).sum(dtype=np.float64)) + float(high[step].sum(dtype=np.float64))
        forward.append(now / size)
    chances = np.zeros_like(scores)
    moves = np.zeros((_TAGS, _TAGS))
    backward = np.ones((len(steps[-1]), _TAGS), np.float32)
    for t in range(len(steps) - 1, -1, -1):
        step = steps[t]
        if len(backward) < len(step):
            backward = np.concatenate(
                [backward, np.ones((len(step) - len(backward), _TAGS), np.float32)]
            )
        posterior = forward[t] * backward
        posterior /= posterior.sum(1, keepdims=True)
        chances[step] = posterior
        if t:
            ahead = local[step] * backward
            before = forward[t - 1][: len(step)]
            joint = before @ move
            norm = (joint * ahead).sum(1, keepdims=True)
            moves += (before.T @ (ahead / norm)) * move
            backward = ahead @ move.T
            backward /= backward.sum(1, keepdims=True)
    return total, chances, moves
