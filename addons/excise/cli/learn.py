"""`excise learn`: what endpoints and fields were observed, as a document to review and enforce."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from excise.cli.audit_export import open_output
from excise.cli.indexes import add_state_dir
from excise.cli.options import settings_of
from excise.learn.model import to_openapi
from excise.learned import forget_learnt, load_model, read_learnt


def add_parser(subparsers: Any) -> None:
    """`excise learn export|covert|check|forget`."""
    parser = subparsers.add_parser("learn", help="endpoints and fields that were observed")
    commands = parser.add_subparsers(dest="learn_command", metavar="COMMAND", required=True)
    export = commands.add_parser("export", help="an OpenAPI 3.1 document, to be reviewed")
    export.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="owner-only; default standard output"
    )
    covert = commands.add_parser("covert", help="texts of bodies that no codec reads")
    check = commands.add_parser("check", help="whether a document can be enforced")
    check.add_argument("file", type=Path, help="the document")
    forget = commands.add_parser("forget", help="begin anew")
    for each, func in (
        (export, run_export), (covert, run_covert), (check, run_check), (forget, run_forget),
    ):  # fmt: skip
        add_state_dir(each)
        each.set_defaults(func=func)


def run_export(args: argparse.Namespace) -> int:
    """Write the document; exit status 1 where nothing was learnt."""
    learnt = read_learnt(settings_of(args).state_dir)
    with open_output(args.output) as sink:
        sink.write(json.dumps(to_openapi(learnt), indent=2) + "\n")
    return 0 if learnt.endpoints else 1


def run_covert(args: argparse.Namespace) -> int:
    """Fields by which something could leave unseen; exit status 1 where there are some."""
    found = read_learnt(settings_of(args).state_dir).covert()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("method", "path", "direction", "field"):
        table.add_column(column, overflow="fold")
    for row in found:
        table.add_row(*(Text(str(cell)) for cell in row))
    Console(highlight=False, width=None if sys.stdout.isatty() else 200).print(table)
    return 1 if found else 0


def run_check(args: argparse.Namespace) -> int:
    """Read it as the proxy would; says how many endpoints it allows."""
    model = load_model(args.file)
    print(f"{len(model.exact) + len(model.globs)} endpoints")
    return 0


def run_forget(args: argparse.Namespace) -> int:
    """Remove what was learnt."""
    print("forgotten" if forget_learnt(settings_of(args).state_dir) else "nothing was learnt")
    return 0
