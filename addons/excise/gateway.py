"""The rules of a transparent gateway, as nftables reads them.

One table of its own, `inet excise`, for IPv4 and IPv6:

    intercept, own   TCP 443 of forwarded and of local clients is handed to the proxy, which relays
                     unread whatever is for no LLM host; TCP 80 only on the way to an LLM host
    forwarded, local what goes to the address of an LLM host and was not handed over is refused, and
                     QUIC, so that clients fall back to TCP
    door             the proxy's port takes what was handed to it, and no direct connections

The proxy's own traffic is exempt by its user. Where the proxy is down, what was handed to it meets
a closed port: nothing passes.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from excise.catalogue import Catalogue

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

TABLE: Final = "inet excise"
QUIC: Final = ("all", "llm")
REMOVAL: Final = f"add table {TABLE}\ndelete table {TABLE}\n"
# Before the address translation of others, and what is not translated is filtered after it.
_TRANSLATE: Final = -110
_FILTER: Final = -1
_SETS: Final = {4: ("llm4", "ip", "ipv4_addr"), 6: ("llm6", "ip6", "ipv6_addr")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a gateway does.

    `port` is the proxy's, `user` the number of the user that it runs as, `addresses` those of LLM
    hosts. Clients come in through `interfaces`, any where none is named. `local` has this machine's
    own programs read, too; what they send to `addresses` is refused otherwise. Connections to the
    networks of `leave` stay as they are, save to `addresses`. `quic` says whose UDP 443 is refused:
    everybody's, or that of LLM hosts.
    """

    port: int
    user: int
    addresses: tuple[Address, ...] = ()
    interfaces: tuple[str, ...] = ()
    local: bool = True
    leave: tuple[Network, ...] = ()
    quic: str = "all"


def lookup_names(catalogue: Catalogue) -> tuple[str, ...]:
    """The hosts of the catalogue that can be looked up: no patterns, and no model servers on the
    client's machine."""
    patterns = {each for host in catalogue.hosts for each in host.patterns}
    return tuple(sorted(each for each in patterns if "*" not in each and ":" not in each))


def is_routed(address: Address) -> bool:
    """Whether rules may speak of an address: a resolver that blocks a name says `0.0.0.0`."""
    return not (
        address.is_loopback
        or address.is_unspecified
        or address.is_multicast
        or address.is_link_local
    )


def build_rules(plan: Plan) -> str:
    """The whole table, in place of the one that stands."""
    clients, exempt = _others(plan.interfaces), _exempt(plan.user)
    chains = [
        *(_set(version, plan.addresses) for version in _SETS),
        _chain("read", *_read(plan)),
        _chain("refuse", *_REFUSE),
        _chain("direct", *_direct(plan)),
        _hook("intercept", "nat", "prerouting", *clients, _TO_US, "jump read"),
        *([_hook("own", "nat", "output", exempt, _TO_US, "jump read")] if plan.local else []),
        _hook("forwarded", "filter", "forward", *clients, "jump direct"),
        _hook("local", "filter", "output", exempt, _TO_US, "jump direct"),
        _hook("door", "filter", "input", *_door(plan.port)),
    ]
    return f"{REMOVAL}table {TABLE} {{\n{''.join(chains)}}}\n"


def build_addition(addresses: Sequence[Address]) -> str:
    """More addresses of LLM hosts for the table that stands; "" for none."""
    lines = (
        f"add element {TABLE} {_SETS[version][0]} {{ {_listed(found)} }}\n"
        for version in _SETS
        if (found := [each for each in addresses if each.version == version])
    )
    return "".join(lines)


class Standing(NamedTuple):
    """What a table does that stands: where it hands traffic, and what it knows."""

    ports: frozenset[int]
    refuses_quic: bool  # everybody's; that of LLM hosts always
    addresses: frozenset[Address]


def read_rules(text: str) -> Standing:
    """Of a table as `nft` lists it."""
    listed = " ".join(_ELEMENTS.findall(text)).replace(",", " ").split()
    return Standing(
        frozenset(map(int, _HANDED.findall(text))),
        _NO_QUIC.search(text) is not None,
        frozenset(map(ipaddress.ip_address, listed)),
    )


_HANDED: Final = re.compile(r"redirect to :(\d+)")
_NO_QUIC: Final = re.compile(r"^\s*udp dport 443 .*reject", re.MULTILINE)
_ELEMENTS: Final = re.compile(r"elements = \{([^}]*)\}")
_TO_US: Final = "fib daddr type local return"
_REFUSE: Final = (
    "meta l4proto { icmp, icmpv6 } return",
    "meta l4proto tcp counter reject with tcp reset",
    "counter reject with icmpx port-unreachable",
)


def _read(plan: Plan) -> list[str]:
    handed = f"redirect to :{plan.port}"
    # Plain HTTP to an LLM host is read; to anybody else it is none of ours.
    known = [
        f"{ip} daddr @{name} tcp dport {{ 80, 443 }} {handed}" for name, ip, _ in _SETS.values()
    ]
    return [*known, *_left(plan.leave), f"tcp dport 443 {handed}"]


def _direct(plan: Plan) -> list[str]:
    refused = [f"{ip} daddr @{name} jump refuse" for name, ip, _ in _SETS.values()]
    quic = ["udp dport 443 counter reject with icmpx port-unreachable"]
    return [*refused, *_left(plan.leave), *(quic if plan.quic == "all" else [])]


def _left(networks: Sequence[Network]) -> list[str]:
    families = ((ip, [n for n in networks if n.version == v]) for v, (_, ip, _) in _SETS.items())
    return [f"{ip} daddr {{ {_listed(found)} }} return" for ip, found in families if found]


def _door(port: int) -> list[str]:
    return [
        'iifname "lo" return',
        f"tcp dport {port} ct status dnat return",
        f"tcp dport {port} counter reject with tcp reset",
    ]


def _others(interfaces: Sequence[str]) -> list[str]:
    named = ", ".join(f'"{each}"' for each in interfaces)
    return [f"iifname != {{ {named} }} return"] if interfaces else []


def _exempt(user: int) -> str:
    return f"meta skuid {user} return"


def _listed(things: Iterable[object]) -> str:
    return ", ".join(dict.fromkeys(map(str, things)))


def _set(version: int, addresses: Sequence[Address]) -> str:
    name, _, kind = _SETS[version]
    found = sorted({each for each in addresses if each.version == version}, key=int)
    elements = f"    elements = {{ {_listed(found)} }}\n" if found else ""
    return f"  set {name} {{\n    type {kind}\n{elements}  }}\n"


def _chain(name: str, *rules: str) -> str:
    return f"  chain {name} {{\n" + "".join(f"    {rule}\n" for rule in rules) + "  }\n"


def _hook(name: str, kind: str, hook: str, *rules: str) -> str:
    priority = _TRANSLATE if kind == "nat" else _FILTER
    return _chain(name, f"type {kind} hook {hook} priority {priority}; policy accept;", *rules)
