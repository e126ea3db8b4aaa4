"""Runs the engine with every pack on every labelled set, and counts what is found.

`--json` prints figures, `--errors` the ids of what went wrong by set, figure and kind, `--check`
compares with the stored run and fails when a figure fell by more than its interval, `--store`
keeps this run as the one to compare with. Intervals are Wilson's at 95 %.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import evaluate_disguises
import evaluate_meaning
from evaluate_figures import Count, Share, Tally, compare, is_alarm, spelled, written
from evaluate_measures import FAMILIES, MEASURES, Facts, by_family
from evaluate_peers import presidio
from evaluate_rows import ROOT, Hit, Row, Set
from evaluate_sets import load_sets
from evaluate_tables import Grid, grids
from rich.console import Console
from rich.table import Table

from excise.assemble import Engine, load_engine
from excise.cli.scan import scan_lines
from excise.model import Action

STORED: Final = ROOT / "docs" / "reference" / "evaluation.json"
PROFILE: Final = ROOT / "scripts" / "evaluate_profile.yaml"
_TURN: Final = 4096  # texts that are scanned at once
# Sets whose rows make up the precision of one family.
_JOINED: Final = {
    "secrets": ("secrets_pos", "secrets_neg"),
    "pci": ("pci", "pci_gateway", "pci_held_out", "pci_spoken", "pci_ids", "pci_random_ids"),
}

Find = Callable[[Sequence[str]], Iterator[list[Hit]]]


class Finder:
    """What is found in texts, each looked at once however many sets hold it."""

    def __init__(self, find: Find) -> None:
        self._find = find
        self._known: dict[str, list[Hit]] = {}

    def __call__(self, rows: Sequence[Row], family: tuple[str, ...]) -> Iterator[list[Hit]]:
        """For each row the findings of the family."""
        new = list(dict.fromkeys(row.text for row in rows if row.text not in self._known))
        for at in range(0, len(new), _TURN):
            turn = new[at : at + _TURN]
            self._known.update(zip(turn, self._find(turn), strict=True))
        for row in rows:
            yield [hit for hit in self._known[row.text] if hit.entity.startswith(family)]


def own(engine: Engine) -> Find:
    """The function behind `excise scan`."""

    def find(texts: Sequence[str]) -> Iterator[list[Hit]]:
        lines = (json.dumps({"id": at, "text": text}) for at, text in enumerate(texts))
        for answer in scan_lines(engine, lines):
            yield [
                Hit(each["start"], each["end"], each["entity"], each["rule"])
                for each in answer.get("findings", ())
            ]

    return find


def facts_of(engine: Engine) -> Facts:
    """What the measures ask of the rules."""
    rules = [rule for pack in engine.packs for rule in pack.rules]
    asking = [(rule.id, rule.asked) for rule in rules if rule.asked]
    return Facts(
        names={rule: asked.label for rule, asked in asking if asked.detector == "names"},
        languages=frozenset(rule for rule, asked in asking if asked.detector == "code"),
        silent=frozenset(rule.id for rule in rules if rule.action is Action.LOG),
    )


def run(
    find: Finder, facts: Facts, sets: Iterator[Set]
) -> tuple[dict[str, Any], dict[str, dict[str, list[str]]]]:
    """The figures by set, and the ids of rows that spoil one, by set and figure: never texts."""
    report: dict[str, Any] = {}
    errors: dict[str, dict[str, list[str]]] = {}
    texts: set[str] = set()
    for data in sets:
        began = time.perf_counter()
        found = list(find(data.rows, data.family))
        report[data.name], errors[data.name] = measure(data, found, facts)
        print(f"{data.name}: {time.perf_counter() - began:.1f} s", file=sys.stderr)
        texts |= {row.text for row in data.rows if row.positive and data.measure == "rows"}
        report[data.name]["figures"] |= _contradicted(data, found, texts)
    for family, names in _JOINED.items():
        if all(name in report for name in names):
            report[names[0]]["figures"]["precision"] = _precision(report, names)
            report[names[0]]["precision_over"] = [f"{family}: {', '.join(names)}"]
    return report, errors


def measure(
    data: Set, found: Sequence[list[Hit]], facts: Facts
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """The figures of one set, and the ids of rows that spoil one."""
    tally = Tally()
    wrong: dict[str, list[str]] = defaultdict(list)
    rules: Counter[str] = Counter()
    for row, hits in zip(data.rows, found, strict=True):
        for count in MEASURES[data.measure](row, hits, facts):
            tally.add(count, source=row.source, group=row.group)
            if _is_wrong(count):
                wrong[f"{count.figure}: {count.kind}".rstrip(": ")].append(row.id)
        if not row.positive:
            rules.update({hit.rule for hit in hits})
    report: dict[str, Any] = {"origin": data.origin, "rows": len(data.rows), **tally.report()}
    if data.of:
        report["of_rows"] = data.of
    if data.measure == "ordinary":
        lines = sum(row.lines for row in data.rows)
        acting = [[hit for hit in hits if hit.rule not in facts.silent] for hits in found]
        totals = Counter(
            family for hits in acting for family, own in by_family(hits, facts) for _ in own
        )
        report["lines"] = lines
        report["per_10000_lines"] = {
            family: round(totals[family] * 10_000 / lines, 2) for family in FAMILIES
        }
    wrong |= {f"rule {rule}": [f"{count} rows"] for rule, count in rules.most_common()}
    return report, dict(sorted(wrong.items()))


def _is_wrong(count: Count) -> bool:
    return count.hits > 0 if is_alarm(count.figure) else count.hits < count.of


def _contradicted(data: Set, found: Sequence[list[Hit]], positive: set[str]) -> dict[str, Share]:
    """Alarms without the texts that another source labels positive, where there are such."""
    alarms = [(row.text in positive, bool(hits)) for row, hits in zip(data.rows, found, strict=True)
              if not row.positive]  # fmt: skip
    if data.measure != "rows" or not any(hit for twice, hit in alarms if twice):
        return {}
    rest = [hit for twice, hit in alarms if not twice]
    return {"alarms on texts not labelled positive elsewhere": Share(sum(rest), len(rest))}


def _precision(report: dict[str, Any], names: Sequence[str]) -> Share:
    """Rows rightly found among all rows found."""
    figures = [report[name]["figures"] for name in names]
    right = sum(each["recall"].hits for each in figures if "recall" in each)
    wrong = sum(each["alarms"].hits for each in figures if "alarms" in each)
    return Share(right, right + wrong)


def main() -> int:
    """The command."""
    args = _parser().parse_args()
    if args.meaning:
        return evaluate_meaning.show(quick=args.quick, as_json=args.json)
    only = [*args.only, *(["pii"] if args.pii else [])]
    with tempfile.TemporaryDirectory() as folder:
        engine = load_engine(args.profile, state_dir=Path(folder), enforce=True)
        if args.disguises:
            return _disguises(engine, args)
        find = presidio() if args.presidio else own(engine)
        report, errors = run(Finder(find), facts_of(engine), load_sets(only, quick=args.quick))
    if not report:
        print("No set of that name is here.", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps(spelled(report), indent=1))
    else:
        console = Console(width=None if sys.stdout.isatty() else 140)
        for grid in grids(report, kinds=args.kinds):
            console.print(_table(grid))
    if args.errors:
        print(json.dumps(errors, indent=1))
    kept = json.loads(STORED.read_text("utf-8")) if STORED.is_file() else {}
    origin = "shared" if any(each["origin"] == "shared" for each in report.values()) else "sample"
    origin = f"presidio, {origin}" if args.presidio else origin
    worse = compare(report, _before(kept, origin, quick=args.quick)) if args.check else []
    for sentence in worse:
        print(sentence, file=sys.stderr)
    if args.store:
        _store(kept, origin, report, args)
    return 1 if worse else 0


def _disguises(engine: Engine, args: argparse.Namespace) -> int:
    found = evaluate_disguises.disguised(engine, quick=args.quick)
    if args.json:
        print(json.dumps(spelled(found), indent=1))
    else:
        Console(width=100).print(_table(evaluate_disguises.grid(found)))
    return 0


def _table(grid: Grid) -> Table:
    table = Table(title=grid.title, header_style="bold")
    for at, column in enumerate(grid.columns):
        table.add_column(column, justify="left" if at < grid.names else "right")
    for cells in grid.rows:
        table.add_row(*cells, style="bold" if cells[0] else "")
    return table


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/evaluate", description=__doc__)
    parser.add_argument("--profile", default=str(PROFILE), help="default: every pack that ships")
    parser.add_argument(
        "--only", action="append", default=[], metavar="SET",
        help="this set, or sets of this kind (rows, pii, names, code, ordinary); may hold *",
    )  # fmt: skip
    parser.add_argument("--pii", action="store_true", help="the same as --only pii")
    parser.add_argument("--quick", action="store_true", help="the same 1 600 rows of a large set")
    parser.add_argument("--kinds", action="store_true", help="show figures by kind, too")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--errors", action="store_true", help="list ids of what went wrong")
    parser.add_argument("--check", action="store_true", help="fail when a figure fell")
    parser.add_argument("--store", action="store_true", help="keep this run to compare with")
    parser.add_argument(
        "--meaning", action="store_true", help="ROC points of topics, injection, unsafe content"
    )
    parser.add_argument(
        "--disguises", action="store_true", help="every example of a secret, written otherwise"
    )
    parser.add_argument("--presidio", action="store_true", help="run Presidio's patterns instead")
    return parser


def _before(kept: dict[str, Any], origin: str, *, quick: bool) -> dict[str, Any]:
    """The sets to compare with: of a large one the same 1 600 rows, where these were stored."""
    runs = [origin, f"{origin}, quick"] if quick else [origin]
    return {name: each for run in runs for name, each in kept.get(run, {}).get("sets", {}).items()}


def _store(
    kept: dict[str, Any], origin: str, report: dict[str, Any], args: argparse.Namespace
) -> None:
    """Keep the sets that were measured; others stay as they were stored.

    Of a quick run only what it cut short: the rest is what the whole run says of it.
    """
    command = "scripts/evaluate"
    if args.quick:
        origin, command = f"{origin}, quick", f"{command} --quick"
        report = {name: each for name, each in report.items() if "of_rows" in each}
    sets = kept.get(origin, {}).get("sets", {}) if args.only or args.pii else {}
    own_profile = args.profile == str(PROFILE)
    kept[origin] = {
        "date": datetime.now(UTC).date().isoformat(),
        "command": command + ("" if own_profile else f" --profile {args.profile}"),
        "sets": sets | report,
    }
    STORED.write_text(written(kept), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
