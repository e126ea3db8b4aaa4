"""`excise canary`: values to plant in prompts, repositories and documents, whose way out is told.

The value is shown once, and kept as keyed digests only.
"""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final

from excise.cli.indexes import add_removing, add_state_dir, key_of
from excise.cli.options import settings_of
from excise.detectors.own.canary import NAME, build_canary
from excise.errors import ConfigError
from excise.state.indexes import is_name, list_indexes, put_index

STYLES: Final[Mapping[str, Callable[[str, str], tuple[str, str]]]] = {
    # (random hexadecimal, domain) → the value that is looked for, and the text to plant
    "key": lambda mark, _: (f"cnry_{mark}", f"BACKUP_TOKEN=cnry_{mark}"),
    "email": lambda mark, domain: (f"ops-{mark[:16]}@{domain}",) * 2,
    "url": lambda mark, domain: (f"https://{domain}/archive/{mark}",) * 2,
    "text": lambda mark, _: (mark, f"Internal reference {mark}; do not quote."),
    "document": lambda mark, domain: (
        mark,
        f"Quarterly recovery plan\n\nOwner: {domain}\nReference: {mark}\n\nNot for circulation.",
    ),
}


def add_parser(subparsers: Any) -> None:
    """`excise canary` with its own commands."""
    parser = subparsers.add_parser("canary", help="planted values whose way out is told")
    commands = parser.add_subparsers(dest="canary_command", metavar="COMMAND", required=True)
    new = commands.add_parser("new", help="make one, and show it once")
    new.add_argument("name", help="what findings call it")
    new.add_argument("--style", choices=tuple(STYLES), default="key", help="what it looks like")
    new.add_argument("--domain", default="example.com", help="of an address or link")
    new.set_defaults(func=run_new)
    shown = commands.add_parser("list", help="the names of those that are looked for")
    shown.set_defaults(func=run_list)
    add_state_dir(new, shown, add_removing(commands, NAME))


def run_new(args: argparse.Namespace) -> int:
    """Make, index and show one. Raises `ConfigError` where the name is taken or can be none."""
    state_dir = settings_of(args).state_dir
    if not is_name(args.name):
        raise ConfigError(
            "EXC-CFG-001", f'"{args.name}" can be no name; wanted letters, digits and hyphens.'
        )
    if args.name in list_indexes(state_dir, NAME):
        raise ConfigError("EXC-CFG-001", f'"{args.name}" is planted already; wanted another name.')
    value, text = STYLES[args.style](secrets.token_hex(16), args.domain)
    put_index(state_dir, NAME, args.name, build_canary(value, key_of(state_dir, NAME)).to_bytes())
    print(text)
    return 0


def run_list(args: argparse.Namespace) -> int:
    """One line a canary."""
    for name in list_indexes(settings_of(args).state_dir, NAME):
        print(name)
    return 0
