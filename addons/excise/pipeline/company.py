"""A request → the detectors that its answer is read with, because they know the request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Self

from excise.codecs.dialects.mcp_jsonrpc import McpJsonrpc
from excise.detectors.answers import leak, links
from excise.detectors.answers.links import Links
from excise.detectors.base import Scanner
from excise.detectors.guests import Guest, host, reads
from excise.detectors.tools import guard as tool_guard
from excise.detectors.tools import pins as tool_pins
from excise.detectors.tools.guard import Terms, ToolGuard
from excise.detectors.tools.pins import Board, Pinned, Pins, Server
from excise.model import Exchange, Segment
from excise.pipeline.weigh import Found
from excise.policy.schema import Profile, Tools

GUESTS: Final = frozenset({leak.NAME, links.NAME, tool_guard.NAME, tool_pins.NAME})
"""Names of detectors that come with an exchange."""


class Company:
    """Makes them; remembers what comes again with every turn. Safe for several threads."""

    def __init__(self, pins: Pins | None = None) -> None:
        """`pins` are what is known of tools: by default of this process alone."""
        self._instructions = leak.Instructions()
        self._pins = pins or Pins()

    @classmethod
    def pinning(
        cls,
        board: Board,
        *,
        key: bytes,
        clock: Callable[[], float],
        mask: Callable[[str], str],
    ) -> Self:
        """With pins on a board, as `Pins` takes it."""
        return cls(Pins(board, key=key, clock=clock, mask=mask))

    def at_request(self, scanner: Scanner, exchange: Exchange, profile: Profile) -> Scanner:
        """The scanner for a request, with those that know what was asked before."""
        whose, host_name = exchange.principal.id, exchange.host
        server = Server(("offered", whose, host_name), f"{host_name} for {whose}")
        return host(scanner, [Pinned(self._pins, server, holds=profile.tools.holds)])

    def meet(
        self,
        scanner: Scanner,
        exchange: Exchange,
        dialect: str,
        segments: Sequence[Segment],
        found: Found,
        profile: Profile,
    ) -> tuple[Guest, ...]:
        """Those for the answer to a request that some rule of the scanner reads."""
        guests: list[Guest] = []
        if reads(scanner, leak.NAME):
            told = self._instructions.leak_of(segments)
            guests += [told] if told else []
        if reads(scanner, tool_guard.NAME):
            guests.append(ToolGuard(terms_of(segments, found, profile.tools)))
        if reads(scanner, links.NAME):
            hosts = profile.tools.hosts | tool_guard.hosts_in(segments)
            guests.append(Links(hosts, lambda: (each.text for each in segments)))
        if dialect == McpJsonrpc.name and reads(scanner, tool_pins.NAME):
            server = Server(("serves", exchange.host, exchange.path), exchange.host)
            holds, more = profile.tools.holds, goes_on(segments)
            guests.append(Pinned(self._pins, server, holds=holds, more=more))
        return tuple(guests)


def goes_on(segments: Sequence[Segment]) -> bool:
    """Whether a request asks an MCP server for the rest of a list."""
    return any(each.path[-2:] == ("params", "cursor") for each in segments)


def terms_of(segments: Sequence[Segment], found: Found, tools: Tools) -> Terms:
    """What the calls of an answer may do, by the profile and by the request."""
    return Terms(
        offered=tool_guard.offered_in(segments),
        hosts=tools.hosts | tool_guard.hosts_in(segments),
        paths=tools.paths,
        tainted=tool_guard.is_tainted(segments, found.findings),
    )
