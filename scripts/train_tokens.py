"""Fits the shares of `excise.text.tokencount` to exact counts, and says how good they are.

Texts are those of `../shared/data` and the example sentences that spaCy carries for some seventy
languages (MIT), joined to pieces of 200 to 3000 characters. Errors are of kinds of text that were
left out of the fit; what ships is fitted to all of them.
"""

from __future__ import annotations

import gzip
import importlib
import json
import pkgutil
import random
import sys
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import spacy.lang

from excise.text.tokencount import CLASSES, pairs
from excise.workers.tokens import RANKS, count

ROOT: Final = Path(__file__).resolve().parent.parent
SHARED: Final = ROOT.parent / "shared" / "data"
TARGET: Final = ROOT / "addons" / "excise" / "text" / "tokenweights.py"
SETS: Final = (
    "benign_prompts",
    "code_markup_or_data",
    "code_neg",
    "code_pos",
    "injection_indirect",
    "moderation_train",
    "ner_train_en",
    "ner_train_multi",
    "overdefence",
    "secrets_pos",
    "topics_train",
)
ROWS: Final = 1500
PIECES: Final = 250
LENGTHS: Final = (200, 800, 3000)
LONGEST: Final = 4000
RIDGE: Final = 1e-4
SEED: Final = 2
_INDENT: Final = " " * 8


def joined(texts: Iterable[str]) -> list[str]:
    """Texts joined to pieces of several lengths."""
    dice = random.Random(SEED)
    pieces, piece, wanted = [], "", dice.choice(LENGTHS)
    for text in texts:
        piece += ("\n" if piece else "") + text[:LONGEST]
        if len(piece) >= wanted:
            pieces.append(piece)
            piece, wanted = "", dice.choice(LENGTHS)
    return pieces[:PIECES]


def load() -> dict[str, list[str]]:
    """Pieces by the kind of text."""
    kinds = {}
    for name in SETS:
        with gzip.open(SHARED / f"{name}.jsonl.gz", "rt", encoding="utf-8") as stream:
            texts = [json.loads(line)["text"] for line in stream]
        random.Random(SEED).shuffle(texts)
        kinds[name] = joined(texts[:ROWS])
    kinds["languages"] = languages()
    return kinds


def languages() -> list[str]:
    """The example sentences of each language that spaCy has any for."""
    found = []
    for module in pkgutil.iter_modules(spacy.lang.__path__):
        try:
            examples = importlib.import_module(f"spacy.lang.{module.name}.examples")
        except ImportError:
            continue
        found.append("\n".join(examples.sentences))
    return [text for text in found if len(text) > 60]


def fit(features: np.ndarray, counts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Shares with the least relative errors: first one a byte, then what the pair adds to it."""
    scaled = features * (weights / counts)[:, None]
    behind = np.tile(np.eye(CLASSES), (CLASSES, 1))  # of a pair, its second byte
    bytewise = scaled @ behind
    base = behind @ np.linalg.solve(
        bytewise.T @ bytewise + 1e-6 * np.eye(CLASSES), bytewise.T @ weights
    )
    rest = weights - scaled @ base
    ridge = RIDGE * np.eye(CLASSES**2)
    return base + np.linalg.solve(scaled.T @ scaled + ridge, scaled.T @ rest)


def joint(kinds: Sequence[str], features: dict, counts: dict) -> np.ndarray:
    """The fit to these kinds, each with the same say."""
    says = [np.full(len(counts[kind]), len(counts[kind]) ** -0.5) for kind in kinds]
    return fit(
        np.concatenate([features[kind] for kind in kinds]),
        np.concatenate([counts[kind] for kind in kinds]),
        np.concatenate(says),
    )


def errors(shares: np.ndarray, features: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Relative errors."""
    return np.abs(np.maximum(features @ shares, 1) - counts) / counts


def main() -> None:
    """The command."""
    kinds = load()
    features = {kind: np.array([pairs(text) for text in texts]) for kind, texts in kinds.items()}
    lines = []
    for name in RANKS:
        counts = {
            kind: np.array([count({"encoding": name, "texts": [text]}) for text in texts], float)
            for kind, texts in kinds.items()
        }
        medians = []
        for left_out in kinds:
            others = [kind for kind in kinds if kind != left_out]
            found = errors(joint(others, features, counts), features[left_out], counts[left_out])
            medians.append(float(np.median(found)))
            high = float(np.quantile(found, 0.95))
            print(f"{name} left out {left_out:20} median {medians[-1]:.3f} p95 {high:.3f}")
        whole = joint(list(kinds), features, counts)
        every = np.concatenate([errors(whole, features[k], counts[k]) for k in kinds])
        print(
            f"{name} median of left-out medians {np.median(medians):.3f}; fitted to all: median "
            f"{np.median(every):.3f} p95 {np.quantile(every, 0.95):.3f}"
        )
        rows = textwrap.fill(
            ", ".join(f"{share:.4f}" for share in whole),
            width=98,
            initial_indent=_INDENT,
            subsequent_indent=_INDENT,
        )
        lines.append(f'    "{name}": (\n{rows},\n    ),\n')
    if "--check" not in sys.argv:
        TARGET.write_text(
            '"""Shares of a token by pair of byte classes, as `scripts/train-tokens` found them."""'
            "\n\n"
            "from __future__ import annotations\n\nfrom typing import Final\n\n# fmt: off\n"
            "WEIGHTS: Final = {\n" + "".join(lines) + "}\n# fmt: on\n",
            "utf-8",
        )


if __name__ == "__main__":
    main()
