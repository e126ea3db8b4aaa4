"""Where a host is really reached: `--resolve` on the event loop, as curl has it.

The name stays what it is for SNI, for verification and for reusing a connection; only the lookup
is answered differently. Changing the address of a connection in a hook would part it from its
name, and mitmproxy then opens a new one for every request.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import Any

from excise.edge.settings import Redirect


def find_redirect(redirects: Sequence[Redirect], host: str, port: int) -> Redirect | None:
    """The first entry for this host and port; one with a name goes before `*`."""
    host = host.lower().rstrip(".")
    fitting = [r for r in redirects if r.host in (host, "*") and r.port in (0, port)]
    return min(fitting, key=lambda r: (r.host == "*", r.port == 0), default=None)


class ResolvingLoop(asyncio.SelectorEventLoop):
    """An event loop whose lookups know of `--resolve`."""

    redirects: tuple[Redirect, ...] = ()

    async def getaddrinfo(
        self,
        host: bytes | str | None,
        port: bytes | str | int | None,
        **rest: Any,
    ) -> list[Any]:
        """As the loop's own, unless an entry says otherwise."""
        name = host.decode("idna") if isinstance(host, bytes) else host or ""
        number = int(port or 0)
        there = find_redirect(self.redirects, name, number) if self.redirects else None
        if there is None:
            return await super().getaddrinfo(host, port, **rest)
        family = socket.AF_INET6 if ":" in there.address else socket.AF_INET
        address = (there.address, there.address_port)
        where = (*address, 0, 0) if family == socket.AF_INET6 else address
        return [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", where)]
