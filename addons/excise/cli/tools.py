"""`excise tools`: what is pinned of the definitions of tools."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.table import Table

from excise.cli.indexes import add_state_dir
from excise.cli.options import settings_of
from excise.detectors.tools.pins import Pin
from excise.errors import ConfigError, StateError
from excise.ledger import pins_of
from excise.state.ports import PinBoard

_SHOWN: Final = 12  # digits of an id


class _Kept(NamedTuple):
    server: str
    name: str
    pin: Pin

    @property
    def id(self) -> str:
        """As the list shows it."""
        return f"{self.server[:4]}{self.name[: _SHOWN - 4]}"


def add_parser(subparsers: Any) -> None:
    """`excise tools pins list|accept|forget`."""
    parser = subparsers.add_parser("tools", help="definitions of tools that are pinned")
    subjects = parser.add_subparsers(dest="tools_command", metavar="pins", required=True)
    pins = subjects.add_parser("pins", help="what was seen of each tool, and accepted")
    verbs = pins.add_subparsers(dest="verb", metavar="list|accept|forget", required=True)
    shown = verbs.add_parser("list", help="one line a tool; exit status 1 where one waits")
    shown.add_argument("--waiting", action="store_true", help="only those that wait")
    shown.set_defaults(func=run_list)
    accept = verbs.add_parser("accept", help="know the versions of a tool that wait")
    accept.set_defaults(func=run_accept)
    forget = verbs.add_parser("forget", help="the next definition of a tool is its first")
    forget.set_defaults(func=run_forget)
    for verb in (accept, forget):
        which = verb.add_mutually_exclusive_group(required=True)
        which.add_argument("ids", metavar="ID", nargs="*", default=[], help="as the list shows it")
        which.add_argument("--all", action="store_true", help="every tool")
    add_state_dir(shown, accept, forget)


def run_list(args: argparse.Namespace) -> int:
    """Tools by server; what changed is told by the names of fields. Raises `StateError`."""
    table = Table()
    for column in ("id", "server", "tool", "since", "changed", "fields", "state"):
        table.add_column(column, overflow="fold")
    every = [kept for kept in _every(_board(args)) if kept.pin.waiting or not args.waiting]
    for kept in sorted(every, key=lambda each: (each.pin.server, each.pin.tool)):
        pin = kept.pin
        table.add_row(
            kept.id, pin.server, pin.tool, _day(pin.since), _day(pin.changed),
            ", ".join(pin.told), "waits" if pin.waiting else "known",
        )  # fmt: skip
    Console().print(table)
    return 1 if any(kept.pin.waiting for kept in every) else 0


def run_accept(args: argparse.Namespace) -> int:
    """Running proxies take it from their next message on. Raises `ConfigError`, `StateError`."""
    board = _board(args)
    waiting = [each for each in _chosen(board, args) if each.pin.waiting]
    for each in waiting:
        board.write(each.server, {each.name: each.pin.accepted().to_bytes()})
    print(f"{len(waiting)} tools are accepted as they are now")
    return 0


def run_forget(args: argparse.Namespace) -> int:
    """Raises `ConfigError`, `StateError`."""
    board = _board(args)
    chosen = list(_chosen(board, args))
    for each in chosen:
        board.forget(each.server, [each.name])
    print(f"{len(chosen)} tools are forgotten")
    return 0


def _board(args: argparse.Namespace) -> PinBoard:
    return pins_of(settings_of(args))


def _every(board: PinBoard) -> Iterator[_Kept]:
    for server in board.servers():
        for name, data in board.read(server).items():
            try:
                yield _Kept(server, name, Pin.from_bytes(data))
            except ValueError as why:
                raise StateError("EXC-STA-002", f"{why}.", at=f"pins of {server}") from None


def _chosen(board: PinBoard, args: argparse.Namespace) -> Iterable[_Kept]:
    every = list(_every(board))
    unknown = sorted(set(args.ids) - {each.id for each in every})
    if unknown:
        raise ConfigError(
            "EXC-CFG-003", f'no tool has the id "{unknown[0]}".', hint="excise tools pins list"
        )
    return [each for each in every if args.all or each.id in args.ids]


def _day(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}" if seconds else ""
