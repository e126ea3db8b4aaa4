"""Trained weights → the arrays of the model file (layout: `excise.detectors.names.model`)."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from crf import Weights
from encode import REACH, TAGS
from gate import Gate

from excise.detectors.names.features import CLASSES, key_of

# Weights are kept in steps of 1/SCALE, within ±127/SCALE; the gate's are larger by far.
SCALE = 16
GATE_SCALE = 4
SPAN = 2 * REACH + 1
GATE_COLUMN = SPAN * len(TAGS)


def export_model(
    weights: Weights, names: list[str], lexicon: dict[str, int], gate: Gate, out: Path
) -> None:
    rows: dict[str, dict[int, int]] = defaultdict(dict)
    edge = np.zeros((SPAN, len(TAGS)), np.float32)
    for distance, (columns, values) in enumerate(zip(weights.columns, weights.rows, strict=True)):
        small = _small(values, SCALE)
        for number, row in zip(columns.tolist(), small, strict=True):
            if number == 0:
                edge[distance] = row / SCALE
                continue
            for tag in np.flatnonzero(row).tolist():
                rows[names[number]][distance * len(TAGS) + tag] = int(row[tag])
    for name, weight in gate.weights.items():
        rows[name][GATE_COLUMN] = int(_small(weight, GATE_SCALE))
    arrays = {
        **_sparse(rows),
        **_lexicon(lexicon),
        "edge": edge,
        "pairs": _small(weights.pairs, SCALE).reshape(-1, CLASSES * CLASSES * 2, len(TAGS)),
        "gate_pairs": _small(gate.pairs, GATE_SCALE),
        "gate_bias": np.array([gate.bias], np.float32),
        "transitions": np.asarray(weights.transitions, np.float32),
        "calibration": np.tile(np.array([0.0, 1.0], np.float32), (4, 1)),
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(out, **arrays)


def _small(weights: Any, scale: int) -> Any:
    return np.clip(np.rint(np.asarray(weights) * scale), -127, 127).astype(np.int8)


def _sparse(rows: dict[str, dict[int, int]]) -> dict[str, Any]:
    """Rows by ascending key; of each its count of entries, then column and value of every entry."""
    kept = sorted((key_of(feature), sorted(row.items())) for feature, row in rows.items() if row)
    return {
        "feature_gaps": np.diff(
            np.array([key for key, _ in kept], np.uint32), prepend=np.uint32(0)
        ),
        "feature_counts": np.array([len(entries) for _, entries in kept], np.uint8),
        "feature_columns": np.array(
            [column for _, entries in kept for column, _ in entries], np.uint8
        ),
        "feature_values": np.array([value for _, entries in kept for _, value in entries], np.int8),
    }


def _lexicon(lexicon: dict[str, int]) -> dict[str, Any]:
    keyed = sorted((key_of(word), int(bits)) for word, bits in lexicon.items() if bits)
    return {
        "word_gaps": np.diff(np.array([key for key, _ in keyed], np.uint32), prepend=np.uint32(0)),
        "word_bits": np.array([bits for _, bits in keyed], np.uint32),
    }
