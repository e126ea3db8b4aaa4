"""Fits the logistic that turns a name's margin into the chance that it is right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from generate import Sample
from scipy.optimize import minimize

from excise.detectors.names.model import LABELS, NamesModel
from excise.detectors.names.tagger import NamesDetector

_FEWEST = 40
# Sources that training never saw are stranger than samples kept back: so (offset, slope) were the
# log-odds to be bent on Broad Twitter and Europeana DE with a model trained without the two.
_STRANGE = {
    "PERSON": (-0.9, 0.78), "LOCATION": (0.2, 0.5), "ORG": (-0.8, 0.3), "ADDRESS": (-0.7, 1.0),
}  # fmt: skip


def calibrate(path: Path, samples: list[Sample]) -> None:
    """Rewrites the model file with a calibration fitted on `samples`, which training left out.

    A name counts as right when it overlaps a labelled one of the same label.
    """
    detector = NamesDetector(NamesModel.from_bytes(path.read_bytes()))
    margins: dict[str, list[float]] = {label: [] for label in LABELS}
    right: dict[str, list[bool]] = {label: [] for label in LABELS}
    for sample in samples:
        for name in detector.find(sample.text):
            chance = min(max(name.score, 1e-9), 1 - 1e-9)
            margins[name.label].append(float(np.log(chance / (1 - chance))))
            right[name.label].append(
                any(
                    start < name.span.end and end > name.span.start and label == name.label
                    for start, end, label in sample.spans
                )
            )
    fitted = [_fit(np.array(margins[label]), np.array(right[label])) for label in LABELS]
    fitted = [
        (bent + bend * offset, bend * slope)
        for (offset, slope), (bent, bend) in zip(
            fitted, map(_STRANGE.__getitem__, LABELS), strict=True
        )
    ]
    with np.load(path, allow_pickle=False) as file:
        arrays: dict[str, Any] = dict(file)
    arrays["calibration"] = np.array(fitted, np.float32)
    np.savez_compressed(path, **arrays)


def _fit(margins: Any, right: Any) -> tuple[float, float]:
    """Offset and slope; the slope stays above 0 so that a larger margin never scores lower."""
    if len(margins) < _FEWEST:
        return 0.0, 1.0
    signs = np.where(right, 1.0, -1.0)

    def loss(w: Any) -> float:
        return float(np.logaddexp(0, -signs * (w[0] + w[1] * margins)).mean() + 1e-3 * (w @ w))

    best = minimize(loss, np.array([0.0, 1.0]), bounds=[(-5, 5), (0.05, 5)]).x
    return float(best[0]), float(best[1])
