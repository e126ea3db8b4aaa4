"""`excise fingerprint`: teach the firewall what is own code, and ask it.

What is kept are keyed hashes; a copy of the state folder's key is needed to ask anything of them.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from excise.cli.fingerprint_files import find_texts
from excise.cli.indexes import add_removing, add_state_dir, key_of, read_text
from excise.cli.options import settings_of
from excise.detectors.own.code import Copy, OwnCode, OwnIndex
from excise.detectors.own.code_index import read_head
from excise.errors import ConfigError
from excise.state.indexes import get_index, is_name, list_indexes, put_index

KIND: Final = "own-code"


def add_parser(subparsers: Any) -> None:
    """`excise fingerprint` with its own commands."""
    parser = subparsers.add_parser("fingerprint", help="indexes of own code")
    commands = parser.add_subparsers(dest="fingerprint_command", metavar="COMMAND", required=True)
    add = commands.add_parser("add", help="index a repository, a folder or a file")
    add.add_argument("place", nargs="?", type=Path, metavar="PATH", help="what to index")
    add.add_argument("--name", help="what the index is called; default: as the folder")
    add.add_argument(
        "--exclude", action="append", default=[], metavar="GLOB", help="paths to leave out"
    )
    add.add_argument(
        "--packages", nargs="+", default=[], metavar="NAME", help="internal packages: com.acme."
    )
    add.add_argument("--names", action="store_true", help="keep the paths of files in the index")
    add.set_defaults(func=run_add)
    shown = commands.add_parser("list", help="what is indexed")
    shown.add_argument("--json", action="store_true", help="for programs")
    shown.set_defaults(func=run_list)
    check = commands.add_parser("check", help="what of a file is own code")
    check.add_argument("file", metavar="FILE", help="a text; - for standard input")
    check.add_argument("--json", action="store_true", help="for programs")
    check.set_defaults(func=run_check)
    add_state_dir(add, shown, check, add_removing(commands, KIND))


def run_add(args: argparse.Namespace) -> int:
    """Read, index, keep; exit status 1 where there was nothing to index."""
    settings = settings_of(args)
    if args.place is None and not args.packages:
        raise ConfigError("EXC-CFG-001", "nothing to index; name a PATH or --packages.")
    place = args.place and args.place.expanduser().resolve()
    name = _name(args.name or (place.name if place else "packages"), given=bool(args.name))
    sources = list(find_texts(place, args.exclude)) if place else []
    if not sources and not args.packages:
        print(f"excise: no own code found at {place}", file=sys.stderr)
        return 1
    try:
        index = OwnIndex.of_texts(
            (each.text for each in sources),
            key_of(settings.state_dir, KIND),
            names=[each.name for each in sources] if args.names else (),
            packages=args.packages,
        )
    except ValueError as fault:
        raise ConfigError(
            "EXC-CFG-001", f"{fault}; wanted names such as @acme/ or acme_core."
        ) from None
    path = put_index(settings.state_dir, KIND, name, index.to_bytes())
    print(
        f"{name}: {index.count} files, {index.lines} lines, {index.prints.size} fingerprints, "
        f"{len(index.packages)} packages, {path.stat().st_size} bytes"
    )
    return 0


def run_list(args: argparse.Namespace) -> int:
    """Each index with what it says of itself."""
    settings = settings_of(args)
    rows = []
    for name in list_indexes(settings.state_dir, KIND):
        data = get_index(settings.state_dir, KIND, name)
        head, _ = read_head(data, at=name)
        counts = {word: head[word] for word in ("count", "lines", "prints")}
        rows.append({"name": name, **counts, "packages": len(head["packages"]), "bytes": len(data)})
    if args.json:
        print(json.dumps(rows))
        return 0
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("name", "files", "lines", "fingerprints", "packages", "bytes"):
        table.add_column(column, justify="left" if column == "name" else "right")
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console(highlight=False).print(table if rows else "nothing is indexed")
    return 0


def run_check(args: argparse.Namespace) -> int:
    """Where a text is own code; exit status 1 where it is."""
    settings, key = settings_of(args), key_of(settings_of(args).state_dir, KIND)
    indexes = [
        OwnIndex.from_bytes(get_index(settings.state_dir, KIND, name), key, at=name)
        for name in list_indexes(settings.state_dir, KIND)
    ]
    index = OwnIndex.merged(indexes, key)
    detector = OwnCode(index)
    text = read_text(args.file)
    rows = [_row(text, copy, index) for copy in detector.copies(text)]
    rows += [
        {"label": "internal-package", **_lines(text, span.start, span.end)}
        for span in detector.packages(text)
    ]
    rows.sort(key=lambda row: (row["first_line"], row["last_line"]))
    if args.json:
        print(json.dumps(rows))
    else:
        for row in rows:
            where = f" in {row['file']}" if "file" in row else ""
            lines = f"{row['first_line']}-{row['last_line']}"
            amount = f", {row['tokens']} tokens{where}" if "tokens" in row else ""
            print(f"{args.file}:{lines}: {row['label']}{amount}")
    return 1 if rows else 0


def _row(text: str, copy: Copy, index: OwnIndex) -> dict[str, Any]:
    file = index.names[copy.file] if index.names else f"file {copy.file}"
    return {
        "label": copy.label,
        **_lines(text, copy.span.start, copy.span.end),
        "tokens": copy.tokens,
        "score": round(copy.score, 3),
        "file": file,
    }


def _lines(text: str, start: int, end: int) -> dict[str, int]:
    """The lines of a span, counted from one."""
    first = text.count("\n", 0, start) + 1
    return {"first_line": first, "last_line": first + text.count("\n", start, end)}


def _name(name: str, *, given: bool) -> str:
    if not given:
        name = re.sub(r"[^0-9A-Za-z._-]+", "-", name).strip("-._")[:64] or "code"
    if not is_name(name):
        raise ConfigError(
            "EXC-CFG-001",
            f'no index can be called "{name}"; wanted letters, digits and ._-, at most 64.',
            at="--name",
        )
    return name
