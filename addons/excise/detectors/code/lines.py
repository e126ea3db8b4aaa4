"""From scores of lines to runs of lines that are code, and how sure each run is.

The best split of a text into code and prose is found over lines, where each change between the
two costs the same: single odd lines change nothing, comments and empty lines within code stay.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import mul
from typing import Final, NamedTuple

import numpy as np

from excise.detectors.code.features import Encoded, Ints
from excise.detectors.code.languages import DATA, OTHER, PROSE
from excise.detectors.code.model import CodeModel, Floats

# What a change between prose and code costs, in log-odds; measured.
CHANGE: Final = 2.0
_LEAST: Final = -5.0
_MOST: Final = 4.0
_MORE_PER_TOKEN: Final = 0.05  # a long line may be surer
_MOST_OF_ALL: Final = 10.0
# Tokens looked at for the language of a run: its beginning says enough.
_READ: Final = 320
EVIDENCE: Final = 7
_NAMED: Final = 4  # languages of a run that are told


class Run(NamedTuple):
    """Lines `first` to `last` (inclusive), and the sum of their scores."""

    first: int
    last: int
    total: float
    lines: int  # that are not empty


def bounded(scores: Floats, counts: Ints) -> Floats:
    """Scores of lines, so that no single one outweighs all others; 0 for empty lines."""
    most = np.minimum(_MOST + _MORE_PER_TOKEN * counts, _MOST_OF_ALL)
    np.minimum(scores, most, out=most)
    np.maximum(most, _LEAST, out=most)
    out: Floats = most.astype(np.float32)
    out[counts <= 1] *= 0.0
    return out


def split(scores: Sequence[float]) -> list[Run]:
    """Runs of code among lines with these log-odds of being code, in order."""
    if not scores or max(scores) <= 0:
        return []
    balance = low = -CHANGE
    balances = []
    for score in scores:
        if balance > CHANGE:
            balance = CHANGE
        elif balance < low:
            balance = low
        balance += score
        balances.append(balance)
    runs = []
    last = -1
    code = balances[-1] > 0
    if code:
        last = len(scores) - 1
    for place in range(len(scores) - 2, -1, -1):
        if code:
            if balances[place] <= low:
                runs.append(_trimmed(scores, place + 1, last))
                code = False
        elif balances[place] > CHANGE:
            last = place
            code = True
    if code:
        runs.append(_trimmed(scores, 0, last))
    return runs[::-1]


def _trimmed(scores: Sequence[float], first: int, last: int) -> Run:
    """The run without lines at its ends that do not speak for code."""
    while first < last and scores[first] <= 0:
        first += 1
    while last > first and scores[last] <= 0:
        last -= 1
    own = scores[first : last + 1]
    return Run(first, last, sum(own), len(own) - own.count(0.0))


class Verdict(NamedTuple):
    """What some tokens are by the model of languages: the chance of each language worth a word,
    the likeliest first, and the chances of code and of data; `code` is the sum over languages."""

    tongues: dict[str, float]
    code: float
    data: float

    @property
    def language(self) -> str:
        """The likeliest language."""
        return next(iter(self.tongues))


def judge(model: CodeModel, encoded: Encoded, parts: Sequence[tuple[int, int]]) -> list[Verdict]:
    """What the tokens of each part, from start to end, are."""
    if not parts:
        return []
    scores = model.tongue_scores(encoded, [(a, min(b, a + _READ)) for a, b in parts])
    chances = np.exp(scores - np.maximum.reduce(scores, 1, keepdims=True))
    chances /= np.add.reduce(chances, 1, keepdims=True)
    data, prose = model.tongues.index(DATA), model.tongues.index(PROSE)
    datas, proses = chances[:, data].tolist(), chances[:, prose].tolist()
    chances[:, [data, prose]] = 0
    best = np.argsort(-chances, axis=1, kind="stable")[:, :_NAMED]
    shares = chances[np.arange(len(parts))[:, None], best].tolist()
    return [
        Verdict(
            {model.tongues[n]: share for n, share in zip(names, own, strict=True)},
            min(max(1 - its_data - its_prose, 1e-6), 1 - 1e-6),
            its_data,
        )
        for names, own, its_data, its_prose in zip(
            best.tolist(), shares, datas, proses, strict=True
        )
    ]


def evidence_of(run: Run, verdict: Verdict) -> tuple[float, ...]:
    """What the score of a run rests on: one, total, its root, mean, lines, odds of the languages,
    and whether it is one with a name."""
    odds = math.log(verdict.code / (1 - verdict.code))
    total = min(max(run.total, 0.0), 40.0)
    named = 1 - verdict.tongues.get(OTHER, 0.0) / verdict.code
    return (
        1.0,
        total / 10,
        math.sqrt(total),
        total / max(run.lines, 1),
        math.log1p(run.lines),
        odds,
        max(named, 0.0),
    )


def score_of(weights: Sequence[float], run: Run, verdict: Verdict) -> float:
    """The chance, 0 to 1, that a run is code, by the weights of the model's calibration."""
    margin = sum(map(mul, weights, evidence_of(run, verdict)))
    return 1 / (1 + math.exp(-min(max(margin, -30.0), 30.0)))
