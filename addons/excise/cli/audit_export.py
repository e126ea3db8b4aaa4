"""`excise audit export`: the trail for other systems, owner-only where it is a file."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TextIO

from excise.audit.mapping import EXPORTS, leaves
from excise.audit.query import open_lines, quoted
from excise.audit.reader import find_records
from excise.audit.select import FILTERS, Wanted
from excise.cli.options import settings_of
from excise.errors import ConfigError

_TABLES: Final = ("csv", "parquet")


def add_export(commands: Any) -> None:
    """`export` among the commands of `excise audit`."""
    parser = commands.add_parser("export", help="lines for another system")
    choices = (*EXPORTS, *_TABLES)
    parser.add_argument("--format", choices=choices, default="jsonl", help="default jsonl")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="owner-only; default standard output"
    )
    for name in FILTERS:
        parser.add_argument(f"--{name}", default="", metavar=name.upper())
    parser.add_argument("--audit", type=Path, metavar="FILE", help="the trail")
    parser.add_argument("--state-dir", type=Path, metavar="DIR")
    parser.set_defaults(func=run_export)


def run_export(args: argparse.Namespace) -> int:
    """Write the lines that are wanted."""
    path = settings_of(args).audit
    wanted = Wanted(**{name: getattr(args, name) for name in FILTERS})
    if args.format in _TABLES:
        return _as_table(path, wanted, args.format, args.output)
    convert = EXPORTS[args.format]
    with open_output(args.output) as sink:
        for record in find_records(path):
            if wanted.fits(record):
                sink.write(json.dumps(convert(record), separators=(",", ":")) + "\n")
    return 0


@contextmanager
def open_output(path: Path | None) -> Iterator[TextIO]:
    """A new owner-only file, or standard output. Raises `ConfigError`."""
    if path is None:
        yield sys.stdout
        return
    make_private(path)
    with path.open("w", encoding="utf-8") as file:
        yield file


def make_private(path: Path) -> None:
    """An empty owner-only file of this name, whatever was there. Raises `ConfigError`."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        fd = os.open(path, flags, 0o600)
    except OSError as fault:
        raise ConfigError(
            "EXC-CFG-003", f"cannot be written ({fault.strerror}).", at=str(path)
        ) from None
    try:
        os.fchmod(fd, 0o600)
    finally:
        os.close(fd)


def _as_table(path: Path, wanted: Wanted, form: str, output: Path | None) -> int:
    if output is None and form == "parquet":
        raise ConfigError("EXC-CFG-001", "parquet needs --output FILE.", at="--format")
    target = Path("/dev/stdout") if output is None else output
    if output is not None:
        make_private(output)
    where, values = wanted.where()
    shape = "FORMAT parquet, COMPRESSION zstd" if form == "parquet" else "FORMAT csv, HEADER"
    # Written into the file that is there: a new one would have the permissions of the umask.
    shape += ", USE_TMP_FILE false"
    with open_lines(path) as lines:
        lines.execute(
            f"COPY (SELECT {_columns(form)} FROM lines WHERE {where} ORDER BY time) "
            f"TO {quoted(str(target))} ({shape})",
            values,
        )
    return 0


def _columns(form: str) -> str:
    """Every field by its dotted name; lists as JSON where the format has none."""
    shown = []
    for name in leaves():
        spelled = ".".join(f'"{piece}"' for piece in name.split("."))
        listed = name in ("rulings", "retention.dropped") or name in _LISTS
        value = f"to_json({spelled})" if listed and form == "csv" else spelled
        shown.append(f'{value} AS "{name}"')
    return ", ".join(shown)


_LISTS: Final = ("reasons", "anomalies", "missing", "conversation.sources")
