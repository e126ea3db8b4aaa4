"""What `excise doctor` looks at on a transparent gateway."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from excise.cli import nft
from excise.cli.checks import Check, Status
from excise.cli.gateway import FORWARDING, look_up
from excise.config import Settings
from excise.errors import ConfigError
from excise.gateway import Address, Standing, read_rules

_ELSEWHERE: Final = {
    "IPv4": (socket.AF_INET, "192.0.2.1"),
    "IPv6": (socket.AF_INET6, "2001:db8::1"),
}
_SETS_THEM: Final = "excise gateway up"


def check_gateway(
    settings: Settings, look: Callable[[], Iterable[Address]] = look_up
) -> list[Check]:
    """Whether the rules hand traffic to this proxy, refuse QUIC, know where LLM hosts are now, and
    whether there is a way on; nothing in other modes. `look` finds the addresses of LLM hosts."""
    if settings.mode != "transparent":
        return []
    ways = [_check_forwarding(), _check_routes()]
    try:
        text = nft.listed()
    except ConfigError as fault:
        return [Check("gateway rules", Status.SKIP, str(fault), "sudo excise doctor"), *ways]
    if not text:
        found = "no rules stand, so nothing is handed to the proxy"
        return [Check("gateway rules", Status.FAIL, found, _SETS_THEM), *ways]
    standing = read_rules(text)
    return [
        _check_port(standing, settings.address[1]),
        _check_quic(standing),
        _check_hosts(standing, frozenset(look())),
        *ways,
    ]


def _check_port(standing: Standing, port: int) -> Check:
    what = "gateway rules"
    if standing.ports == {port}:
        return Check(what, Status.OK, f"TCP 443 is handed to port {port}")
    shown = ", ".join(map(str, sorted(standing.ports))) or "none"
    found = f"traffic is handed to port {shown}, the proxy listens on {port}"
    return Check(what, Status.FAIL, found, _SETS_THEM)


def _check_quic(standing: Standing) -> Check:
    if standing.refuses_quic:
        return Check("QUIC", Status.OK, "refused")
    if standing.addresses:
        return Check("QUIC", Status.OK, "refused to LLM hosts alone")
    found = "passes: no address of an LLM host is known"
    return Check("QUIC", Status.FAIL, found, "excise gateway up --quic all")


def _check_hosts(standing: Standing, now: frozenset[Address]) -> Check:
    what, fresh = "LLM hosts", len(now & standing.addresses)
    if not now:
        return Check(what, Status.SKIP, "none can be looked up here", "ask the clients' resolver")
    if fresh == len(now):
        return Check(what, Status.OK, f"all {fresh} addresses are known to the rules")
    found = f"{len(now) - fresh} of {len(now)} addresses are not known to the rules"
    return Check(what, Status.WARN, found, "excise gateway refresh; a timer: excise gateway units")


def _check_forwarding() -> Check:
    off = [name for name, file in FORWARDING.items() if not _is_on(file)]
    if not off:
        return Check("forwarding", Status.OK, "IPv4 and IPv6")
    mend = " ".join(["sysctl -w", *(f"{name}=1" for name in off)])
    return Check("forwarding", Status.WARN, f"{', '.join(off)} is 0", mend)


def _is_on(file: Path) -> bool:
    return not file.exists() or file.read_text("ascii").strip() != "0"


def _check_routes() -> Check:
    there = [name for name, (family, address) in _ELSEWHERE.items() if _leads(family, address)]
    if "IPv4" in there:
        return Check("routes", Status.OK, " and ".join(there))
    found = f"{there[0]} alone" if there else "no way out of this machine's networks"
    return Check("routes", Status.WARN, found, "ip route add default via ROUTER")


def _leads(family: int, address: str) -> bool:
    """Whether a way to an address begins here. Sends nothing."""
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((address, 443))
        except OSError:
            return False
    return True


CHECKS: Final = (check_gateway,)
