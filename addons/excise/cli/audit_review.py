"""`excise audit review`: which findings wait for a verdict, and what somebody says of one."""

from __future__ import annotations

import argparse
import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from excise.audit.review import FILE, Review, append_review, precision, queue, read_reviews, wilson
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
        if not args.rule or not args.verdict:
            raise ConfigError("EXC-CFG-001", "a verdict needs --rule and --verdict.")
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        by = args.by or getpass.getuser()
        review = Review(args.id, args.rule, args.verdict == "true", args.because, by, now)
        append_review(path, review)
        right, judged = precision(read_reviews(path), args.rule)
        rate = wilson(right, judged)
        print(f"{args.rule}: {right} of {judged} judged are right "
              f"({rate.share:.0%}, {rate.low:.0%} to {rate.high:.0%})")  # fmt: skip
        return 0
    if settings.audit is None:
        raise ConfigError("EXC-CFG-003", "there is no trail to review.")
    table = Table(title="waiting for a verdict", title_justify="left")
    for column in ("id", "rule", "entity", "score", "time"):
        table.add_column(column, overflow="fold")
    for each in queue(settings.audit, read_reviews(path), args.rule, args.each):
        table.add_row(each.id, each.rule, each.entity, f"{each.score:.2f}", each.time)
    Console().print(table)
    return 0
