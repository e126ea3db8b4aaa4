"""`excise audit discover`: models in use that nobody told the catalogue of."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from excise.audit.discover import Suspect, find_suspects
from excise.audit.select import Wanted
from excise.cli.options import settings_of

_FILTERS: Final = ("principal", "group", "host", "since", "until")


def add_discover(commands: Any) -> None:
    """`discover` among the commands of `excise audit`."""
    parser = commands.add_parser("discover", help="traffic to models outside the catalogue")
    for name in _FILTERS:
        parser.add_argument(f"--{name}", default="", metavar=name.upper())
    parser.add_argument("--audit", type=Path, metavar="FILE", help="the trail")
    parser.add_argument("--state-dir", type=Path, metavar="DIR")
    parser.add_argument("--json", action="store_true", help="for programs: an object a line")
    parser.set_defaults(func=run_discover)


def run_discover(args: argparse.Namespace) -> int:
    """By principal and host, the surest first; exit status 1 where there is something."""
    wanted = Wanted(**{name: getattr(args, name) for name in _FILTERS})
    suspects = find_suspects(settings_of(args).audit, wanted)
    if args.json:
        for each in suspects:
            print(json.dumps(asdict(each) | {"score": each.score}, separators=(",", ":")))
    else:
        width = None if sys.stdout.isatty() else 200
        Console(highlight=False, width=width).print(build_suspects(suspects))
    return 1 if suspects else 0


def build_suspects(suspects: Iterable[Suspect]) -> Table:
    """One a row."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("score", "who", "host", "signs", "answers", "sent", "received", "last"):
        table.add_column(column, overflow="fold")
    for each in suspects:
        signs = ", ".join([*(sign.removeprefix("llm-") for sign in each.signs), *each.paths])
        cells = (each.score, each.who, each.host, signs, each.answers, each.sent, each.received)
        table.add_row(*(Text(str(cell)) for cell in (*cells, each.last[:16])))
    return table
