"""A request → the detectors that its answer is read with, because they know the request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from excise.detectors import leak, links, tool_guard, tool_pins
from excise.detectors.base import Scanner
from excise.detectors.guests import Guest, host, reads
from excise.detectors.links import Links
from excise.detectors.tool_guard import Terms, ToolGuard
from excise.detectors.tool_pins import Pinned, Pins
from excise.model import Exchange, Segment
from excise.pipeline.weigh import Found
from excise.policy.schema import Profile, Tools

GUESTS: Final = frozenset({leak.NAME, links.NAME, tool_guard.NAME, tool_pins.NAME})
"""Names of detectors that come with an exchange."""


class Company:
    """Makes them; remembers what comes again with every turn. Safe for several threads."""

    def __init__(self) -> None:
        self._instructions = leak.Instructions()
        self._pins = Pins()

    def at_request(self, scanner: Scanner, exchange: Exchange) -> Scanner:
        """The scanner for a request, with those that know what was asked before."""
        return host(scanner, [Pinned(self._pins, f"{exchange.principal.id}\0{exchange.host}")])

    def meet(
        self, scanner: Scanner, segments: Sequence[Segment], found: Found, profile: Profile
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
        return tuple(guests)


def terms_of(segments: Sequence[Segment], found: Found, tools: Tools) -> Terms:
    """What the calls of an answer may do, by the profile and by the request."""
    return Terms(
        offered=tool_guard.offered_in(segments),
        hosts=tools.hosts | tool_guard.hosts_in(segments),
        paths=tools.paths,
        tainted=tool_guard.is_tainted(segments, found.findings),
    )
