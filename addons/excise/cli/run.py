"""`excise run -- CMD`: one command with the settings of `excise env`.

The command takes this process's place, so that its signals, its terminal and its exit status are
its own.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
from typing import Any, Final

from excise.cli.env import prepare_variables
from excise.cli.options import add_places, settings_of
from excise.config import Settings
from excise.errors import ConfigError

PATIENCE: Final = 2.0
# What shells say of a command that is not there, or is none.
NOT_FOUND: Final = 127
NOT_RUNNABLE: Final = 126


def add_parser(subparsers: Any) -> None:
    """`excise run` and its options."""
    parser = subparsers.add_parser("run", help="run one command with proxy and CA settings")
    add_places(parser)
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="-- CMD", help="the command")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Become the command; returns only where that fails."""
    words = args.words[1:] if args.words[:1] == ["--"] else args.words
    if not words:
        raise ConfigError("EXC-CFG-001", "no command to run; wanted: excise run -- CMD.")
    settings = settings_of(args)
    require_proxy(settings)
    environ = {**os.environ, **prepare_variables(settings, os.environ)}
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execvpe(words[0], words, environ)
    except FileNotFoundError:
        print(f"excise: {words[0]}: no such command.", file=sys.stderr)
        return NOT_FOUND
    except OSError as fault:
        print(f"excise: {words[0]}: {fault.strerror}.", file=sys.stderr)
        return NOT_RUNNABLE


def require_proxy(settings: Settings) -> None:
    """Raises `ConfigError` where nothing answers at the proxy's address."""
    if not answers(settings):
        raise ConfigError(
            "EXC-CFG-006",
            "the proxy does not answer; start it in another terminal: excise up "
            f"--listen {settings.listen}.",
            at=settings.url,
        )


def answers(settings: Settings) -> bool:
    """Whether something listens where the proxy should."""
    host, _, port = settings.url.removeprefix("http://").rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), PATIENCE):
            return True
    except OSError:
        return False
