"""Writes a model file: weights in steps of 1/127 of the greatest, small ones left out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from learn import Words

from excise.detectors.code.features import PAIR_BITS, SHAPES
from excise.detectors.code.lines import EVIDENCE


def _steps(weights: Any, least: float) -> tuple[Any, Any]:
    top = float(np.quantile(np.abs(weights[weights != 0]), 0.9995))
    scale = max(top, 1e-9) / 127
    kept = np.where(np.abs(weights) < least * top, 0, weights)
    return np.clip(np.round(kept / scale), -127, 127).astype(np.int8), np.float32(scale)


def export_model(
    path: Path, words: Words, lines: tuple[Any, float], tongues: Sequence[str],
    table: tuple[Any, Any], calibration: Any = None,
) -> None:  # fmt: skip
    """Writes all parts; without `calibration` scores rest on the sum of the lines alone."""
    own, scale = _steps(lines[0], 0.01)
    split = SHAPES + len(words.words)
    weights, tongue_scale = _steps(table[0], 0.02)
    known = SHAPES + words.code
    pairs = 1 << PAIR_BITS
    if calibration is None:
        calibration = np.zeros(EVIDENCE)
        calibration[1], calibration[5] = 5, 1
    np.savez_compressed(
        path,
        words=np.frombuffer("\n".join(words.words).encode(), np.uint8),
        code_words=words.code,
        line_types=own[:split],
        line_pairs=own[split : split + pairs],
        line_triples=own[split + pairs :],
        line_scale=scale,
        line_bias=np.float32(lines[1]),
        tongues=np.frombuffer("\n".join(tongues).encode(), np.uint8),
        tongue_types=weights[:known],
        tongue_pairs=weights[known : known + pairs],
        tongue_triples=weights[known + pairs :],
        tongue_scale=tongue_scale,
        tongue_bias=table[1].astype(np.float32),
        calibration=np.asarray(calibration, np.float32),
    )
