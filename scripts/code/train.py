"""Trains the code model and writes it as numpy tables. Run by `scripts/train-code`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from calibrate import fit_calibration, gather_evidence
from corpora import (
    Text,
    draw_keywords,
    generated,
    part_of,
    read_code,
    read_prose,
    read_snippets,
)
from export import export_model
from learn import choose_words, fit_lines, fit_tongues

from excise.detectors.code.features import encode
from excise.detectors.code.languages import DATA, LANGUAGES, OTHER, PROSE
from excise.detectors.code.lines import judge
from excise.detectors.code.model import CodeModel

SEED = 20240611
TONGUES = (*LANGUAGES, DATA, PROSE)
PARTS = 3
# Languages are fitted as if all were as common; these are met less often than they are taught.
RARE = frozenset(
    {
        "fortran", "cobol", "nim", "ada", "zig", "tcl", "vim-script", "prolog", "ocaml", "f#",
        "erlang", "clojure", "lisp", "vhdl", "verilog", "solidity", "batchfile", "cmake",
        "graphql", "protocol-buffer", "groovy", "julia", "pascal", "matlab",
    }
)  # fmt: skip
RARITY = 1.0
# What has no label of its own comes last: it is all manner of things, and so like everything.
STRANGENESS = 3.5
_SURE = 0.8


def train(texts: Sequence[Text], path: Path, begun: float, calibration: Any = None) -> None:
    """Fits on `texts` and writes the model; code of no known language is named by a first model."""
    words = choose_words(texts)
    lines = fit_lines(texts, words)
    say(begun, f"lines of {len(texts)} texts fitted, {len(words.words)} words")
    named = [text for text in texts if text.language]
    unnamed = [text for text in texts if not text.language]
    table = fit_tongues(named, words, TONGUES)
    if unnamed:
        export_model(path, words, lines, TONGUES, table)
        named += name_texts(CodeModel.from_bytes(path.read_bytes()), unnamed)
        say(begun, f"{len(named)} texts have a language")
        table = fit_tongues(named, words, TONGUES)
    rarity = np.array(
        [STRANGENESS if n == OTHER else RARITY if n in RARE else 0.0 for n in TONGUES]
    )
    export_model(path, words, lines, TONGUES, (table[0], table[1] - rarity), calibration)
    say(begun, f"{path.stat().st_size / 1e6:.2f} MB written")


def name_texts(model: CodeModel, texts: Sequence[Text]) -> list[Text]:
    """Those of `texts` whose language the model is sure of."""
    out = []
    for text in texts:
        encoded = encode(text.text, model.vocabulary)
        verdict = judge(model, encoded, [(0, encoded.types.size)])[0]
        if verdict.tongues.get(verdict.language, 0) > _SURE:
            out.append(text._replace(language=verdict.language))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--parts", type=Path, help="folder for the models of the cross-check")
    parser.add_argument("--only-parts", action="store_true", help="stop after the cross-check")
    parser.add_argument("--part", type=int, help="only this part of the cross-check")
    options = parser.parse_args()
    begun = time.perf_counter()
    texts = read_code(options.data) + read_prose(options.data) + read_snippets()
    texts += generated(SEED) + draw_keywords(20)
    folder = options.parts or options.out.parent
    evidence = []
    for part in range(PARTS) if options.part is None else (options.part,):
        path = folder / f"code-part-{part}.npz"
        train([text for text in texts if part_of(text.source) != part], path, begun)
        left_out = [text for text in texts if part_of(text.source) == part]
        evidence += gather_evidence(CodeModel.from_bytes(path.read_bytes()), left_out)
        say(begun, f"part {part}: {len(left_out)} texts left out")
        if not options.parts:
            path.unlink()
    calibration = fit_calibration(evidence)
    say(begun, f"calibration {np.round(calibration, 2).tolist()} on {len(evidence)} runs")
    if not options.only_parts:
        train(texts, options.out, begun, calibration)
    if options.parts:
        np.save(options.parts / "calibration.npy", calibration)


def say(begun: float, what: str) -> None:
    print(f"{time.perf_counter() - begun:6.0f} s  {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
