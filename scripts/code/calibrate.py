"""Fits the logistic that turns what a run shows into the chance that it is code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from corpora import Text
from scipy.optimize import minimize

from excise.detectors.code.languages import DATA, PROSE
from excise.detectors.code.lines import evidence_of
from excise.detectors.code.model import CodeModel
from excise.detectors.code.reader import found_runs

_CUT = 4000  # characters of a text
# Of the texts that come by, so many are taken to hold code.
_PRIOR = 0.3


class Shown(NamedTuple):
    """What a run shows, whether it stands in code, and the weight of its text."""

    evidence: Any
    right: bool
    weight: float


def gather_evidence(model: CodeModel, texts: Sequence[Text]) -> list[Shown]:
    """What each run shows that the model finds in texts it never saw."""
    judged = [text for text in texts if text.kind != "markup or data"]
    rights = [text.language not in (DATA, PROSE) for text in judged]
    share = {
        True: _PRIOR / max(sum(rights), 1),
        False: (1 - _PRIOR) / max(len(rights) - sum(rights), 1),
    }
    return [
        Shown(evidence_of(found.run, found.verdict), right, share[right])
        for text, right in zip(judged, rights, strict=True)
        for found in found_runs(model, text.text[:_CUT])
    ]


def fit_calibration(shown: Sequence[Shown]) -> Any:
    """Weights of the logistic; none of them makes more evidence lower a score."""
    matrix = np.array([each.evidence for each in shown])
    signs = np.where([each.right for each in shown], 1.0, -1.0)
    weights = np.array([each.weight for each in shown])
    weights /= weights.sum()

    def loss(w: Any) -> float:
        margins = signs * (matrix @ w)
        return float((np.logaddexp(0, -margins) * weights).sum() + 1e-4 * (w[1:] @ w[1:]))

    bounds = [(-8, 8)] + [(0, 6)] * (matrix.shape[1] - 1)
    start = np.array([-2.0] + [0.5] * (matrix.shape[1] - 1))
    return minimize(loss, start, bounds=bounds).x
