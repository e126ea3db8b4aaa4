"""`excise gateway`: the rules that hand a network's traffic to the proxy, and take them away."""

from __future__ import annotations

import argparse
import ipaddress
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from excise.catalogue import load_catalogue
from excise.cli.options import add_places, settings_of
from excise.errors import ConfigError
from excise.gateway import (
    QUIC,
    REMOVAL,
    TABLE,
    Address,
    Network,
    Plan,
    build_addition,
    build_rules,
    is_routed,
    lookup_names,
)
from excise.resources import policies_dir

_USER: Final = "excise"
_AT_ONCE: Final = 32  # lookups
_INTERFACE: Final = re.compile(r"[A-Za-z0-9_.:@-]{1,15}")
_NAME: Final = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_FORWARDING: Final = {
    "net.ipv4.ip_forward": Path("/proc/sys/net/ipv4/ip_forward"),
    "net.ipv6.conf.all.forwarding": Path("/proc/sys/net/ipv6/conf/all/forwarding"),
}


def add_parser(subparsers: Any) -> None:
    """`excise gateway show|up|refresh|down`."""
    parser = subparsers.add_parser("gateway", help="hand a network's traffic to the proxy")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    show = verbs.add_parser("show", help="print the rules, and change nothing")
    up = verbs.add_parser("up", help="set the rules, in place of those that stand")
    for each in (show, up):
        _add_plan(each)
    refresh = verbs.add_parser("refresh", help="look LLM hosts up again and add their addresses")
    _add_names(refresh)
    down = verbs.add_parser("down", help="remove the rules, all of them")
    show.set_defaults(func=_show)
    up.set_defaults(func=_up)
    refresh.set_defaults(func=_refresh)
    down.set_defaults(func=_down)


def _add_names(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", metavar="NAME", action="append", default=[],
        help="an LLM host that the catalogue has as a pattern; repeatable")  # fmt: skip


def _add_plan(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add_places(parser)
    add("--user", metavar="NAME|UID", default=_USER, help=f"whom the proxy runs as ({_USER})")
    add("--interface", metavar="NAME", action="append", default=[],
        help="where clients come in; repeatable; default: any")  # fmt: skip
    add("--no-local", action="store_true",
        help="refuse this machine's own connections to LLM hosts, unread")  # fmt: skip
    add("--leave", metavar="CIDR", action="append", default=[],
        help="networks whose hosts are reached as before; repeatable")  # fmt: skip
    add("--quic", choices=QUIC, default=QUIC[0],
        help="whose UDP 443 is refused: everybody's (all, the default), or that of LLM hosts (llm)",
    )  # fmt: skip
    _add_names(parser)


def _show(args: argparse.Namespace) -> int:
    print(build_rules(_plan(args)), end="")
    return 0


def _up(args: argparse.Namespace) -> int:
    plan = _plan(args)
    _nft(build_rules(plan))
    for name, file in _FORWARDING.items():
        if file.exists() and file.read_text("ascii").strip() == "0":
            _say(f"{name} is 0: other machines' traffic does not pass this one yet.")
    print(f"table {TABLE} is set; excise gateway down removes it")
    return 0


def _refresh(args: argparse.Namespace) -> int:
    if not _stands():
        raise ConfigError("EXC-CFG-007", "no rules are set.", hint="Set them: excise gateway up.")
    addresses = _look_up(args.host)
    _nft(build_addition(addresses))
    print(f"{len(addresses)} addresses of LLM hosts")
    return 0


def _down(_: argparse.Namespace) -> int:
    stood = _stands()
    _nft(REMOVAL)
    print(f"table {TABLE} is removed" if stood else "no rules were set")
    return 0


# -- what is wished for ---------------------------------------------------------------------------


def _plan(args: argparse.Namespace) -> Plan:
    _, port = settings_of(args).address
    if not port:
        raise ConfigError("EXC-CFG-001", "--listen needs the port that the proxy has.")
    for name in args.interface:
        if not _INTERFACE.fullmatch(name):
            raise ConfigError("EXC-CFG-001", f'--interface "{name}" is no name of an interface.')
    return Plan(
        port=port,
        user=_user(args.user),
        interfaces=tuple(args.interface),
        local=not args.no_local,
        leave=tuple(_network(text) for text in args.leave),
        quic=args.quic,
        addresses=_look_up(args.host),
    )


def _user(text: str) -> int:
    try:
        number = int(text) if text.isdecimal() else pwd.getpwnam(text).pw_uid
    except KeyError:
        raise ConfigError(
            "EXC-CFG-001",
            f'--user "{text}" is nobody here.',
            hint=f"Make a user for the proxy: useradd --system {_USER}.",
        ) from None
    if number == 0:
        raise ConfigError(
            "EXC-CFG-005",
            "--user root would exempt every program of root's.",
            hint="Run the proxy as a user of its own; it needs no rights.",
        )
    return number


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ConfigError(
            "EXC-CFG-001", f'--leave "{text}" is no network; wanted 10.0.0.0/8.'
        ) from None


def _look_up(more: Sequence[str]) -> tuple[Address, ...]:
    """The addresses of every LLM host that has a name of its own, and of those named beside."""
    for name in more:
        if not _NAME.fullmatch(name):
            raise ConfigError("EXC-CFG-001", f'--host "{name}" is no name of a host.')
    catalogue = load_catalogue((policies_dir() / "hosts.yaml").read_text("utf-8"), "hosts.yaml")
    names = list(dict.fromkeys([*lookup_names(catalogue), *more]))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(addresses_of, names))
    missing = [name for name, addresses in zip(names, found, strict=True) if not addresses]
    if missing:
        shown = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
        _say(f"{len(missing)} of {len(names)} LLM hosts have no address here: {shown}")
    return tuple(sorted({each for one in found for each in one}, key=lambda a: (a.version, int(a))))


def addresses_of(name: str) -> list[Address]:
    """Where a name is, as this machine's resolver says; nothing where it says nothing."""
    try:
        told = socket.getaddrinfo(name, 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    addresses: Iterable[Address] = (
        ipaddress.ip_address(str(where[0]).partition("%")[0]) for *_, where in told
    )
    return [each for each in addresses if is_routed(each)]


# -- nftables -------------------------------------------------------------------------------------


def _stands() -> bool:
    done = subprocess.run(
        [_program(), "list", "tables"], capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode:
        raise _refused(done.stderr)
    return f"table {TABLE}" in done.stdout.splitlines()


def _nft(rules: str) -> None:
    """All of these rules, or none of them."""
    done = subprocess.run(
        [_program(), "-f", "-"],
        input=rules, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    if done.returncode:
        raise _refused(done.stderr)


def _refused(said: str) -> ConfigError:
    why = next((line.strip() for line in said.splitlines() if line.strip()), "no reason given")
    return ConfigError(
        "EXC-CFG-007",
        f"nft did not take the rules: {why.removesuffix('.')}.",
        hint="" if os.geteuid() == 0 else "Only root may set them: sudo excise gateway.",
    )


def _program() -> str:
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    found = shutil.which("nft", path=path)
    if found is None:
        raise ConfigError("EXC-CFG-004", "nft is not here.", hint="Install nftables.")
    return found


def _say(text: str) -> None:
    print(text, file=sys.stderr)
