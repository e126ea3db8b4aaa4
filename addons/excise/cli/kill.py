"""`excise kill`: refuse all LLM traffic at once, and let it pass again."""

from __future__ import annotations

import argparse
from typing import Any

from excise.cli.indexes import add_state_dir
from excise.cli.options import settings_of
from excise.errors import StateError
from excise.ledger import switch_of
from excise.model import Halt


def add_parser(subparsers: Any) -> None:
    """`excise kill on|off|status`."""
    parser = subparsers.add_parser("kill", help="refuse all LLM traffic at once")
    parser.add_argument("state", choices=("on", "off", "status"), help="what it shall be")
    parser.add_argument("--because", default="", metavar="TEXT", help="kept beside the switch")
    add_state_dir(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Move the switch, or look at it; `status` exits with 1 where it is on. Raises `ConfigError`,
    `StateError`."""
    switch = switch_of(settings_of(args))
    if args.state == "on":
        switch.turn_on(args.because)
        print(f"on: every proxy with this state folder refuses LLM traffic ({switch.place})")
        return 0
    if args.state == "off":
        print("off: traffic passes again" if switch.turn_off() else "it was off")
        return 0
    halt = switch.halt()
    if halt is Halt.AWAY:
        raise StateError(
            "EXC-STA-006",
            "nobody can tell how the kill switch stands; LLM traffic is refused until one can.",
            at=switch.place,
        )
    reason = switch.reason() if halt else ""
    print((f"on: {reason}" if reason else "on") if halt else "off")
    return 1 if halt else 0
