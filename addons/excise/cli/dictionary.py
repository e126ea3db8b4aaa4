"""`excise dictionary`: teach the firewall the operator's own records, for exact-data match.

What is kept are keyed digests; a copy of the state folder's key is needed to ask anything of them.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from excise.cli.indexes import add_removing, add_state_dir, key_of, read_all, read_text
from excise.cli.options import settings_of
from excise.detectors.base import Glance
from excise.detectors.own.records import NEAR, RecordIndex, Records, build_index
from excise.errors import ConfigError, closest
from excise.model import Part, Role, Segment
from excise.state.indexes import put_index

KIND: Final = "dictionary"
_NAME: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_MOST: Final = 255  # columns


def add_parser(subparsers: Any) -> None:
    """`excise dictionary` with its own commands."""
    parser = subparsers.add_parser("dictionary", help="indexes of own records")
    commands = parser.add_subparsers(dest="dictionary_command", metavar="COMMAND", required=True)
    add = commands.add_parser("add", help="index a CSV, TSV or JSON lines file of records")
    add.add_argument("file", type=Path, metavar="FILE", help="a head line names the columns")
    add.add_argument("--columns", required=True, metavar="A,B", help="which columns are looked for")
    add.add_argument("--name", help="what the index is called; default: as the file")
    add.add_argument(
        "--meet",
        type=int,
        metavar="N",
        help=f"columns of one record that must stand within {NEAR} characters; default 2, or 1 "
        "where there is one column",
    )
    add.set_defaults(func=run_add)
    shown = commands.add_parser("list", help="what is indexed")
    shown.set_defaults(func=run_list)
    check = commands.add_parser("check", help="where records stand in a text")
    check.add_argument("file", metavar="FILE", help="a text; - for standard input")
    check.set_defaults(func=run_check)
    add_state_dir(add, shown, check, add_removing(commands, KIND))


def run_add(args: argparse.Namespace) -> int:
    """Read, index, keep."""
    settings = settings_of(args)
    name = args.name or re.sub(r"[^a-z0-9]+", "-", args.file.stem.lower()).strip("-")
    if not _NAME.fullmatch(name):
        raise ConfigError(
            "EXC-CFG-001", f'"{name}" can be no name; wanted lower case, digits and hyphens.'
        )
    columns = [column.strip() for column in args.columns.split(",") if column.strip()]
    meet = args.meet or min(2, len(columns))
    if not 1 <= meet <= len(columns) <= _MOST:
        raise ConfigError(
            "EXC-CFG-001", f"--meet {meet} with {len(columns)} columns; wanted 1 to as many."
        )
    key = key_of(settings.state_dir, KIND)
    built = build_index(name, columns, read_records(args.file, columns), meet=meet, key=key)
    path = put_index(settings.state_dir, KIND, name, built.made.to_bytes())
    print(
        f"{name}: {built.values} values of {built.records} records; "
        f"{built.left_out} cells left out as too short, too long or too common"
    )
    print(f"kept as keyed digests in {path}")
    return 0


def run_list(args: argparse.Namespace) -> int:
    """One row an index."""
    table = Table()
    for column in ("name", "columns", "meet", "values"):
        table.add_column(column)
    for index in read_all(settings_of(args).state_dir, KIND, RecordIndex.from_bytes).values():
        titles = ", ".join(index.titles)
        table.add_row(index.name, titles, str(index.meet), str(index.digests.size))
    Console().print(table)
    return 0


def run_check(args: argparse.Namespace) -> int:
    """Line, column and how many columns met, never the value; exit status 1 where some did."""
    state_dir = settings_of(args).state_dir
    indexes = read_all(state_dir, KIND, RecordIndex.from_bytes)
    records = Records(tuple(indexes.values()), key_of(state_dir, KIND))
    text = read_text(args.file)
    (sights,) = records.find([Glance(Segment(text, Role.USER, Part.PROMPT, 0))])
    met = [sight for sight in sights if sight.score >= 0.5]
    for sight in met:
        line = text.count("\n", 0, sight.span.start) + 1
        column = sight.span.start - text.rfind("\n", 0, sight.span.start)
        print(f"{args.file}:{line}:{column}  {sight.label}  {sight.met} columns")
    return 1 if met else 0


def read_records(path: Path, columns: Sequence[str]) -> Iterator[list[str]]:
    """The named cells of each record. Raises `ConfigError` with the line, never with a value."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            if path.suffix.lower() in (".jsonl", ".ndjson"):
                yield from _json_records(stream, path, columns)
            else:
                yield from _table_records(stream, path, columns)
    except (OSError, UnicodeDecodeError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) else "not UTF-8"
        raise ConfigError(
            "EXC-CFG-003", f"{reason}; wanted a readable file in UTF-8.", at=str(path)
        ) from None


def _table_records(
    stream: Iterator[str], path: Path, columns: Sequence[str]
) -> Iterator[list[str]]:
    head = next(stream, "")
    mark = max("\t;,|", key=head.count)
    titles = [title.strip() for title in next(csv.reader([head], delimiter=mark), [])]
    for column in columns:
        if column not in titles:
            raise ConfigError(
                "EXC-CFG-003",
                f'no column "{column}"; the head line has {len(titles)} columns.',
                at=f"{path}:1",
                hint=closest(column, titles),
            )
    places = [titles.index(column) for column in columns]
    rows = csv.reader(stream, delimiter=mark)
    try:
        for row in rows:
            yield [row[place] if place < len(row) else "" for place in places]
    except csv.Error as fault:
        raise ConfigError("EXC-CFG-003", f"{fault}.", at=f"{path}:{rows.line_num + 1}") from None


def _json_records(stream: Iterator[str], path: Path, columns: Sequence[str]) -> Iterator[list[str]]:
    for number, line in enumerate(stream, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        if not isinstance(record, dict):
            raise ConfigError("EXC-CFG-003", "wanted a JSON object a line.", at=f"{path}:{number}")
        yield ["" if record.get(c) is None else str(record[c]) for c in columns]
