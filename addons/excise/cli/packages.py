"""`excise packages`: lists of the packages that exist, for answers that name one that does not.

What is kept of a list is a filter of hashes; a name cannot be read out of it.
"""

from __future__ import annotations

import argparse
from typing import Any

from rich.console import Console
from rich.table import Table

from excise.cli.indexes import add_removing, add_state_dir, read_all, read_text
from excise.cli.options import settings_of
from excise.detectors.answers.packages import (
    ECOSYSTEMS,
    NAME,
    Listing,
    build_listing,
    named_in,
    normal,
)
from excise.errors import ConfigError
from excise.state.indexes import put_index


def add_parser(subparsers: Any) -> None:
    """`excise packages` with its own commands."""
    parser = subparsers.add_parser("packages", help="lists of the packages that exist")
    commands = parser.add_subparsers(dest="packages_command", metavar="COMMAND", required=True)
    made = commands.add_parser("index", help="make the list of an ecosystem out of files")
    made.add_argument("ecosystem", choices=ECOSYSTEMS)
    made.add_argument("files", metavar="FILE", nargs="+", help="names, one a line; - for input")
    made.set_defaults(func=run_index)
    test = commands.add_parser("test", help="the packages that a text names, and which exist")
    test.add_argument("file", metavar="FILE", help="a text; - for standard input")
    test.set_defaults(func=run_test)
    shown = commands.add_parser("list", help="the lists that were made")
    shown.set_defaults(func=run_list)
    add_state_dir(made, test, shown, add_removing(commands, NAME))


def run_index(args: argparse.Namespace) -> int:
    """Read and keep, in place of the ecosystem's list before."""
    names = [line for file in args.files for line in read_text(file).splitlines()]
    listing = build_listing(args.ecosystem, names)
    if not listing.size:
        raise ConfigError("EXC-CFG-003", "no name in it; wanted one a line.", at=args.files[0])
    put_index(settings_of(args).state_dir, NAME, args.ecosystem, listing.to_bytes())
    print(f"{args.ecosystem}: {listing.size:,} packages")
    return 0


def run_test(args: argparse.Namespace) -> int:
    """One row a package; exit status 1 where one is on no list."""
    listings = read_all(settings_of(args).state_dir, NAME, Listing.from_bytes)
    table, missing = Table(), False
    for column in ("ecosystem", "package", "on the list"):
        table.add_column(column)
    for ecosystem, name, _ in named_in(read_text(args.file)):
        known = listings.get(ecosystem)
        there = known is None or known.holds(normal(ecosystem, name))
        missing = missing or not there
        table.add_row(ecosystem, name, "no list" if known is None else "yes" if there else "no")
    Console().print(table)
    return 1 if missing else 0


def run_list(args: argparse.Namespace) -> int:
    """One line an ecosystem."""
    for name, each in read_all(settings_of(args).state_dir, NAME, Listing.from_bytes).items():
        print(f"{name}: {each.size:,} packages")
    return 0
