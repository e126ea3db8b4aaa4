"""Where a host is really reached, and which port is listened on: both told to the event loop.

`--resolve` is as curl has it: the name stays what it is for SNI, for verification and for reusing a
connection; only the lookup is answered differently. Changing the address of a connection in a hook
would part it from its name, and mitmproxy then opens a new one for every request.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import Any, Final

from excise.edge.settings import Redirect

AT_ONCE: Final = 1  # connections that one turn of the loop takes from a shared socket
BACKLOG: Final = 1024


def open_listener(host: str, port: int) -> socket.socket:
    """A socket that several processes will accept from; without a host it takes both families,
    where there are both. Raises `OSError`."""
    both = not host and socket.has_dualstack_ipv6()
    listener = socket.create_server(
        (host, port),
        family=socket.AF_INET6 if both or ":" in host else socket.AF_INET,
        backlog=BACKLOG,
        dualstack_ipv6=both,
    )
    listener.setblocking(False)
    return listener


def find_redirect(redirects: Sequence[Redirect], host: str, port: int) -> Redirect | None:
    """The first entry for this host and port; one with a name goes before `*`."""
    host = host.lower().rstrip(".")
    fitting = [r for r in redirects if r.host in (host, "*") and r.port in (0, port)]
    return min(fitting, key=lambda r: (r.host == "*", r.port == 0), default=None)


class ResolvingLoop(asyncio.SelectorEventLoop):
    """An event loop whose lookups know of `--resolve`, and whose first server listens on a socket
    that was opened before, where there is one."""

    redirects: tuple[Redirect, ...] = ()
    listener: socket.socket | None = None

    async def create_server(
        self, protocol_factory: Any, host: Any = None, port: Any = None, **rest: Any
    ) -> asyncio.Server:
        """As the loop's own, unless a socket waits to be served."""
        waiting, self.listener = self.listener, None
        if waiting is None:
            return await super().create_server(protocol_factory, host, port, **rest)
        # Few at a time: whichever worker wakes first would else take a whole burst of clients.
        server = await super().create_server(protocol_factory, sock=waiting, backlog=AT_ONCE)
        waiting.listen(BACKLOG)
        return server

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
