"""ROC points of the classifiers of meaning, by source: what is found at 0.5, 1 and 2 % false alarms
on benign prompts (documents without an order, for orders inside documents), and topics by source.

The model that ships has learnt from these sources: this shows that it works, and any other set of
the same layout how well. What it finds of sources it never saw stands in the model card.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table
from subjects import topic_of

from excise.detectors.meaning.reading import Meaning
from excise.model import Part

DATA: Final = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
RATES: Final = (0.005, 0.01, 0.02)
MANY: Final = 1000  # texts of a source and topic that are read otherwise
QUICK: Final = 150  # texts of a source that are read in a hurry
SETS: Final = (
    "benign_prompts", "overdefence", "injection_direct", "injection_indirect", "jailbreak",
    "moderation_train",
)  # fmt: skip
ATTACKS: Final = ("injection", "jailbreak")


class Row(NamedTuple):
    """A text of a set with its label, and how it came."""

    set: str
    source: str
    text: str
    label: str
    part: Part


def read_sets(data: Path, *, most: int) -> Iterator[Row]:
    """The rows of every set that is there, at most so many of a source and label (0: all)."""
    for name in SETS:
        path = data / f"{name}.jsonl.gz"
        if not path.is_file():
            continue
        groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
        part = Part.TOOL_RESULT if name == "injection_indirect" else Part.PROMPT
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for row in map(json.loads, file):
                source = row["source"].split("@")[0].split(" ")[0]
                groups[source, row["label"]].append(
                    Row(name, source, row["text"], row["label"], part)
                )
        for rows in groups.values():
            chosen = random.Random(name).sample(rows, most) if 0 < most < len(rows) else rows
            yield from chosen


def scores(meaning: Meaning, rows: list[Row]) -> dict[str, np.ndarray[Any, Any]]:
    """Outcome → score of each row."""
    seen = [meaning.read(row.text, row.part) for row in rows]
    return {
        "injection": np.array([look.injection if look else 0.0 for look in seen]),
        "unsafe": np.array([look.outcomes["unsafe"] if look else 0.0 for look in seen]),
    }


def points(rows: list[Row], found: dict[str, np.ndarray[Any, Any]]) -> dict[str, Any]:
    """Outcome, set and source → share found (or alarmed) at each rate."""
    out: dict[str, Any] = {}
    benign = np.array([row.set == "benign_prompts" for row in rows])
    calm = np.array([row.set == "injection_indirect" and row.label == "benign" for row in rows])
    for outcome, label in (("injection", ATTACKS), ("unsafe", ("unsafe",))):
        values = found[outcome]
        for key in sorted({(row.set, row.source, row.label) for row in rows}):
            mine = np.array([(row.set, row.source, row.label) == key for row in rows])
            base = calm if key[0] == "injection_indirect" else benign
            if not base.any() or (outcome == "unsafe" and key[0] in ("injection_indirect",)):
                continue
            kind = "found" if key[2] in label else "alarms"
            if kind == "alarms" and key[2] in (*ATTACKS, "unsafe", "offensive"):
                continue
            out[f"{outcome}: {kind} in {key[0]}, {key[1]} ({int(mine.sum())})"] = {
                f"{rate:.1%}": round(
                    float((values[mine] > np.quantile(values[base], 1 - rate)).mean()), 4
                )
                for rate in RATES
            }
    return out


def topics(meaning: Meaning, data: Path, *, most: int) -> dict[str, dict[str, float]]:
    """Source → the share of texts whose likeliest topic, of those that the source has, is theirs,
    and the same by topic."""
    path = data / "topics_train.jsonl.gz"
    if not path.is_file():
        return {}
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            groups[row["source"].split("@")[0].split(" ")[0], topic_of(row)].append(row["text"])
    model, out = meaning.model, {}
    for source in sorted({source for source, _ in groups}):
        here = {topic: texts for (name, topic), texts in groups.items() if name == source}
        columns = [model.topics.index(topic) for topic in here]
        hits: dict[str, list[bool]] = {}
        for at, (topic, texts) in enumerate(here.items()):
            dice = random.Random(source)
            chosen = dice.sample(texts, most) if 0 < most < len(texts) else texts
            looks = (meaning.read(text, Part.PROMPT) for text in chosen)
            hits[topic] = [
                int(look.topic_scores.mean(0)[columns].argmax()) == at for look in looks if look
            ]
        every = [hit for each in hits.values() for hit in each]
        out[source] = {"all": round(float(np.mean(every)), 4)} | {
            topic: round(float(np.mean(each)), 4) for topic, each in hits.items()
        }
    return out


def table(report: dict[str, Any]) -> Table:
    """The points, one row a source."""
    grid = Table(title="meaning: shares at rates of false alarms on benign texts")
    grid.add_column("what")
    for rate in RATES:
        grid.add_column(f"{rate:.1%}", justify="right")
    for name, shares in report.items():
        grid.add_row(name, *(f"{share:.1%}" for share in shares.values()))
    return grid


def show(data: Path = DATA, *, quick: bool = False, as_json: bool = False) -> int:
    """Print the points; exit status 2 where no set is there."""
    rows = list(read_sets(data, most=QUICK if quick else 0))
    if not rows:
        print("No set is here.", file=sys.stderr)
        return 2
    meaning = Meaning.shipped()
    report = points(rows, scores(meaning, rows))
    subjects = topics(meaning, data, most=QUICK if quick else MANY)
    if as_json:
        print(json.dumps({**report, "topics": subjects}, indent=1))
        return 0
    console = Console(width=140)
    console.print(table(report))
    for source, shares in subjects.items():
        console.print(f"topics in {source}:", *(f"{k} {v:.1%}" for k, v in shares.items()))
    return 0


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="scripts/evaluate-meaning", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} texts of each source")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    args = parser.parse_args()
    return show(args.data, quick=args.quick, as_json=args.json)


if __name__ == "__main__":
    sys.exit(main())
