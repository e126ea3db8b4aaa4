"""`excise override`: let one refused request pass once, for a reason that is recorded."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from excise.cli.options import add_places, settings_of
from excise.enforce.overrule import LONGEST, SHORTEST, is_reason
from excise.errors import StateError
from excise.ledger import grants_of
from excise.state.overrides import grant


def add_parser(subparsers: Any) -> None:
    """`excise override` and its options."""
    parser = subparsers.add_parser("override", help="let one refused request pass once")
    parser.add_argument("reference", metavar="REFERENCE", help="what the refused user was given")
    parser.add_argument("--because", metavar="TEXT", required=True, help="why; it is recorded")
    add_places(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Grant it. Raises `StateError`."""
    if not is_reason(args.because, required=True):
        raise StateError(
            "EXC-STA-004", f"wanted a reason of {SHORTEST} to {LONGEST} characters in --because."
        )
    grant(grants_of(settings_of(args)), args.reference.strip().lower(), args.because.strip())
    print("Send the same request again; it passes once, in the time its clause gives.",
          file=sys.stderr)  # fmt: skip
    return 0
