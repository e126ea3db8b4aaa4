"""Weights that tell a line of code from a line of prose: a logistic model over token features."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from corpora import read_rows
from encode import Corpus, Types, encode
from generate import Sample
from scipy.optimize import minimize
from scipy.sparse import csr_matrix, hstack

from excise.detectors.names.features import CLASSES

# A short line says little: its mean is drawn to nothing by this many silent tokens.
SILENT = 3
_RARE = 4
_DECAY = 0.05
_TELLING = re.compile(r"(w|h|l)=")


class Gate(NamedTuple):
    """Weights by feature name and by pair of neighbours; `bias` is added to a line's mean."""

    weights: dict[str, float]
    pairs: Any
    bias: float


def train_gate(data: Path, samples: list[Sample], in_training: Callable[[dict[str, Any]], bool],
               lexicon: dict[str, int]) -> Gate:  # fmt: skip
    code = [
        line
        for r in read_rows(data / "code_pos.jsonl.gz")
        if in_training(r)
        for line in r["text"].splitlines()
    ]
    prose = [line for s in samples if s.source != "code" for line in s.text.splitlines()]
    prose += [
        line for r in read_rows(data / "code_neg.jsonl.gz") for line in r["text"].splitlines()
    ]
    code = [line for line in code[:: max(1, len(code) // 30_000)] if line.strip()]
    prose = [line for line in prose[:: max(1, len(prose) // 45_000)] if line.strip()]
    types = Types(lexicon)
    corpus = encode([Sample(line[:400], [], "") for line in code + prose], types)
    matrix = types.matrix()
    names = list(types.features)
    seen = np.asarray(matrix.T @ np.bincount(corpus.types, minlength=len(types.classes)))
    kept = [i for i, name in enumerate(names) if seen[i] >= _RARE and _TELLING.match(name)]
    pairs = corpus.pair_numbers(types.classes)
    by_feature = _lines(corpus, corpus.types, len(types.classes)) @ matrix[:, kept]
    by_pair = _lines(corpus, pairs, CLASSES * CLASSES * 2, ahead=True)
    lines = hstack([by_feature, by_pair]).tocsr()
    best = _fit(lines, np.where(_is_code(corpus, code), 1.0, -1.0))
    weights = {names[i]: float(w) for i, w in zip(kept, best, strict=False) if abs(w) > 0.2}
    return Gate(weights, best[len(kept) : -1], float(best[-1]))


def _is_code(corpus: Corpus, code: list[str]) -> Any:
    """Lines may have been cut in several sequences; the first ones are code."""
    probe = encode([Sample(line[:400], [], "") for line in code], Types({}))
    return np.arange(len(corpus.begins)) < len(probe.begins)


def _lines(corpus: Corpus, numbers: Any, width: int, *, ahead: bool = False) -> Any:
    """Sequences by `numbers`, each entry one part of the sequence's drawn mean."""
    sizes = corpus.lengths - (1 if ahead else 0)
    sizes = np.maximum(sizes, 0)
    places = np.concatenate(
        [np.arange(b, b + n) for b, n in zip(corpus.begins, sizes, strict=True)]
    )
    values = np.repeat(1 / (corpus.lengths + SILENT), sizes).astype(np.float32)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    return csr_matrix((values, numbers[places], starts), shape=(len(sizes), width))


def _fit(matrix: Any, signs: Any) -> Any:
    turned = matrix.T.tocsr()

    def loss(w: Any) -> tuple[float, Any]:
        margin = signs * (matrix @ w[:-1] + w[-1])
        slope = -signs / (1 + np.exp(np.clip(margin, -30, 30)))
        gradient = np.append(turned @ slope, slope.sum())
        gradient[:-1] += 2 * _DECAY * w[:-1]
        value = np.logaddexp(0, -margin).sum() + _DECAY * (w[:-1] @ w[:-1])
        return value / len(signs), gradient / len(signs)

    start = np.zeros(matrix.shape[1] + 1)
    return minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 120}).x
