"""The file that says who clients are by their network, and in which group somebody is."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from excise.errors import ConfigError, PolicyError
from excise.model import Principal
from excise.strict import Node, parse_yaml

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """A network whose clients need no credentials: one principal for all of it, or each address
    its own; in both cases with a group."""

    network: Network
    principal: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """Networks, the narrowest first; groups by user name, and by what users are members of, in the
    order in which they count."""

    networks: tuple[Mapped, ...] = ()
    groups: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, str] = field(default_factory=dict)

    def group_of(self, name: str, memberships: Iterable[str] = ()) -> str:
        """The group of a user who is a member of these, in a directory or by a certificate; ""
        where nothing says so."""
        named = self.groups.get(name)
        if named is not None:
            return named
        held = {each.lower() for each in memberships}
        return next((group for member, group in self.members.items() if member in held), "")

    def of_address(self, text: str) -> Principal | None:
        """Who a client at this address is, where its network is mapped."""
        address = parse_address(text) if self.networks else None
        if address is None:
            return None
        for each in self.networks:
            if address in each.network:
                name = f"network:{each.principal}" if each.principal else f"address:{text}"
                return Principal(id=name, source="network", group=each.group)
        return None


def parse_address(text: str) -> Address | None:
    """An address without zone, an IPv4 one also where it came mapped into IPv6; or None."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def load_clients(path: Path) -> Clients:
    """Read the file. Raises `ConfigError`: EXC-CFG-003 where it cannot be read, EXC-CFG-001 with
    file and line for what it says wrongly."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        why = fault.strerror if isinstance(fault, OSError) else "not UTF-8"
        raise ConfigError("EXC-CFG-003", f"cannot be read ({why}).", at=str(path)) from None
    try:
        return parse_clients(text, str(path))
    except PolicyError as fault:
        raise ConfigError("EXC-CFG-001", f"the file of clients is wrong: {fault}") from None


def parse_clients(text: str, origin: str) -> Clients:
    """What a YAML text says of clients. Raises `PolicyError` with file and line."""
    root = parse_yaml(text, origin)
    networks = [_mapped(node) for node in root.nodes("networks", ())]
    networks.sort(key=lambda each: each.network.prefixlen, reverse=True)
    groups = _listed(root.node("groups", None), str)
    members = _listed(root.node("members-of", None), str.lower)
    root.done()
    return Clients(networks=tuple(networks), groups=groups, members=members)


def _listed(node: Node | None, spelt: Callable[[str], str]) -> dict[str, str]:
    """Group by name, of a mapping from groups to names."""
    found: dict[str, str] = {}
    for group in node or ():
        assert node is not None
        for name in map(spelt, node.texts(group)):
            if name in found:
                raise PolicyError("EXC-POL-007", f'"{name}" is in two groups.', at=node.at(group))
            found[name] = group
    return found


def _mapped(node: Node) -> Mapped:
    text = node.text("network")
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        raise PolicyError(
            "EXC-POL-012", f'"{text}" is no network; wanted 10.0.0.0/8.', at=node.at("network")
        ) from None
    made = Mapped(
        network=network, principal=node.text("principal", ""), group=node.text("group", "")
    )
    node.done()
    return made
