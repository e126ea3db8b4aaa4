"""Figures of the names detector per source. Run by `scripts/evaluate-names`."""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from corpora import LABELS, read_rows, read_samples
from figures import Find, documents, inventions, measure, reliability
from generate import Generator, Sample

from excise.detectors.names.model import NamesModel
from excise.detectors.names.sights import with_mentions
from excise.detectors.names.tagger import Name, NamesDetector

# Another seed than training, so that the names differ; the sentence patterns do not.
SEED = 7
LABELLED = ("pii_spans", "pii_addresses_phones", "ner_train_en", "ner_train_multi")
SMALL = Path(__file__).parents[2] / "tests" / "data" / "names"


def gather(data: Path | None) -> dict[str, list[Sample]]:
    """Samples by source: all of the data folder, or the small ones in the repository."""
    by_source: dict[str, list[Sample]] = defaultdict(list)
    if data is None:
        for sample in read_samples(SMALL / "labelled.jsonl.gz"):
            by_source[sample.source].append(sample)
        return by_source
    for name in LABELLED:
        for sample in read_samples(data / f"{name}.jsonl.gz"):
            if (
                sample.source not in ("google/libphonenumber",)
                and "libphonenumber" not in sample.source
            ):
                by_source[sample.source].append(sample)
    for sample in Generator(data, SEED).samples(3000):
        by_source[sample.source].append(sample)
    return by_source


def gather_code(data: Path | None) -> dict[str, list[str]]:
    """Code by whether its language was seen in training."""
    by_part: dict[str, list[str]] = defaultdict(list)
    path = SMALL / "code.jsonl.gz" if data is None else data / "code_pos.jsonl.gz"
    for row in read_rows(path):
        seen = sum(map(ord, row["language"])) % 2 == 0
        by_part["code, languages of training" if seen else "code, other languages"].append(
            row["text"]
        )
    return by_part


def report(
    find: Find, sets: dict[str, list[Sample]], code: dict[str, list[str]], least: float
) -> dict[str, dict[str, float | None]]:
    """Prints a table and returns the same figures by source."""
    out: dict[str, dict[str, float | None]] = {}
    print(f"{'source':32} rows  " + "".join(f"{label:>10}" for label in LABELS) + "   covered")
    for source, samples in sorted(sets.items()):
        figures = measure(find, samples, least)
        row = {label: figures.f1(label) for label in LABELS} | {"covered": figures.recall()}
        out[source] = row
        cells = "".join(f"{'–' if v is None else format(v, '.3f'):>10}" for v in row.values())
        print(f"{source[:32]:32} {figures.rows:5} {cells}")
    for part, texts in sorted(code.items()):
        out[part] = {"per_kb": inventions(find, texts, least)}
        print(f"{part:32} {len(texts):5} {out[part]['per_kb']:10.3f} per KB")
    return out


def report_scores(find: Find, sets: dict[str, list[Sample]]) -> None:
    """Prints what scores promise and what came true."""
    for source, samples in sorted(sets.items()):
        for label in LABELS:
            bins = [b for b in reliability(find, samples, label) if b.count]
            if sum(b.count for b in bins) >= 100:
                cells = "  ".join(f"{b.said:.2f}: {b.right:.2f} of {b.count}" for b in bins)
                print(f"{source[:20]:20} {label:9} {cells}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, help="folder of the data sets; default: the small samples"
    )
    parser.add_argument("--model", type=Path, help="another model file than the shipped one")
    parser.add_argument("--least", type=float, default=0.0, help="names scored below do not count")
    parser.add_argument("--bias", type=float, default=0.0)
    parser.add_argument("--limit", type=int, default=1_000_000, help="rows per source at most")
    parser.add_argument("--only", help="sources to look at, parted by commas")
    parser.add_argument(
        "--documents", type=int, default=1, metavar="ROWS", help="rows read as one text"
    )
    parser.add_argument("--scores", action="store_true", help="how far scores can be trusted")
    parser.add_argument("--json", type=Path, help="also write the figures there")
    options = parser.parse_args()
    if options.model:
        detector = NamesDetector(
            NamesModel.from_bytes(options.model.read_bytes()), bias=options.bias
        )
    else:
        detector = NamesDetector.shipped()

    def find(text: str) -> Sequence[Name]:
        return with_mentions(text, detector.find(text), detector.are_common)

    wanted = options.only.split(",") if options.only else None
    sets = {
        source: documents(samples[: options.limit], options.documents)
        for source, samples in gather(options.data).items()
        if wanted is None or source in wanted
    }
    code = {part: texts[: options.limit] for part, texts in gather_code(options.data).items()}
    figures = report(find, sets, {} if wanted else code, options.least)
    if options.scores:
        report_scores(find, sets)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
