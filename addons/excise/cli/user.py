"""`excise user`: who may use a proxy that was started with `--auth required`."""

from __future__ import annotations

import argparse
import getpass
import sys
from typing import Any

from excise.cli.indexes import add_kept
from excise.cli.options import settings_of
from excise.state.users import UserFile, hash_password


def add_parser(subparsers: Any) -> None:
    """`excise user add|list|remove`."""
    parser = subparsers.add_parser("user", help="who may use the proxy")
    commands = parser.add_subparsers(dest="user_command", metavar="COMMAND", required=True)
    add = add_kept(commands, "add", run_add, "add a user, or change group and password")
    add.add_argument("name", metavar="NAME", help="as the client tells it")
    add.add_argument("--group", default="", metavar="GROUP", help="what policies speak of")
    add.add_argument(
        "--no-password", action="store_true", help="the user's devices have tokens alone"
    )
    add_kept(commands, "list", run_list, "all users, and how many tokens they have")
    remove = add_kept(commands, "remove", run_remove, "forget a user and all tokens of theirs")
    remove.add_argument("name", metavar="NAME", help="as listed")


def run_add(args: argparse.Namespace) -> int:
    """Add; the password comes from the terminal, or as the first line of standard input."""
    secret = "" if args.no_password else hash_password(_read_password())
    UserFile(settings_of(args).state_dir).put_user(args.name, group=args.group, secret=secret)
    print(f"{args.name} may use the proxy{f', in the group {args.group}' if args.group else ''}")
    return 0


def run_list(args: argparse.Namespace) -> int:
    """One line a user: name, group, password or not, tokens."""
    accounts = UserFile(settings_of(args).state_dir).read()
    for user in sorted(accounts.users.values(), key=lambda each: each.name):
        tokens = sum(token.user == user.name for token in accounts.tokens.values())
        how = "password" if user.secret else "no password"
        print(f"{user.name}  group {user.group or '-'}  {how}  {tokens} tokens")
    return 0


def run_remove(args: argparse.Namespace) -> int:
    """Remove; status 1 where there was none."""
    removed = UserFile(settings_of(args).state_dir).remove_user(args.name)
    print(f"{args.name} is removed" if removed else f"there is no user {args.name}")
    return 0 if removed else 1


def _read_password() -> str:
    if sys.stdin.isatty():
        return getpass.getpass("Password: ")
    return sys.stdin.readline().rstrip("\r\n")
