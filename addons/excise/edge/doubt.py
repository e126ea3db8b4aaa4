"""What speaks against relaying a connection unread although no name of an LLM host is seen.

Names of LLM hosts that disagree with each other are always refused; here is what an operator may
decide about the rest: handshakes that show no name, that hide it (ECH), or that show another one
than was asked for.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Final, NamedTuple

from excise.edge.sniff import Look, Speech

# What a handshake with a hidden name shows instead: hosts that serve nothing else. Behind
# Cloudflare's stand many LLM hosts (developers.cloudflare.com/ssl/edge-certificates/ech).
FRONTS: Final = frozenset({"cloudflare-ech.com"})


class Doubts(NamedTuple):
    """The operator's choices, each a closed word.

    `unknown_sni`: TLS to a public address without a name: `refuse` or `tunnel`.
    `ech`: handshakes that carry an encrypted name: `fronts` refuses those that show a host which
    only stands in front of others, `refuse` all, `tunnel` none. Browsers send the extension also
    where they hide nothing, so `refuse` keeps most of them from everything that is not read.
    `sni_mismatch`: another name in the tunnel than the one that was asked for, neither an LLM
    host's: `refuse` or `tunnel`.
    `tunnel_to`: where a handed-over connection is relayed to: the `address` that the client chose,
    or the `name` that it shows, as the proxy resolves it.
    """

    unknown_sni: str = "refuse"
    ech: str = "fronts"
    sni_mismatch: str = "tunnel"
    tunnel_to: str = "address"


CAREFUL: Final = Doubts()


def is_address(host: str) -> bool:
    """Whether a host is an IP address instead of a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_public(host: str) -> bool:
    """Whether a host is an address of the open internet."""
    return is_address(host) and ipaddress.ip_address(host).is_global


def why_not(doubts: Doubts, seen: Look, names: Sequence[str], destination: str) -> str:
    """A closed word against relaying, "" where nothing speaks against it. `names` are those that
    the client shows, `destination` is where it wants to go; all in the catalogue's spelling."""
    if seen.ech and (
        doubts.ech == "refuse" or (doubts.ech == "fronts" and not FRONTS.isdisjoint(names))
    ):
        return "ech"
    if not names:
        unknown = seen.speech is Speech.TLS and is_public(destination)
        return "unknown-sni" if unknown and doubts.unknown_sni == "refuse" else ""
    if doubts.sni_mismatch == "refuse" and any(name != destination for name in names):
        return "" if is_address(destination) else "sni-mismatch"
    return ""
