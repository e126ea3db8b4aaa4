"""Figures of the code detector by source and language. Run by `scripts/evaluate-code`."""

from __future__ import annotations

import argparse
import json
import sys
import time
import tracemalloc
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import numpy as np
from corpora import Text, generated, part_of, read_code, read_prose, read_rows

from excise.detectors.base import Sight
from excise.detectors.code.languages import DATA, OTHER, PROSE
from excise.detectors.code.model import CodeModel
from excise.detectors.code.reader import Code
from excise.detectors.models import read_model
from excise.detectors.names.model import NamesModel
from excise.detectors.names.tagger import NamesDetector
from excise.text.tokens import Tokens, tokenize

SMALL = Path(__file__).parents[2] / "tests" / "data" / "code"
SEED = 7  # another one than in training
# Languages that a few lines do not tell apart.
_ALIKE = (
    {"c", "c++", "objective-c"}, {"javascript", "typescript"}, {"html", "javascript", "css"},
)  # fmt: skip

Read = Callable[[Text], tuple[Sight, ...]]


class Row(NamedTuple):
    """What was seen in one text at the least score asked for."""

    text: Text
    found: bool
    language: str
    covered: float


def gather(data: Path | None) -> list[Text]:
    """All texts of the data folder, or the small ones in the repository."""
    if data is not None:
        return read_code(data) + read_prose(data) + generated(SEED)
    rows = read_rows(SMALL / "samples.jsonl.gz")
    return [Text(r["text"], r["language"], r["source"], r["kind"]) for r in rows]


def measure(read: Read, texts: Sequence[Text], least: float) -> list[Row]:
    """Each text with what was found in it."""
    rows = []
    for text in texts:
        sights = [s for s in read(text) if s.score >= least and s.label != DATA]
        best = max(sights, key=lambda s: s.span.end - s.span.start, default=None)
        covered = sum(s.span.end - s.span.start for s in sights) / max(len(text.text.strip()), 1)
        rows.append(Row(text, bool(sights), best.label if best else "", min(covered, 1.0)))
    return rows


def summary(rows: Sequence[Row]) -> dict[str, float]:
    """Rows, and shares found and covered."""
    count = max(len(rows), 1)
    return {
        "rows": len(rows),
        "found": sum(row.found for row in rows) / count,
        "covered": sum(row.covered for row in rows) / count,
    }


def naming(rows: Sequence[Row]) -> dict[str, float]:
    """Of the code in languages that have a name: how often it was found and rightly named."""
    named = [row for row in rows if row.text.language not in ("", OTHER, DATA, PROSE)]
    right = [row.text.language == row.language for row in named]
    alike = [
        ok or any({row.text.language, row.language} <= group for group in _ALIKE)
        for ok, row in zip(right, named, strict=True)
    ]
    count = max(len(named), 1)
    return {"rows": len(named), "right": sum(right) / count, "alike": sum(alike) / count}


def by(rows: Sequence[Row], key: Callable[[Row], str]) -> dict[str, list[Row]]:
    """Rows by a word about them, in order of the word."""
    out: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        out[key(row)].append(row)
    return dict(sorted(out.items()))


def mixed(texts: Sequence[Text], seed: int) -> list[Text]:
    """Code between two paragraphs of prose, without fences."""
    rng = Random(seed)
    prose = [t for t in texts if t.language == PROSE and 60 < len(t.text) < 900]
    code = [t for t in texts if t.kind == "code" and t.text.count("\n") >= 2]
    if not prose:
        return []
    return [
        t._replace(
            text=f"{rng.choice(prose).text}\n\n{t.text.strip()}\n\n{rng.choice(prose).text}\n"
        )
        for t in rng.sample(code, min(len(code), 600))
    ]


def size_of(row: Row) -> str:
    """The class of a text by its lines."""
    return "> 5 lines" if row.text.text.strip().count("\n") >= 5 else "<= 5 lines"


