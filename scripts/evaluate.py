"""Runs the engine on every labelled set: recall, precision and false alarms with intervals.

`--json` prints figures, `--errors` the ids of misses and false alarms by kind, `--check` compares
with the stored run and fails when a figure fell by more than its interval, `--store` keeps this
run as the one to compare with. Intervals are Wilson's at 95 %.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from evaluate_sets import ROOT, Row, Set, load_sets
from rich.console import Console
from rich.table import Table

from excise.assemble import Engine, load_engine
from excise.cli.scan import scan_lines

STORED: Final = ROOT / "docs" / "reference" / "evaluation.json"
_Z: Final = 1.96
Finding = tuple[str, int, int]


def wilson(hits: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share; (0, 1) where nothing was counted."""
    if not total:
        return 0.0, 1.0
    share, spread = hits / total, _Z * _Z / total
    middle = (share + spread / 2) / (1 + spread)
    half = _Z / (1 + spread) * math.sqrt(share * (1 - share) / total + spread / (4 * total))
    return max(0.0, middle - half), min(1.0, middle + half)


def figure(hits: int, total: int) -> dict[str, Any]:
    """A share with its counts and its interval."""
    low, high = wilson(hits, total)
    return {
        "hits": hits,
        "of": total,
        "share": round(hits / total, 4) if total else 0.0,
        "interval": [round(low, 4), round(high, 4)],
    }


def scan(engine: Engine, rows: Sequence[Row], family: str) -> list[list[Finding]]:
    """For each row what was found of the family, through the function behind `excise scan`."""
    lines = (json.dumps({"id": index, "text": row.text}) for index, row in enumerate(rows))
    return [
        [
            (each["rule"], each["start"], each["end"])
            for each in answer.get("findings", ())
            if each["entity"].startswith(family)
        ]
        for answer in scan_lines(engine, lines)
    ]


def measure(data: Set, found: Sequence[Sequence[Finding]]) -> dict[str, Any]:
    """The figures of one set."""
    rows = list(zip(data.rows, found, strict=True))
    report: dict[str, Any] = {"origin": data.origin, "rows": len(rows)}
    for side, wanted in (("recall", True), ("false_alarms", False)):
        part = [(row, bool(hits)) for row, hits in rows if row.positive is wanted]
        if not part:
            continue
        report[side] = figure(sum(hit for _, hit in part), len(part))
        report[f"{side}_by_source"] = _grouped(part, lambda row: row.source)
        report[f"{side}_by_kind"] = {
            kind: [each["hits"], each["of"]]
            for kind, each in _grouped(part, lambda row: row.kind).items()
        }
    spans = [(span, hits) for row, hits in rows if row.positive for span in row.spans]
    if spans:
        report["spans_touched"] = figure(sum(_touched(*each) for each in spans), len(spans))
        report["spans_covered"] = figure(sum(_covered(*each) for each in spans), len(spans))
    dates = [(span, hits) for row, hits in rows if row.positive for span in row.dates]
    if dates:
        report["dates_covered"] = figure(sum(_covered(*each) for each in dates), len(dates))
    lines = sum(row.lines for row, _ in rows)
    if lines > len(rows):
        report["findings_per_10000_lines"] = round(
            sum(len(hits) for _, hits in rows) * 10_000 / lines, 2
        )
    return report


def _grouped(part: Sequence[tuple[Row, bool]], key: Any) -> dict[str, Any]:
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row, hit in part:
        counts[key(row)][0] += hit
        counts[key(row)][1] += 1
    return {name: figure(*counts[name]) for name in sorted(counts)}


def _touched(span: tuple[int, int], hits: Sequence[Finding]) -> bool:
    return any(start < span[1] and end > span[0] for _, start, end in hits)


def _covered(span: tuple[int, int], hits: Sequence[Finding]) -> bool:
    at = span[0]
    for _, start, end in sorted(hits, key=lambda each: each[1]):
        at = max(at, end) if start <= at else at
    return at >= span[1]


