"""A linear-chain CRF fitted by L-BFGS, with whole passes over the corpus as array operations.

Every weight belongs to a feature of one token type seen from one distance, or to a pair of
neighbouring classes; so the scores of all types are one small product, and a pass is gathers.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from encode import KEPT, PAIRS, REACH, TAGS, Corpus, Types
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from excise.detectors.names_features import CLASSES

_TAGS = len(TAGS)
_RARE = 3  # a feature seen less often has no weight
FORBIDDEN = np.array(
    [[after[0] == "I" and before[2:] != after[2:] for after in TAGS] for before in TAGS]
)


class Weights(NamedTuple):
    """By distance -3 to 3 the feature numbers and their rows; pair tables; transitions."""

    columns: list[Any]
    rows: list[Any]
    pairs: Any
    transitions: Any


class Trainer:
    """Holds the corpus in the layouts that a pass needs."""

    def __init__(self, corpus: Corpus, types: Types, ridge: float) -> None:
        self._ridge = ridge
        self._types = corpus.types
        self._pairs = corpus.pair_numbers(types.classes)
        size, count = len(corpus.types), len(types.classes)
        places = np.arange(size + 1)
        ones = np.ones(size, np.float32)
        self._by_type = csr_matrix((ones, corpus.types, places), shape=(size, count)).T.tocsr()
        self._by_pair = csr_matrix(
            (ones, self._pairs, places), shape=(size, CLASSES * CLASSES * 2)
        ).T.tocsr()
        matrix = types.matrix()
        seen = np.asarray(matrix.T @ np.bincount(corpus.types, minlength=count))
        names = list(types.features)
        self.columns = [
            np.array([i for i, name in enumerate(names)
                      if seen[i] >= _RARE and (name == "EDGE" or KEPT[abs(o)].match(name))])
            for o in range(-REACH, REACH + 1)
        ]  # fmt: skip
        self._near = [matrix[:, columns].tocsr() for columns in self.columns]
        self._near_turned = [part.T.tocsr() for part in self._near]
        self._shapes = [(len(c), _TAGS) for c in self.columns]
        self._shapes += [(PAIRS * CLASSES * CLASSES * 2, _TAGS), (_TAGS, _TAGS)]
        self._steps = _time_major(corpus)
        self._tags = corpus.tags
        self.mask: Any = None
        inside = np.zeros(size, bool)
        for step in self._steps:
            inside[step] = True
        self._inside = inside
        self._gold_moves = self._count_gold()

    def _count_gold(self) -> Any:
        moves = np.zeros((_TAGS, _TAGS))
        for before, after in zip(self._steps, self._steps[1:], strict=False):
            np.add.at(moves, (self._tags[before[: len(after)]], self._tags[after]), 1)
        return moves

    def unpack(self, vector: Any) -> list[Any]:
        parts, where = [], 0
        for shape in self._shapes:
            size = shape[0] * shape[1]
            parts.append(vector[where : where + size].reshape(shape))
            where += size
        return parts

    def _scores(self, parts: list[Any]) -> Any:
        size = len(self._types)
        scores = np.zeros((size, _TAGS), np.float32)
        for number, offset in enumerate(range(-REACH, REACH + 1)):
            table = (self._near[number] @ parts[number].astype(np.float32))[self._types]
            _add_shifted(scores, table, offset)
        pairs = parts[-2].astype(np.float32).reshape(PAIRS, -1, _TAGS)
        for number in range(PAIRS):
            _add_shifted(scores, pairs[number][self._pairs], number - 2)
        return scores

    def loss(self, vector: Any) -> tuple[float, Any]:
        """Minus the log-likelihood per thousand tokens plus the ridge, and its slope."""
        parts = self.unpack(vector)
        scores = self._scores(parts)
        places = np.flatnonzero(self._inside)
        gold = float(scores[places, self._tags[places]].sum()) + float(
            (self._gold_moves * parts[-1]).sum()
        )
        total, slopes, moves = _expect(scores, np.where(FORBIDDEN, -30, parts[-1]), self._steps)
        slopes[places, self._tags[places]] -= 1
        out = []
        for number, offset in enumerate(range(-REACH, REACH + 1)):
            out.append(self._near_turned[number] @ (self._by_type @ _shifted(slopes, -offset)))
        out.append(np.concatenate([self._by_pair @ _shifted(slopes, 2 - n) for n in range(PAIRS)]))
        out.append(np.where(FORBIDDEN, 0, moves - self._gold_moves))
        slope = (
            np.concatenate([part.ravel() for part in out]).astype(np.float64) + self._ridge * vector
        )
        if self.mask is not None:
            slope *= self.mask
        scale = 1000 / len(places)
        value = total - gold + 0.5 * self._ridge * float(vector @ vector)
        return value * scale, slope * scale

    def fit(self, rounds: int, least: float, refit: int) -> Weights:
        """Fits, drops weights below `least`, fits the rest again."""
        start = np.zeros(sum(a * b for a, b in self._shapes))
        best = _minimise(self.loss, start, rounds)
        self.mask = (np.abs(best) >= least).astype(np.float64)
        best = _minimise(self.loss, best * self.mask, refit)
        parts = self.unpack(best)
        pairs = parts[-2].reshape(PAIRS, -1, _TAGS)
        return Weights(self.columns, parts[:-2], pairs, np.where(FORBIDDEN, -30, parts[-1]))


def _minimise(loss: Any, start: Any, rounds: int) -> Any:
    options = {"maxiter": rounds, "maxcor": 6, "maxfun": rounds * 2}
    return minimize(loss, start, jac=True, method="L-BFGS-B", options=options).x


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


def _time_major(corpus: Corpus) -> list[Any]:
    """For each step the places of the t-th tokens, longest sequences first."""
    order = np.argsort(-corpus.lengths, kind="stable")
    begins, lengths = corpus.begins[order], corpus.lengths[order]
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
