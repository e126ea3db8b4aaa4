"""`excise audit review`: which findings wait for a verdict, and what somebody says of one."""

from __future__ import annotations

import argparse
import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from excise.audit.counted import open_counted
from excise.audit.reader import find_exchange
from excise.audit.record import render_time
from excise.audit.review import (
    FILE,
    Rate,
    Review,
    append_review,
    queue,
    rates,
    read_reviews,
    seen_of,
)
from excise.cli.options import settings_of
from excise.errors import ConfigError


def add_review(commands: Any) -> None:
    """The command and its options."""
    verb = commands.add_parser("review", help="findings that wait for a verdict, or give one")
    verb.add_argument("id", nargs="?", default="", help="the exchange that is judged")
    verb.add_argument("--rule", default="", help="only this rule; needed with ID")
    verb.add_argument("--verdict", choices=("true", "false"), help="whether the finding is right")
    verb.add_argument("--because", default="", metavar="TEXT", help="why; no values")
    verb.add_argument("--by", default="", metavar="NAME", help="who says so; default: the account")
    verb.add_argument("--each", type=int, default=5, help="how many of each band; default 5")
    verb.add_argument("--audit", type=Path, metavar="FILE", help="the trail")
    verb.add_argument("--state-dir", type=Path, metavar="DIR")
    verb.set_defaults(func=run_review)


def run_review(args: argparse.Namespace) -> int:
    """List the queue, or write one verdict."""
    settings = settings_of(args)
    path = settings.state_dir / FILE
    if args.id:
        return _judge(args, settings.audit, path)
    table = Table(title="waiting for a verdict", title_justify="left")
    for column in ("id", "rule", "entity", "score", "time"):
        table.add_column(column, overflow="fold")
    reviews = read_reviews(path)
    with open_counted(settings.audit) as counted:
        for each in queue(counted, reviews, args.rule, args.each):
            table.add_row(each.id, each.rule, each.entity, f"{each.score:.2f}", each.time)
    Console().print(table)
    for rate in rates(reviews):
        print(_said(rate))
    return 0


def _judge(args: argparse.Namespace, trail: Path, path: Path) -> int:
    if not args.rule or not args.verdict:
        raise ConfigError("EXC-CFG-001", "a verdict needs --rule and --verdict.")
    seen = seen_of(find_exchange(trail, args.id), args.rule)
    if seen is None:
        raise ConfigError(
            "EXC-CFG-001", "the trail knows no exchange of that id in which that rule fired."
        )
    now = render_time(datetime.now(UTC))
    by = args.by or getpass.getuser()
    verdict = args.verdict == "true"
    append_review(path, Review(args.id, args.rule, verdict, args.because, by, now, seen))
    (rate,) = rates(each for each in read_reviews(path) if each.rule == args.rule)
    print(_said(rate))
    return 0


def _said(rate: Rate) -> str:
    return (
        f"{rate.rule}: {rate.wrong} of {rate.judged} judged are false positives "
        f"({rate.false.share:.0%}, {rate.false.low:.0%} to {rate.false.high:.0%})"
    )
