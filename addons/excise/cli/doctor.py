"""`excise doctor`: what is wrong here, and the mend. Exit status 1 where anything fails."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from excise.cli import checks, checks_clients, checks_gateway
from excise.cli.checks import Check, Status
from excise.cli.options import add_places, settings_of

CHECKS: Final = (*checks.CHECKS, *checks_gateway.CHECKS, *checks_clients.CHECKS)
STYLES: Final = {
    Status.OK: "green",
    Status.WARN: "yellow",
    Status.FAIL: "bold red",
    Status.SKIP: "dim",
}


def add_parser(subparsers: Any) -> None:
    """`excise doctor` and its options."""
    parser = subparsers.add_parser("doctor", help="what is wrong here, and the mend")
    add_places(parser)
    parser.add_argument("--profile", help="the profile that should load")
    parser.add_argument("--policies", type=Path, metavar="DIR", help="policies of your own")
    parser.add_argument("--audit", type=Path, metavar="FILE", help="the audit trail")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Run every check and show what each saw."""
    settings = settings_of(args)
    found = [check for look in CHECKS for check in look(settings)]
    if args.json:
        print(json.dumps([check._asdict() for check in found]))
    else:
        console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
        console.print(build_table(found))
    return int(any(check.status is Status.FAIL for check in found))


def build_table(found: Iterable[Check]) -> Table:
    """The report, one check a row."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("", "what", "found", "mend"):
        table.add_column(column, overflow="fold")
    for check in found:
        table.add_row(
            Text(check.status, style=STYLES[check.status]),
            Text(check.what),
            Text(check.found),
            Text(check.mend),
        )
    return table
