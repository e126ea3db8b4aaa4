"""Distils one vector for each of 24 000 words out of MiniLM.

A word's vector is what MiniLM makes of the word alone; to spare time only the most frequent words
pass through the model, the others take the linear map from its input vectors that fits those best.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
from collections import Counter
from pathlib import Path
from typing import Final

import numpy as np
from minilm import Floats, MiniLM

WORD: Final = re.compile(r"[a-zà-ÿß]+")
SETS: Final = [
    "benign_prompts",
    "injection_direct",
    "injection_indirect",
    "jailbreak",
    "overdefence",
    "moderation_train",
    "topics_train",
    "code_neg",
]


def read_texts(data: Path) -> list[str]:
    """Every text of the sets."""
    out = []
    for name in SETS:
        with gzip.open(data / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
            out += [json.loads(line)["text"] for line in file]
    return out


def carried_over(static: Floats, first: list[int], passed: Floats) -> Floats:
    """Vectors of all words: those of the first as the model made them, those of the others by the
    linear map that fits the first best (ridge)."""
    x = np.column_stack((static, np.ones(len(static), np.float32)))
    known = x[first]
    gram = known.T @ known + 0.05 * len(first) * np.diag(static.var(0).mean() * np.ones(x.shape[1]))
    out = (x @ np.linalg.solve(gram, known.T @ passed)).astype(np.float32)
    out[first] = passed
    return out


def main() -> None:
    """Write `--out`, an npz of words and float16 vectors of 384."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="folder of the package's model")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--passed", type=int, default=24_000, help="words run through the model")
    parser.add_argument("--size", type=int, default=24_000)
    args = parser.parse_args()
    model = MiniLM(args.model)
    counts = Counter(w for text in read_texts(args.data) for w in set(WORD.findall(text.lower())))
    whole = [word for word in model.vocabulary if len(word) > 1 and WORD.fullmatch(word)]
    known = set(whole)
    room = args.size - len(whole)
    more = [w for w, n in counts.most_common() if n > 2 and w not in known and len(w) < 20][:room]
    words = [*whole, *more]
    rows = [model.pieces(word) for word in words]
    single = [at for at, row in enumerate(rows) if len(row) == 1]
    first = single[: args.passed]
    vectors = carried_over(
        np.stack([model.embedded(row) for row in rows]),
        first,
        model.encode([rows[at] for at in first]),
    )
    np.savez(args.out, words=np.array("\n".join(words)), vectors=vectors.astype(np.float16),
             counts=np.array([counts[w] for w in words]))  # fmt: skip


if __name__ == "__main__":
    main()
