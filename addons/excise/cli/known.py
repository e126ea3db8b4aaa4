"""`excise known`: teach the firewall the operator's own secrets, so that they never leave.

Values are read from environments and secret files and kept as keyed digests only.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from excise.cli.indexes import add_removing, add_state_dir, key_of, read_all
from excise.cli.options import settings_of
from excise.detectors.own.known import KnownIndex, build_known, is_fit
from excise.errors import ConfigError
from excise.state.indexes import is_name, put_index

KIND: Final = "known-value"
# Names of variables that hold a secret, as they are usually called.
SECRETIVE: Final = (
    "*SECRET*", "*TOKEN*", "*PASSWORD*", "*PASSWD*", "*PASSPHRASE*", "*_PASS", "*API*KEY*",
    "*ACCESS*KEY*", "*PRIVATE*KEY*", "*CREDENTIAL*", "*_KEY", "*_PAT", "*_DSN", "*DATABASE*URL*",
    "*CONNECTION*STRING*",
)  # fmt: skip
_ASSIGNED: Final = re.compile(r"\s*(?:export\s+|set\s+)?[\w.-]+\s*[=:]\s*(?P<value>.+?)\s*,?\s*")
_LOGIN: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/:@]*:(?P<password>[^\s/@]+)@", re.IGNORECASE)
_LARGEST: Final = 1_000_000  # bytes of a secret file


def add_parser(subparsers: Any) -> None:
    """`excise known` with its own commands."""
    parser = subparsers.add_parser("known", help="the operator's own secrets, as digests")
    commands = parser.add_subparsers(dest="known_command", metavar="COMMAND", required=True)
    add = commands.add_parser("add", help="read secrets and keep their digests")
    add.add_argument(
        "files", nargs="*", type=Path, metavar="FILE", help=".env files, secret files, folders"
    )
    add.add_argument("--env", action="store_true", help="variables of this environment")
    add.add_argument(
        "--match",
        action="append",
        metavar="GLOB",
        help="names of variables to take; default: those called secret, token, password, key …",
    )
    add.add_argument("--stdin", action="store_true", help="one value a line from standard input")
    add.add_argument("--name", default="values", help="what the index is called")
    add.set_defaults(func=run_add)
    shown = commands.add_parser("list", help="the indexes and how many values they hold")
    shown.set_defaults(func=run_list)
    add_state_dir(add, shown, add_removing(commands, KIND))


def run_add(args: argparse.Namespace) -> int:
    """Read, index, keep; exit status 1 where there was nothing fit."""
    settings = settings_of(args)
    if not is_name(args.name):
        raise ConfigError(
            "EXC-CFG-001", f'"{args.name}" can be no name; wanted letters, digits and hyphens.'
        )
    if not (args.files or args.env or args.stdin):
        raise ConfigError("EXC-CFG-001", "nothing to read; name a FILE, --env or --stdin.")
    values = set(_values(args))
    fit = {value for value in values if is_fit(value)}
    if not fit:
        print(f"excise: none of {len(values)} values can be told from ordinary text",
              file=sys.stderr)  # fmt: skip
        return 1
    index = build_known(fit, key_of(settings.state_dir, KIND))
    path = put_index(settings.state_dir, KIND, args.name, index.to_bytes())
    print(
        f"{args.name}: {len(fit)} values; {len(values - fit)} left out that are too short, or "
        "plain words, numbers or paths"
    )
    print(f"kept as keyed digests in {path}")
    return 0


def run_list(args: argparse.Namespace) -> int:
    """One line an index."""
    indexes = read_all(settings_of(args).state_dir, KIND, KnownIndex.from_bytes)
    for name, index in indexes.items():
        print(f"{name}: {index.digests.size} forms of values")
    return 0


def _values(args: argparse.Namespace) -> Iterator[str]:
    if args.env:
        yield from from_environment(os.environ, args.match or SECRETIVE)
    if args.stdin:
        yield from (line.strip() for line in sys.stdin if line.strip())
    for path in args.files:
        yield from from_path(path)


def from_environment(environ: Mapping[str, str], globs: Iterable[str]) -> Iterator[str]:
    """The values of variables whose names match, and the passwords of addresses anywhere."""
    patterns = [re.compile(fnmatch.translate(each.upper())) for each in globs]
    for name, value in environ.items():
        if any(pattern.match(name.upper()) for pattern in patterns):
            yield from with_logins(value.strip())
        else:
            yield from _logins(value)


def from_path(path: Path) -> Iterator[str]:
    """The values of a `.env` file, of a file that is one value, or of every file of a folder.
    Raises `ConfigError`."""
    try:
        if path.is_dir():
            for each in sorted(path.iterdir()):
                if each.is_file():
                    yield from from_path(each)
            return
        if path.stat().st_size > _LARGEST:
            raise ConfigError("EXC-CFG-003", "larger than any secret file.", at=str(path))
        text = path.read_text("utf-8", "replace")
    except OSError as fault:
        raise ConfigError("EXC-CFG-003", f"{fault.strerror}.", at=str(path)) from None
    yield from from_text(text)


def from_text(text: str) -> Iterator[str]:
    """The texts of a JSON file; else the values of assignments, one a line, lines that are none
    being values themselves."""
    with suppress(ValueError):
        yield from _texts_of(json.loads(text))
        return
    for line in text.splitlines():
        line = line.strip()
        if not line or line.startswith(("#", ";", "//")) or "-----" in line:
            continue
        found = _ASSIGNED.fullmatch(line)
        if found:
            yield from with_logins(unquoted(found["value"]))
        if not found or "=" not in line:  # a colon may be part of the value
            yield from with_logins(unquoted(line))


def _texts_of(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from with_logins(value)
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts_of(each)


def with_logins(value: str) -> Iterator[str]:
    """The value, and the password in it where it is an address."""
    yield value
    yield from _logins(value)


def _logins(value: str) -> Iterator[str]:
    for found in _LOGIN.finditer(value):
        yield unquote(found["password"])


def unquoted(value: str) -> str:
    """A value without the quotes around it, or without the comment behind it."""
    if len(value) > 1 and value[0] in "\"'" and value[-1] == value[0]:
        return value[1:-1]
    return value.partition(" #")[0].rstrip()
