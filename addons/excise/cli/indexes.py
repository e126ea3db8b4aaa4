"""What the commands share that keep indexes of the operator's own code, records and secrets."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from excise.cli.options import settings_of
from excise.errors import ConfigError, StateError, closest
from excise.state.indexes import get_index, is_name, list_indexes, remove_index
from excise.state.keys import derive, load_or_create_key


def add_removing(commands: Any, kind: str) -> argparse.ArgumentParser:
    """The command that forgets an index of a kind."""
    remove: argparse.ArgumentParser = commands.add_parser("remove", help="forget an index")
    remove.add_argument("name", help="as the list shows it")
    remove.set_defaults(func=lambda args: forget(args, kind))
    return remove


def add_state_dir(*parsers: argparse.ArgumentParser) -> None:
    """Where keys and indexes are."""
    for parser in parsers:
        parser.add_argument("--state-dir", type=Path, metavar="DIR", help="keys and indexes")


def add_kept(
    commands: Any, name: str, run: Callable[[argparse.Namespace], int], says: str
) -> argparse.ArgumentParser:
    """A command about something that is kept in the state folder."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=says)
    add_state_dir(parser)
    parser.set_defaults(func=run)
    return parser


def forget(args: argparse.Namespace, kind: str) -> int:
    """Delete one. Raises `ConfigError` with the names there are."""
    state_dir = settings_of(args).state_dir
    if not is_name(args.name) or not remove_index(state_dir, kind, args.name):
        known = list_indexes(state_dir, kind)
        raise ConfigError(
            "EXC-CFG-003",
            f'no index is called "{args.name}"; there are: {", ".join(known) or "none"}.',
            hint=closest(args.name, known),
        )
    print(f"{args.name} is forgotten")
    return 0


def read_all[T](state_dir: Path, kind: str, read: Callable[[bytes], T]) -> dict[str, T]:
    """Every index of a kind by name. `read` raises ValueError for bytes that are none; raises
    `StateError` then."""
    found = {}
    for name in list_indexes(state_dir, kind):
        try:
            found[name] = read(get_index(state_dir, kind, name))
        except ValueError as why:
            raise StateError("EXC-STA-002", f"{why}; make it anew.", at=f"{kind}/{name}") from None
    return found


def key_of(state_dir: Path, kind: str) -> bytes:
    """The key of a kind of index."""
    return derive(load_or_create_key(state_dir / "key"), kind)


def read_text(name: str) -> str:
    """A file, or standard input for `-`. Raises `ConfigError`."""
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as fault:
        reason = fault.strerror or "cannot be read"
        raise ConfigError("EXC-CFG-003", f"{reason}; wanted a readable file.", at=name) from None
    return data.decode("utf-8", "replace")
