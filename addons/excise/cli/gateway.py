"""`excise gateway`: the rules that hand a network's traffic to the proxy, and take them away."""

from __future__ import annotations

import argparse
import ipaddress
import pwd
import re
import socket
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from excise.catalogue import load_catalogue
from excise.cli import nft
from excise.cli.gateway_units import RULES, TIMER, build_units
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
_SYSTEMD: Final = Path("/etc/systemd/system")
_AT_ONCE: Final = 32  # lookups
_INTERFACE: Final = re.compile(r"[A-Za-z0-9_.:@-]{1,15}")
_NAME: Final = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
FORWARDING: Final = {
    "net.ipv4.ip_forward": Path("/proc/sys/net/ipv4/ip_forward"),
    "net.ipv6.conf.all.forwarding": Path("/proc/sys/net/ipv6/conf/all/forwarding"),
}


def add_parser(subparsers: Any) -> None:
    """`excise gateway show|up|units|refresh|down`."""
    parser = subparsers.add_parser("gateway", help="hand a network's traffic to the proxy")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    show = verbs.add_parser("show", help="print the rules, and change nothing")
    up = verbs.add_parser("up", help="set the rules, in place of those that stand")
    units = verbs.add_parser("units", help="write what has systemd set the rules and refresh them")
    for each in (show, up, units):
        _add_plan(each)
    units.add_argument("--to", metavar="DIR", type=Path, default=_SYSTEMD,
        help=f"where its files are ({_SYSTEMD})")  # fmt: skip
    refresh = verbs.add_parser("refresh", help="look LLM hosts up again and add their addresses")
    _add_names(refresh)
    down = verbs.add_parser("down", help="remove the rules, all of them")
    show.set_defaults(func=_show)
    up.set_defaults(func=_up)
    units.set_defaults(func=_units)
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
    print(build_rules(_plan(args, look_up(args.host))), end="")
    return 0


def _up(args: argparse.Namespace) -> int:
    plan = _plan(args, look_up(args.host))
    nft.apply(build_rules(plan))
    for name, file in FORWARDING.items():
        if file.exists() and file.read_text("ascii").strip() == "0":
            _say(f"{name} is 0: other machines' traffic does not pass this one yet.")
    print(f"table {TABLE} is set; excise gateway down removes it")
    return 0


def _units(args: argparse.Namespace) -> int:
    _plan(args, ())  # whether it can be done
    lists = (("--interface", args.interface), ("--leave", args.leave))
    names = _repeated("--host", args.host)
    words = [
        *("--listen", settings_of(args).listen, "--user", args.user, "--quic", args.quic),
        *(word for option, given in lists for word in _repeated(option, given)),
        *(["--no-local"] if args.no_local else []),
        *names,
    ]
    for name, text in build_units([sys.executable, "-m", "excise"], words, names).items():
        try:
            (args.to / name).write_text(text, "utf-8")
        except OSError as fault:
            raise ConfigError(
                "EXC-CFG-003", f"cannot be written ({fault.strerror}).", at=str(args.to / name)
            ) from None
        print(args.to / name)
    print(f"then: systemctl daemon-reload && systemctl enable --now {RULES} {TIMER}")
    return 0


def _repeated(option: str, given: Sequence[str]) -> list[str]:
    return [word for each in given for word in (option, each)]


def _refresh(args: argparse.Namespace) -> int:
    if not nft.listed():
        raise ConfigError("EXC-CFG-007", "no rules are set.", hint="Set them: excise gateway up.")
    addresses = look_up(args.host)
    nft.apply(build_addition(addresses))
    print(f"{len(addresses)} addresses of LLM hosts")
    return 0


def _down(_: argparse.Namespace) -> int:
    stood = bool(nft.listed())
    nft.apply(REMOVAL)
    print(f"table {TABLE} is removed" if stood else "no rules were set")
    return 0


# -- what is wished for ---------------------------------------------------------------------------


def _plan(args: argparse.Namespace, addresses: tuple[Address, ...]) -> Plan:
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
        addresses=addresses,
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


def look_up(more: Sequence[str] = ()) -> tuple[Address, ...]:
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


def _say(text: str) -> None:
    print(text, file=sys.stderr)
