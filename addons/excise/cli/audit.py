"""`excise audit`: the trail for people (tables) and for programs (`--json`)."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from excise.audit.reader import (
    Record,
    find_exchange,
    find_last,
    follow,
)
from excise.audit.select import FILTERS, Wanted
from excise.audit.stats import Stats, read_stats
from excise.cli.audit_cases import add_cases
from excise.cli.audit_discover import add_discover
from excise.cli.audit_export import add_export
from excise.cli.audit_propose import add_propose
from excise.cli.audit_report import add_report
from excise.cli.audit_review import add_review
from excise.cli.audit_show import explain
from excise.cli.audit_verify import add_verify
from excise.cli.options import settings_of

COLORS: Final = {
    "block": "bold red",
    "redact": "yellow",
    "alert": "magenta",
    "allow": "green",
}
_TOP: Final = 10


def add_parser(subparsers: Any) -> None:
    """`excise audit` with its own commands."""
    parser = subparsers.add_parser("audit", help="read the audit trail")
    commands = parser.add_subparsers(dest="audit_command", metavar="COMMAND", required=True)
    tail = commands.add_parser("tail", help="the last lines")
    tail.add_argument("-n", "--lines", type=int, default=20, help="how many; default 20")
    tail.add_argument("-f", "--follow", action="store_true", help="go on as it grows")
    show = commands.add_parser("show", help="every line of one exchange")
    show.add_argument("name", help="its id, or the reference a user was given")
    stats = commands.add_parser("stats", help="what happened, counted")
    for each in (tail, stats):
        add_filters(each)
    for each, func in ((tail, run_tail), (show, run_show), (stats, run_stats)):
        each.add_argument("--audit", type=Path, metavar="FILE", help="the trail")
        each.add_argument("--state-dir", type=Path, metavar="DIR")
        each.add_argument("--json", action="store_true", help="for programs")
        each.set_defaults(func=func)
    add_verify(commands)
    add_discover(commands)
    add_export(commands)
    add_report(commands)
    add_review(commands)
    add_propose(commands)
    add_cases(commands)


def add_filters(parser: argparse.ArgumentParser) -> None:
    """Options that narrow the lines down."""
    for name in FILTERS:
        words = "TIME" if name in ("since", "until") else name.upper()
        says = {"since": "from this time on, such as 2030-01-31 or 2030-01-31T12",
                "until": "before this time"}  # fmt: skip
        help_ = says.get(name, f"only lines with this {name}")
        parser.add_argument(f"--{name}", default="", metavar=words, help=help_)


def wanted_of(args: argparse.Namespace) -> Wanted:
    """The filters that were given."""
    return Wanted(**{name: getattr(args, name) for name in FILTERS})


def run_tail(args: argparse.Namespace) -> int:
    """The last lines, and with `--follow` the coming ones."""
    path, wanted = settings_of(args).audit, wanted_of(args)
    records = find_last(path, max(1, args.lines), wanted)
    if args.json:
        _print_json(records)
    else:
        _console().print(build_table(records))
    if args.follow:
        console = _console()
        for record in filter(wanted.fits, follow(path)):
            if args.json:
                _print_json([record])
            else:
                console.print(build_line(record))
    return 0


def run_show(args: argparse.Namespace) -> int:
    """What was decided about one exchange, and why; exit status 1 where the trail knows none."""
    records = find_exchange(settings_of(args).audit, args.name)
    if args.json:
        _print_json(records)
    else:
        console = _console()
        for record in records:
            for part in explain(record):
                console.print(part)
    return 0 if records else 1


def run_stats(args: argparse.Namespace) -> int:
    """Counts over the whole trail."""
    stats = read_stats(settings_of(args).audit, wanted_of(args))
    if args.json:
        print(json.dumps(_stats_as_json(stats)))
    else:
        _console().print(build_stats_table(stats))
    return 0


def build_table(records: Iterable[Record]) -> Table:
    """Records, one a row."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("time", "stage", "action", "who", "host", "model", "found", "id"):
        wraps = column == "found"
        table.add_column(column, overflow="fold" if wraps else "ellipsis", no_wrap=not wraps)
    for record in records:
        table.add_row(*_cells(record))
    return table


def build_line(record: Record) -> Text:
    """One record as one line."""
    return Text("  ").join(cell for cell in _cells(record) if cell.plain)


def build_stats_table(stats: Stats) -> Table:
    """Counts, one a row."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    table.add_row("records", f"{stats.records} ({stats.first} to {stats.last})")
    for title, counter in _counters(stats).items():
        if counter:
            shown = ", ".join(f"{name} {count}" for name, count in counter.most_common(_TOP))
            table.add_row(title, Text(shown))
    if stats.lost:
        table.add_row("lost", Text(f"{stats.lost} records were refused", style="bold red"))
    if stats.p50 is not None and stats.p99 is not None:
        table.add_row("milliseconds", f"p50 {stats.p50:.2f}, p99 {stats.p99:.2f}")
    return table


def _cells(record: Record) -> list[Text]:
    action = record.get("action", "")
    shadow = record.get("would", action)
    shown = Text(action, style=COLORS.get(action, ""))
    if shadow != action:
        shown.append(f" ({shadow})", style="dim")
    found = Counter[str]()
    for ruling in record.get("rulings", ()):
        found[ruling["rule"]] += ruling["count"]
    words = [f"{rule}×{count}" if count > 1 else rule for rule, count in found.items()]
    if "lost" in record:
        words.append(f"{record['lost']} records lost")
    # Values come from a file: Text shows them as they are, never as markup.
    return [
        Text(record.get("time", "")[11:23], style="dim"),
        Text(record.get("stage", "")),
        shown,
        Text(record.get("principal", {}).get("id", "")),
        Text(record.get("host", "")),
        Text(record.get("model", "")),
        Text(", ".join([*words, *record.get("reasons", ())])),
        Text(record.get("id", ""), style="dim"),
    ]


def _counters(stats: Stats) -> dict[str, Counter[str]]:
    return {
        "stages": stats.stages,
        "actions": stats.actions,
        "would": stats.would,
        "rules": stats.rules,
        "entities": stats.entities,
        "reasons": stats.reasons,
        "missing": stats.missing,
        "hosts": stats.hosts,
        "models": stats.models,
        "principals": stats.principals,
        "faults": stats.faults,
    }


def _stats_as_json(stats: Stats) -> dict[str, Any]:
    return {
        "records": stats.records,
        "first": stats.first,
        "last": stats.last,
        "lost": stats.lost,
        **{title: dict(counter) for title, counter in _counters(stats).items()},
        "total_ms": {"p50": stats.p50, "p99": stats.p99},
    }


def _print_json(records: Iterable[Record]) -> None:
    for record in records:
        print(json.dumps(record, separators=(",", ":")), flush=True)


def _console() -> Console:
    # Where no terminal says how wide it is, nothing should be cut.
    return Console(highlight=False, width=None if sys.stdout.isatty() else 200)