def report(read: Read, texts: Sequence[Text], least: float) -> dict[str, Any]:
    """All figures over these texts."""
    rows = measure(read, texts, least)
    code = [row for row in rows if row.text.kind == "code"]
    marked = [row for row in rows if row.text.kind == "markup or data"]
    prose = [
        row
        for row in rows
        if row.text.language in (PROSE, DATA) and row.text.kind != "markup or data"
    ]
    among = measure(read, mixed(texts, SEED), least)
    named = by(code, lambda row: row.text.language)
    sources = by(prose, lambda row: f"{row.text.source} ({row.text.kind})")
    return {
        "code": {k: summary(v) for k, v in by(code, lambda row: row.text.source).items()},
        "code by size": {k: summary(v) for k, v in by(code, size_of).items()},
        "named": {k: naming(v) for k, v in by(code, size_of).items()},
        "named by language": {k: naming(v) for k, v in named.items() if k not in ("", OTHER)},
        "amid prose": summary(among),
        "named amid prose": naming(among),
        "markup or data called code": {
            k: summary(v) for k, v in by(marked, lambda row: row.text.language).items()
        },
        "not code": {k: summary(v) for k, v in sources.items()},
        "not code, all": summary(prose),
        "code, all": summary(code),
    }


def show(figures: dict[str, Any]) -> None:
    """Prints figures as a table."""
    for title, values in figures.items():
        flat = {"": values} if all(isinstance(v, int | float) for v in values.values()) else values
        print(title)
        for name, row in flat.items():
            cells = "  ".join(
                f"{key} {value:.0f}" if key == "rows" else f"{key} {value:.3f}"
                for key, value in row.items()
            )
            print(f"  {name[:56]:56} {cells}")


def cost(texts: Sequence[Text], detector: Code) -> dict[str, dict[str, float]]:
    """Of this detector and of the names tagger: microseconds per KB over 10 KB in which prose and
    code take turns, over prose alone, and over 1 KB of prose, tokens not counted; milliseconds
    and megabytes of reading the model."""
    code = [t.text for t in texts if t.kind == "code"]
    prose = [t.text for t in texts if t.language == PROSE]
    mixed = "\n\n".join(x for pair in zip(prose, code * 9, strict=False) for x in pair)[:10_240]
    alone = "\n\n".join(prose)[:10_240]
    names = NamesDetector.shipped()
    readers: dict[str, tuple[Callable[[str, Tokens], object], Callable[[], object]]] = {
        "code": (detector.read, lambda: CodeModel.from_bytes(read_model("code.npz"))),
        "names": (
            names.find,
            lambda: NamesDetector(NamesModel.from_bytes(read_model("names.npz"))),
        ),
    }
    return {
        name: {
            "mixed": _per_kilobyte(read, mixed),
            "prose": _per_kilobyte(read, alone),
            "1 KB of prose": _per_kilobyte(read, alone[:1024]),
            "reading, ms": _best(load, 5) * 1e3,
            "reading, MB": _megabytes(load),
        }
        for name, (read, load) in readers.items()
    }


def _per_kilobyte(read: Callable[[str, Tokens], object], text: str) -> float:
    tokens = tokenize(text)
    return _best(lambda: read(text, tokens)) * 1e6 / (len(text) / 1024)


def _best(call: Callable[[], object], rounds: int = 25) -> float:
    times = []
    for _ in range(rounds):
        begun = time.thread_time()
        call()
        times.append(time.thread_time() - begun)
    return min(times)


def _megabytes(load: Callable[[], object]) -> float:
    """What stays in memory of what is made; numpy tells its arrays, too."""
    tracemalloc.start()
    made = load()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del made
    return kept / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, help="folder of the data sets; default: the small samples"
    )
    parser.add_argument("--model", type=Path, help="another model file than the shipped one")
    parser.add_argument(
        "--parts", type=Path, help="folder of models that left their part of the sources out"
    )
    parser.add_argument("--least", type=float, default=0.5, help="sights scored below do not count")
    parser.add_argument(
        "--json", type=Path, help="also write the figures there; - prints them as JSON alone"
    )
    options = parser.parse_args()
    texts = gather(options.data)
    shipped = options.model.read_bytes() if options.model else None
    if options.parts:
        weights = np.load(options.parts / "calibration.npy").astype(np.float32)
        parts = {}
        for path in sorted(options.parts.glob("code-part-*.npz")):
            model = CodeModel.from_bytes(path.read_bytes())
            parts[int(path.stem[-1])] = Code(replace(model, calibration=weights))
        detector = next(iter(parts.values()))
        texts = [t for t in texts if part_of(t.source) in parts]
        figures = report(lambda t: parts[part_of(t.source)].read(t.text), texts, options.least)
    else:
        detector = Code(CodeModel.from_bytes(shipped or read_model("code.npz")))
        figures = report(lambda t: detector.read(t.text), texts, options.least)
    figures["cost, microseconds of processor time per KB"] = cost(texts, detector)
    if str(options.json) == "-":
        json.dump(figures, sys.stdout, indent=1)
        return
    show(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