def precision(sets: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Rows rightly found among all rows found, over the sets of one family."""
    right = sum(sets[name].get("recall", {}).get("hits", 0) for name in names)
    wrong = sum(sets[name].get("false_alarms", {}).get("hits", 0) for name in names)
    return figure(right, right + wrong)


def run(engine: Engine, sets: Sequence[Set]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The report, and per set the errors by kind: ids and rules, never texts."""
    report: dict[str, Any] = {}
    errors: dict[str, Any] = {}
    secrets = [data for data in sets if data.family == "secret."]
    texts = {row.text for data in secrets for row in data.rows if row.positive}
    for data in sets:
        began = time.perf_counter()
        found = scan(engine, data.rows, data.family)
        report[data.name] = measure(data, found)
        print(f"{data.name}: {time.perf_counter() - began:.1f} s", file=sys.stderr)
        errors[data.name] = _errors(data.rows, found)
        report[data.name] |= _contradicted(data.rows, found, texts)
    whole = {"sets": report, "precision": {}}
    whole["precision"]["secrets"] = precision(report, ["secrets_pos", "secrets_neg"])
    whole["precision"]["pci"] = precision(
        report, [name for name in report if name.startswith("pci")]
    )
    return whole, errors


def _contradicted(
    rows: Sequence[Row], found: Sequence[Sequence[Finding]], texts: set[str]
) -> dict[str, Any]:
    """Alarms on texts that some source labels positive, and the share without those texts."""
    alarms = [(row.text in texts, bool(hits)) for row, hits in zip(rows, found, strict=True)
              if not row.positive]  # fmt: skip
    both = sum(hit for twice, hit in alarms if twice)
    if not both:
        return {}
    rest = [hit for twice, hit in alarms if not twice]
    return {
        "alarms_on_text_labelled_both_ways": both,
        "false_alarms_elsewhere": figure(sum(rest), len(rest)),
    }


def _errors(rows: Sequence[Row], found: Sequence[Sequence[Finding]]) -> dict[str, Any]:
    wrong: dict[str, list[str]] = defaultdict(list)
    rules: Counter[str] = Counter()
    for row, hits in zip(rows, found, strict=True):
        if row.positive is not bool(hits):
            side = "missed" if row.positive else "false alarm"
            wrong[f"{side}: {row.kind}"].append(row.id)
            rules.update({rule for rule, _, _ in hits})
    return {"rows": dict(sorted(wrong.items())), "rules": dict(rules.most_common())}


def show(report: dict[str, Any], console: Console) -> None:
    """One table for the sets and one for their sources."""
    table = Table(title="Detection by set and source", header_style="bold")
    for column in ("set", "source", "rows", "recall", "95 %", "false alarms", "95 %"):
        table.add_column(column, justify="left" if column in ("set", "source") else "right")
    for name, each in report["sets"].items():
        table.add_row(name, each["origin"], str(each["rows"]), *_cells(each), style="bold")
        sides = {**each.get("recall_by_source", {}), **each.get("false_alarms_by_source", {})}
        for source in sides if len(sides) > 1 else ():
            part = {
                side: each[f"{side}_by_source"][source]
                for side in ("recall", "false_alarms")
                if source in each.get(f"{side}_by_source", {})
            }
            rows = str(sum(figures["of"] for figures in part.values()))
            table.add_row("", source, rows, *_cells(part))
    console.print(table)
    for name, each in report["sets"].items():
        notes = [
            f"{label} {each[key]['share']:.1%} of {each[key]['of']}"
            for key, label in (
                ("spans_touched", "spans touched"),
                ("spans_covered", "covered"),
                ("dates_covered", "dates covered"),
            )
            if key in each
        ]
        if "findings_per_10000_lines" in each:
            notes.append(f"findings per 10 000 lines {each['findings_per_10000_lines']}")
        if "alarms_on_text_labelled_both_ways" in each:
            notes.append(
                f"alarms on texts that are also labelled positive "
                f"{each['alarms_on_text_labelled_both_ways']}, on others "
                f"{each['false_alarms_elsewhere']['share']:.1%} "
                f"of {each['false_alarms_elsewhere']['of']}"
            )
        if notes:
            console.print(f"{name}: {', '.join(notes)}")
    for family, each in report["precision"].items():
        console.print(f"precision of {family}: {each['share']:.1%} of {each['of']}")


def _cells(each: dict[str, Any]) -> list[str]:
    cells = []
    for side in ("recall", "false_alarms"):
        if side not in each:
            cells += ["", ""]
            continue
        low, high = each[side]["interval"]
        cells += [f"{each[side]['share']:.1%}", f"{low:.1%}-{high:.1%}"]
    return cells


def compare(report: dict[str, Any], stored: dict[str, Any]) -> list[str]:
    """A sentence for each figure that fell by more than the stored run's interval."""
    worse = []
    for name, before in stored.get("sets", {}).items():
        now = report["sets"].get(name)
        if now is None or now["origin"] != before["origin"]:
            continue
        fell = [
            key
            for key in ("recall", "spans_touched", "spans_covered")
            if key in before and now[key]["share"] < before[key]["interval"][0]
        ]
        key = "false_alarms"
        if key in before and now[key]["share"] > before[key]["interval"][1]:
            fell.append(key)
        worse += [
            f"{name}: {key} {now[key]['share']:.1%}, was {before[key]['share']:.1%}."
            for key in fell
        ]
        if now.get("findings_per_10000_lines", 0) > before.get("findings_per_10000_lines", 0) + 1:
            worse.append(f"{name}: {now['findings_per_10000_lines']} findings in 10 000 lines.")
    return worse


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="scripts/evaluate", description=__doc__)
    parser.add_argument("--profile", default="balanced", help="default: balanced")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--errors", action="store_true", help="list ids of misses and false alarms")
    parser.add_argument("--check", action="store_true", help="fail when a figure fell")
    parser.add_argument("--store", action="store_true", help="keep this run to compare with")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        engine = load_engine(args.profile, state_dir=Path(folder))
        report, errors = run(engine, load_sets())
    if args.json:
        print(json.dumps(report, indent=1))
    else:
        show(report, Console(width=None if sys.stdout.isatty() else 120))
    if args.errors:
        print(json.dumps(errors, indent=1))
    origin = report["sets"]["secrets_pos"]["origin"]
    kept = json.loads(STORED.read_text("utf-8")) if STORED.is_file() else {}
    worse = compare(report, kept.get(origin, {})) if args.check else []
    for sentence in worse:
        print(sentence, file=sys.stderr)
    if args.store:
        kept[origin] = report
        STORED.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
