"""`excise reload`: have running proxies load their policy anew."""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from excise.audit.fields import Stage
from excise.audit.reader import find_last
from excise.audit.record import render_time
from excise.audit.select import Wanted
from excise.cli.indexes import add_state_dir
from excise.cli.options import settings_of
from excise.state.reload import ask_to_reload

_EVENTS: Final = ("policy-loaded", "policy-rejected")
_POLL: Final = 0.3  # seconds
_MOST: Final = 256  # answers: of each worker one


def add_parser(subparsers: Any) -> None:
    """`excise reload`."""
    parser = subparsers.add_parser("reload", help="have running proxies load their policy anew")
    parser.add_argument("--audit", type=Path, metavar="FILE", help="the trail that tells of it")
    parser.add_argument(
        "--wait", type=float, default=10.0, metavar="S", help="for the answer; 0 does not wait"
    )
    add_state_dir(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Ask, and tell what the trail says came of it: 0 loaded, 1 rejected or no answer."""
    settings = settings_of(args)
    began = render_time(datetime.now(UTC))
    ask_to_reload(settings.state_dir)
    until = time.monotonic() + args.wait
    while not (fresh := _answers(settings.audit, began)) and time.monotonic() < until:
        time.sleep(_POLL)
    for notice in fresh:
        print(f"{notice['event']} {notice.get('subject', '')}".rstrip())
    if not fresh and args.wait:
        print("no proxy has answered in the trail; does one run with this state folder?")
    rejected = any(notice["event"] == _EVENTS[1] for notice in fresh)
    return 1 if rejected or (not fresh and args.wait) else 0


def _answers(trail: Path, since: str) -> list[dict[str, Any]]:
    """What the trail tells of policies that were loaded, or not."""
    if not trail.exists():
        return []
    told = find_last(trail, _MOST, Wanted(stage=Stage.NOTICE, since=since))
    return [record["notice"] for record in told if record["notice"]["event"] in _EVENTS]
