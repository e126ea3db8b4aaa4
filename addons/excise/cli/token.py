"""`excise token`: tokens by which the devices of users are known to the proxy."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from excise.cli.indexes import add_kept
from excise.cli.options import settings_of
from excise.errors import StateError
from excise.state.users import UserFile


def add_parser(subparsers: Any) -> None:
    """`excise token new|list|revoke`."""
    parser = subparsers.add_parser("token", help="tokens of users' devices")
    commands = parser.add_subparsers(dest="token_command", metavar="COMMAND", required=True)
    new = add_kept(commands, "new", run_new, "make a token; it is shown once")
    new.add_argument("user", metavar="USER", help="whose device it is")
    new.add_argument("--device", default="device", metavar="NAME", help="what the audit calls it")
    new.add_argument(
        "--days", type=int, default=0, metavar="N", help="how long it holds; 0: always"
    )
    add_kept(commands, "list", run_list, "all tokens, without their secrets")
    revoke = add_kept(commands, "revoke", run_revoke, "forget a token at once")
    revoke.add_argument("id", metavar="ID", help="as listed")


def run_new(args: argparse.Namespace) -> int:
    """Print the token alone on standard output, its id beside it."""
    if not 0 <= args.days <= 36_525:
        raise StateError("EXC-STA-005", "--days must be from 0 to 36525.")
    now = datetime.now(UTC)
    token, secret = UserFile(settings_of(args).state_dir).new_token(
        args.user,
        args.device,
        now=now,
        until=now + timedelta(days=args.days) if args.days else None,
    )
    print(secret)
    print(f"token {token.id} of {token.user}; it is not shown again", file=sys.stderr)
    return 0


def run_list(args: argparse.Namespace) -> int:
    """One line a token: id, user, device, since when, until when."""
    accounts = UserFile(settings_of(args).state_dir).read()
    for token in sorted(accounts.tokens.values(), key=lambda each: (each.user, each.made)):
        until = f"until {token.until:%Y-%m-%d}" if token.until else "no end"
        print(f"{token.id}  {token.user}  {token.device}  since {token.made:%Y-%m-%d}  {until}")
    return 0


def run_revoke(args: argparse.Namespace) -> int:
    """Revoke; status 1 where there was none."""
    revoked = UserFile(settings_of(args).state_dir).revoke_token(args.id)
    print(f"token {args.id} is revoked" if revoked else f"there is no token {args.id}")
    return 0 if revoked else 1
