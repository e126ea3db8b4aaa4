"""Fits the parts of the model: vocabulary, lines (code or prose), tongues (which language)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any, NamedTuple

import numpy as np
from corpora import Text
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from excise.detectors.code.features import (
    PAIR_BITS,
    SHAPES,
    TRIPLE_BITS,
    Encoded,
    Vocabulary,
    encode,
    pairs_of,
    triples_of,
)  # fmt: skip
from excise.detectors.code.languages import DATA, OTHER, PROSE
from excise.detectors.code.model import POWER, SOFT, TONGUE_POWER, TONGUE_SOFT

_WORD = re.compile(r"[^\W\d_]+")
_LINES = 60  # of one text at most
_DROPPED = 0.15  # words read as their shape, so that shapes learn to stand for new words
# Towards code: a run is judged once more as a whole, so lines may be eager.
_LEAN = 0.6
_RIDGE = 6e-7
_TONGUE_RIDGE = 3e-6


class Words(NamedTuple):
    """The vocabulary; the first `code` of its words have rows in the model of tongues."""

    words: list[str]
    code: int


def choose_words(texts: Sequence[Text], code: int = 4500, prose: int = 3000) -> Words:
    """Words met in several texts, most common first."""
    in_code: Counter[str] = Counter()
    in_prose: Counter[str] = Counter()
    for text in texts:
        words = set(_WORD.findall(text.text))
        if text.language in (PROSE, DATA):
            in_prose.update(words)
        else:
            in_code.update(words)
            if text.source == "snippets":
                in_code.update(words)
    first = [w for w, n in sorted(in_code.items(), key=lambda i: (-i[1], i[0])) if n >= 2][:code]
    known = set(first)
    rest = [
        w
        for w, n in sorted(in_prose.items(), key=lambda i: (-i[1], i[0]))
        if n >= 6 and w not in known
    ][:prose]
    return Words(first + rest, len(first))


class Rows(NamedTuple):
    """A sparse matrix of examples × features, its classes and weights."""

    matrix: Any
    classes: Any
    weights: Any


class _Builder:
    """Collects examples, each a stretch of tokens."""

    def __init__(self, types: int) -> None:
        self._types = types
        self._columns: list[Any] = []
        self._sizes: list[int] = []
        self._values: list[float] = []
        self._classes: list[int] = []
        self._weights: list[float] = []

    def add(self, features: Sequence[Any], start: int, end: int, label: int, weight: float,
            soft: float, power: float) -> None:  # fmt: skip
        types, pairs, triples = (part[start:end] for part in features)
        pair_row = self._types
        triple_row = pair_row + (1 << PAIR_BITS)
        self._columns.append(np.concatenate([types, pairs + pair_row, triples + triple_row]))
        self._sizes.append(3 * (end - start))
        self._values.append(1 / (end - start + soft) ** power)
        self._classes.append(label)
        self._weights.append(weight)

    def build(self) -> Rows:
        values = np.repeat(np.array(self._values, np.float32), self._sizes)
        starts = np.concatenate([[0], np.cumsum(self._sizes)])
        width = self._types + (1 << PAIR_BITS) + (1 << TRIPLE_BITS)
        matrix = csr_matrix(
            (values, np.concatenate(self._columns), starts), (len(self._sizes), width)
        )
        matrix.sum_duplicates()
        return Rows(matrix, np.array(self._classes), np.array(self._weights, np.float32))


def _dropped(encoded: Encoded, rng: Any, rate: float) -> Encoded:
    types = encoded.types.copy()
    drop = (types >= SHAPES) & (rng.random(types.size) < rate)
    types[drop] = encoded.shapes[drop]
    return encoded._replace(types=types)


def prefixed(text: str, rng: Random) -> str:
    """A text as it stands in a diff or behind a quoting mark; `- ` is what lists begin with."""
    mark = rng.choice(("+", "+", "+ ", "-", "> "))
    return "".join(
        (mark if rng.random() < 0.8 else " ") + line for line in text.splitlines(keepends=True)
    )


def fit_lines(texts: Sequence[Text], words: Words, seed: int = 1) -> tuple[Any, float]:
    """Weights by feature and the bias of the model of lines."""
    vocabulary = Vocabulary(words.words)
    rng = np.random.default_rng(seed)
    plain = Random(seed)
    builder = _Builder(vocabulary.size)
    for text in texts:
        if text.source == "keywords":
            continue
        source = text.text
        structured = text.language not in (PROSE, DATA)
        weight = 1.0
        times = 3 if text.source == "snippets" else 1
        for turn in range(times):
            body = prefixed(source, plain) if structured and plain.random() < 0.06 else source
            encoded = encode(body, vocabulary)
            encoded = _dropped(encoded, rng, _DROPPED + 0.15 * turn)
            features = _features(encoded, vocabulary.size)
            ends = np.append(encoded.begins[1:], encoded.types.size)
            pairs = list(zip(encoded.begins.tolist(), ends.tolist(), strict=True))
            for start, end in pairs[:_LINES]:
                if end - start > 1:
                    builder.add(features, start, end, int(structured), weight, SOFT, POWER)
    rows = builder.build()
    share = float((rows.weights * rows.classes).sum() / rows.weights.sum())
    balance = np.where(rows.classes == 1, 0.5 / share, 0.5 / (1 - share)) * rows.weights
    best = _logistic(rows.matrix, rows.classes, balance / balance.sum())
    return best[:-1], float(best[-1]) + _LEAN


def _features(encoded: Encoded, limit: int) -> tuple[Any, Any, Any]:
    types = np.where(encoded.types < limit, encoded.types, encoded.shapes)
    return types, pairs_of(types, encoded.glued), triples_of(encoded.shapes, encoded.glued)


def _logistic(matrix: Any, classes: Any, weights: Any) -> Any:
    signs = np.where(classes == 1, 1.0, -1.0).astype(np.float32)
    turned = matrix.T.tocsr()

    def loss(w: Any) -> tuple[float, Any]:
        margin = signs * (matrix @ w[:-1].astype(np.float32) + w[-1])
        slope = -signs * weights / (1 + np.exp(np.clip(margin, -30, 30)))
        gradient = np.append(turned @ slope, slope.sum()).astype(np.float64)
        gradient[:-1] += 2 * _RIDGE * w[:-1]
        return float(
            (np.logaddexp(0, -margin) * weights).sum() + _RIDGE * (w[:-1] @ w[:-1])
        ), gradient

    start = np.zeros(matrix.shape[1] + 1)
    return minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 90}).x


def _tiny(text: Text) -> bool:
    """Tiny programs in languages that nobody uses say nothing about those that many use."""
    return text.language == OTHER and "hello" in text.source


def chunks_of(text: Text, rng: Random, times: int) -> list[str]:
    """Stretches of whole lines, short ones among them."""
    lines = text.text.splitlines(keepends=True)
    if text.language == PROSE and len(lines) == 1:
        return [text.text[:600]]
    out = [text.text[:2500]]
    for _ in range(times):
        size = min(len(lines), rng.choice((1, 2, 3, 4, 5, 6, 8, 12)))
        start = rng.randrange(len(lines) - size + 1)
        out.append("".join(lines[start : start + size]))
    return [chunk for chunk in out if chunk.strip()]


def fit_tongues(
    texts: Sequence[Text], words: Words, tongues: Sequence[str], seed: int = 2
) -> tuple[Any, Any]:
    """Weights feature × tongue, and the biases."""
    vocabulary = Vocabulary(words.words)
    known = SHAPES + words.code
    numbers = {name: number for number, name in enumerate(tongues)}
    rng, plain = np.random.default_rng(seed), Random(seed)
    builder = _Builder(known)
    for text in texts:
        if text.language not in numbers or _tiny(text):
            continue
        own = {"snippets": 14, "rouge-ruby/rouge": 5, "formats": 1, "talk": 0, "keywords": 0}
        for chunk in chunks_of(
            text, plain, own.get(text.source, 0 if text.language == PROSE else 1)
        ):
            encoded = _dropped(encode(chunk, vocabulary), rng, plain.choice((0.0, 0.15, 0.35)))
            if not encoded.types.size:
                continue
            size = min(encoded.types.size, 600)
            weight = 0.5 if size < 12 else 1.0
            if text.language == OTHER:
                weight *= 0.3
            builder.add(_features(encoded, known), 0, size, numbers[text.language], weight,
                        TONGUE_SOFT, TONGUE_POWER)  # fmt: skip
    rows = builder.build()
    totals = np.bincount(rows.classes, rows.weights, len(tongues))
    # Rare languages count for more, yet not as much as common ones.
    shares = (np.maximum(totals, 1) ** -0.8)[rows.classes] * rows.weights
    return _softmax(rows.matrix, rows.classes, shares / shares.sum(), len(tongues))


def _softmax(matrix: Any, classes: Any, weights: Any, count: int) -> tuple[Any, Any]:
    turned = matrix.T.tocsr()
    width = matrix.shape[1]
    places = np.arange(matrix.shape[0])
    weights = weights.astype(np.float32)

    def loss(flat: Any) -> tuple[float, Any]:
        table = flat.reshape(width + 1, count).astype(np.float32)
        scores = matrix @ table[:-1] + table[-1]
        scores -= scores.max(1, keepdims=True)
        chances = np.exp(scores)
        sums = chances.sum(1, keepdims=True)
        value = float(((np.log(sums[:, 0]) - scores[places, classes]) * weights).sum())
        chances /= sums
        chances[places, classes] -= 1
        chances *= weights[:, None]
        gradient = np.empty((width + 1, count))
        gradient[:-1] = turned @ chances
        gradient[:-1] += 2 * _TONGUE_RIDGE * table[:-1]
        gradient[-1] = chances.sum(0)
        return value + _TONGUE_RIDGE * float((table[:-1] ** 2).sum()), gradient.ravel()

    best = minimize(loss, np.zeros((width + 1) * count), jac=True, method="L-BFGS-B",
                    options={"maxiter": 60, "maxcor": 5}).x  # fmt: skip
    table = best.reshape(width + 1, count)
    return table[:-1], table[-1]
