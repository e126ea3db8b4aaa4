"""`excise limits`: what is used of each limit, and forgetting it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from excise.assemble import load_engine
from excise.cli.options import settings_of
from excise.errors import ConfigError, closest
from excise.ledger import counters_of
from excise.policy.limits import MICRO, Limit, Limits, What
from excise.state.counters import Charge, Counters


def add_parser(subparsers: Any) -> None:
    """`excise limits show|reset`."""
    parser = subparsers.add_parser("limits", help="what is used of each limit")
    verbs = parser.add_subparsers(dest="verb", metavar="show|reset", required=True)
    show = verbs.add_parser("show", help="every counter on which something stands")
    reset = verbs.add_parser("reset", help="forget what is counted on a limit, or on part of it")
    reset.add_argument("key", metavar="LIMIT|KEY", help="a limit, or a counter as shown")
    for verb, func in ((show, _show), (reset, _reset)):
        verb.add_argument("--profile", metavar="NAME|FILE", help="default balanced")
        verb.add_argument("--policies", type=Path, metavar="DIR", help="limits of your own")
        verb.add_argument("--state-dir", type=Path, metavar="DIR", help="where counters are")
        verb.set_defaults(func=func)


def _show(args: argparse.Namespace) -> int:
    limits, counters = _limits(args), _counters(args)
    known = {each.id: each for each in limits.every}
    table = Table(title="limits", title_justify="left")
    for column in ("counter", "used", "at most", "within", "mode"):
        table.add_column(column, overflow="fold")
    for key, (at_most, seconds) in sorted(counters.keys().items()):
        limit = known.get(key.partition("/")[0])
        used = counters.used(Charge(key, at_most, seconds, 0))
        if used:
            mode = str(limit.mode) if limit else "gone"
            shown = _amount(used, limit), _amount(at_most, limit)
            table.add_row(key, *shown, f"{seconds} s", mode)
    if any(each.count is What.COST for each in limits.every):
        table.caption = f"dollars by the prices of {limits.prices.as_of}"
    Console().print(table)
    return 0


def _reset(args: argparse.Namespace) -> int:
    counters, known = _counters(args), [each.id for each in _limits(args).every]
    name = args.key.partition("/")[0]
    if name not in known:
        raise ConfigError(
            "EXC-CFG-001", f'there is no limit "{name}"; there are: {", ".join(known) or "none"}.',
            hint=closest(name, known),
        )  # fmt: skip
    count = counters.reset(args.key)
    print(f"{count} counters of {args.key} are forgotten")
    return 0


def _limits(args: argparse.Namespace) -> Limits:
    settings = settings_of(args)
    engine = load_engine(settings.profile, policies=settings.policies, state_dir=settings.state_dir)
    return engine.limits


def _counters(args: argparse.Namespace) -> Counters:
    settings = settings_of(args)
    if settings.limits_store == "memory" and not settings.redis:
        raise ConfigError(
            "EXC-CFG-001", "limits are counted in the memory of the proxy, where nobody sees them.",
            hint="Set limits-store: sqlite.",
        )  # fmt: skip
    return counters_of(settings)


def _amount(number: int, limit: Limit | None) -> str:
    if limit is not None and limit.count is What.COST:
        return f"${number / MICRO:.2f}"
    return str(number)
