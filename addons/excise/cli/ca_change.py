"""`excise ca rotate|import`: a newer CA with an overlap, or a company's own."""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path
from typing import Any

from excise.cli.authority import limits_of
from excise.cli.options import add_places, settings_of
from excise.errors import ConfigError
from excise.state.ca_change import begin_rotation, finish_rotation, import_ca


def add_parsers(commands: Any) -> None:
    """`rotate` and `import` among the commands of `excise ca`."""
    rotate = commands.add_parser("rotate", help="make the CA that takes over, or have it take over")
    rotate.add_argument("--finish", action="store_true", help="have the next one take over")
    rotate.add_argument("--only-for", action="append", default=[], metavar="HOST",
        help="limit it to a host name and what is below it; repeatable")  # fmt: skip
    rotate.add_argument("--any-host", action="store_true", help="do not limit it")
    add_places(rotate)
    rotate.set_defaults(func=run_rotate)
    taken = commands.add_parser("import", help="use a company's intermediate")
    taken.add_argument("--cert", type=Path, required=True, metavar="FILE",
        help="PEM: its certificate, then those above it up to the root")  # fmt: skip
    taken.add_argument("--key", type=Path, required=True, metavar="FILE", help="PEM")
    add_places(taken)
    taken.set_defaults(func=run_import)


def run_rotate(args: argparse.Namespace) -> int:
    """Begin, or finish. Raises `StateError`."""
    settings = settings_of(args)
    if args.finish:
        print(finish_rotation(settings.ca_dir).cert_pem)
        print("Start the proxy anew; clients no longer need the former one.", file=sys.stderr)
        return 0
    print(begin_rotation(settings.ca_dir, only_for=limits_of(args, settings)).cert_pem)
    print("Have every client trust this one as well, then: excise ca rotate --finish",
          file=sys.stderr)  # fmt: skip
    return 0


def run_import(args: argparse.Namespace) -> int:
    """Take over certificate and key; a password is asked for. Raises `ExciseError`."""
    chain, key = _read(args.cert), _read(args.key)
    password = getpass.getpass("password of the key: ").encode() if b"ENCRYPTED" in key else None
    print(import_ca(settings_of(args).ca_dir, chain, key, password=password).cert_pem)
    return 0


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise ConfigError(
            "EXC-CFG-003", f"cannot be read ({fault.strerror}).", at=str(path)
        ) from None
