"""Clients behind a balancer: the PROXY protocol, versions 1 and 2.

A balancer of the networks that the operator names begins each connection with a header that says
whose it is (haproxy.org/download/3.0/doc/proxy-protocol.txt); from everybody else none is taken.
The header is read before mitmproxy makes its first layer, so that hooks, audit and identity know
the client only; of what else a balancer tells, the name in the certificate that a client showed it
is kept. Relies on the internals that tests/edge/test_contract.py pins.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from mitmproxy import connection
from mitmproxy.addons import proxyserver
from mitmproxy.proxy import mode_servers

from excise.edge.settings import Network

log = logging.getLogger("excise.edge")

Peer = tuple[str, int]
SECONDS: Final = 5.0  # for the whole header; a balancer sends it at once
_MARK: Final = b"\r\n\r\n\x00\r\nQUIT\n"  # how version 2 begins; no header of version 1 is shorter
_LONGEST_LINE: Final = 107
_LONGEST_BLOCK: Final = 4096  # addresses and what else a balancer tells
_LOCAL, _PROXY = 0x20, 0x21  # version and command
# Family and transport, and the bytes of an address: TCP over IPv4 and IPv6.
_FAMILIES: Final = {0x11: 4, 0x21: 16}
_TLS, _COMMON_NAME = 0x20, 0x22  # types of what is told behind the addresses
_WITH_TLS, _WITH_CERTIFICATE = 0x01, 0x06  # of this connection, or of its session


class Told(NamedTuple):
    """Whose a connection is; `name` is of the certificate that was shown and verified, or ""."""

    peer: Peer
    name: str = ""


class Servers(proxyserver.Proxyserver):
    """mitmproxy's listening sockets, some of whose peers are balancers."""

    name = "proxyserver"  # by which mitmproxy asks for it

    def __init__(self, balancers: Sequence[Network] = ()) -> None:
        super().__init__()
        self.balancers = tuple(balancers)
        install()

    def name_of(self, client: connection.Client) -> str:
        """The common name in the certificate that a client showed its balancer; or ""."""
        handler = self.connections.get(client.id)
        shown = handler.transports.get(client) if handler is not None else None
        return shown.writer.name if shown and isinstance(shown.writer, Announced) else ""


class Announced:
    """A writer to a balancer that goes by the address of the client behind it."""

    def __init__(self, writer: asyncio.StreamWriter, told: Told) -> None:
        self._writer = writer
        self._peer, self.name = told

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """As the writer's own, save for who is at the other end."""
        return self._peer if name == "peername" else self._writer.get_extra_info(name, default)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)


def install() -> None:
    """Look for headers before mitmproxy takes a connection. Harmless when done twice."""
    mode_servers.ServerInstance.handle_stream = _handle_stream  # type: ignore[method-assign, assignment]


def parse_line(line: bytes) -> Told | None:
    """The client that a header of version 1 names, whole and with its line end; None where it is
    unknown. Raises `ValueError`."""
    if len(line) > _LONGEST_LINE or not line.endswith(b"\r\n"):
        raise ValueError("no line")
    words = line[:-2].decode("ascii").split(" ")
    if words[:2] == ["PROXY", "UNKNOWN"]:
        return None
    if len(words) != 6 or words[0] != "PROXY" or words[1] not in ("TCP4", "TCP6"):
        raise ValueError("no header of version 1")
    address = ipaddress.ip_address(words[2])
    if address.version != int(words[1][3]) or not words[4].isdecimal() or int(words[4]) > 65_535:
        raise ValueError("no address")
    return Told((str(address), int(words[4])))


def parse_block(command: int, family: int, block: bytes) -> Told | None:
    """The client that a header of version 2 names, or None. Raises `ValueError`."""
    if command == _LOCAL:  # the balancer speaks for itself, to see whether we are there
        return None
    if command != _PROXY:
        raise ValueError("no command")
    size = _FAMILIES.get(family)
    if size is None:
        return None
    if len(block) < 2 * size + 4:
        raise ValueError("no address")
    port = int.from_bytes(block[2 * size : 2 * size + 2])
    more = dict(_told(block[2 * size + 4 :]))
    return Told((str(ipaddress.ip_address(block[:size])), port), _name(more.get(_TLS, b"")))


def _name(tls: bytes) -> str:
    """The common name that the balancer's own CA vouched for (§2.2.6)."""
    if len(tls) < 5 or not tls[0] & _WITH_TLS or not tls[0] & _WITH_CERTIFICATE or any(tls[1:5]):
        return ""
    return dict(_told(tls[5:])).get(_COMMON_NAME, b"").decode("utf-8", "replace")


def _told(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Types and values (§2.2). Raises `ValueError`."""
    while data:
        length = int.from_bytes(data[1:3])
        if len(data) < 3 + length:
            raise ValueError("cut off")
        yield data[0], data[3 : 3 + length]
        data = data[3 + length :]


async def read_header(reader: asyncio.StreamReader) -> Told | None:
    """Take the header off the front of a connection. Raises `ValueError` where there is none, and
    `asyncio.IncompleteReadError` where the connection ends in it."""
    start = await reader.readexactly(len(_MARK))
    if start == _MARK:
        command, family, high, low = await reader.readexactly(4)
        length = high << 8 | low
        if length > _LONGEST_BLOCK:
            raise ValueError("too long")
        return parse_block(command, family, await reader.readexactly(length))
    if not start.startswith(b"PROXY "):
        raise ValueError("no header")
    while not start.endswith(b"\n") and len(start) < _LONGEST_LINE:
        start += await reader.readexactly(1)
    return parse_line(start)


_plainly = mode_servers.ServerInstance.handle_stream


async def _handle_stream(
    instance: Any, reader: Any, writer: asyncio.StreamWriter | None = None
) -> None:
    balancers = getattr(instance.manager, "balancers", ())
    if writer is None or not _is_among(writer.get_extra_info("peername"), balancers):
        await _plainly(instance, reader, writer)
        return
    try:
        async with asyncio.timeout(SECONDS):
            told = await read_header(reader)
    except (ValueError, OSError, EOFError):  # late and cut ones are among these
        log.warning("refused a connection: no header of the PROXY protocol")
        writer.close()
        return
    known: Any = writer if told is None else Announced(writer, told)
    await _plainly(instance, reader, known)


def _is_among(peer: Any, networks: Sequence[Network]) -> bool:
    if not networks or not peer:
        return False
    address = ipaddress.ip_address(str(peer[0]).partition("%")[0])
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in networks)
