"""Laws of what reads the wire by mitmproxy's side: HTTP/1 heads and bodies, frames of a socket."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import h11
from edge.test_socket import Guard
from fuzz.laws import Law, _cut, _pick
from h11._receivebuffer import ReceiveBuffer
from mitmproxy import http, options
from mitmproxy.connection import ConnectionState
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import RequestData, RequestEndOfMessage, RequestHeaders
from mitmproxy.proxy.layers.http._base import ReceiveHttp
from mitmproxy.test import tflow
from wsproto.connection import ConnectionType
from wsproto.events import BytesMessage, Message

from excise.edge.http1 import Http1Server, TrailerlessReader, install
from excise.edge.layer import WaitHook
from excise.edge.socketlayer import Side, SocketLayer

_OPTIONS: Final = options.Options()
_SLOWEST: Final = 10.0  # seconds in which a fake answers


install()


def _context() -> Context:
    context = Context(tflow.tclient_conn(), _OPTIONS)
    context.client.state = context.server.state = ConnectionState.OPEN
    return context


def chunked(data: bytes) -> None:
    """A chunked body ends alike however it is cut, and never with trailers."""
    first, body = _pick(data, range(256))
    whole = _chunks([body])
    assert _chunks(_cut(body, (first, first + 1))) == whole
    assert _chunks([body[at : at + 1] for at in range(len(body))]) == whole


def _chunks(pieces: list[bytes]) -> tuple[bytes, str]:
    buffer, reader, out = ReceiveBuffer(), TrailerlessReader(), b""
    for piece in pieces:
        buffer += piece
        try:
            while (event := reader(buffer)) is not None:
                if isinstance(event, h11.EndOfMessage):
                    assert not list(event.headers)
                    return out, "end"
                out += bytes(event.data)
        except h11.ProtocolError:
            return out, "error"
    return out, ""


def http1(data: bytes) -> None:
    """However the bytes are cut the whole requests are the same, and no bytes make the reader fail
    otherwise than by closing the connection."""
    first, body = _pick(data, range(256))
    whole = _http1([body])
    cut = _http1(_cut(body, (first, 3 * first)))
    assert cut == whole
    assert len(b"".join(whole)) <= 2 * len(body)


def _http1(pieces: list[bytes]) -> list[bytes]:
    """The whole requests that the server's side of a connection read: no other one is sent on."""
    side = Http1Server(_context())
    given: list[commands.Command] = list(side.handle_event(events.Start()))
    for piece in filter(None, pieces):
        if side.state == side.done:
            break
        given += side.handle_event(events.DataReceived(side.conn, piece))
    told: list[bytes] = []
    read: list[bytes] = []
    for event in (each.event for each in given if isinstance(each, ReceiveHttp)):
        if isinstance(event, RequestHeaders):
            read = [event.request.data.method, event.request.data.path]
        elif isinstance(event, RequestData):
            read.append(bytes(event.data))
        elif isinstance(event, RequestEndOfMessage):
            told += (*read[:2], b"".join(read[2:]))
    return told


def socket_frames(data: bytes) -> None:
    """Frames of a socket, deflated or not: however they are cut the same goes on; a message is
    never larger than the ceiling; nothing but a close answers what is no frame."""
    kind, body = _pick(
        data, ("", "permessage-deflate", "permessage-deflate; server_max_window_bits=9")
    )
    first, body = _pick(body, range(256))
    by_client = bool(first & 1)
    whole = _relayed(kind, by_client, [body])
    assert _relayed(kind, by_client, _cut(body, (first, 3 * first))) == whole


class _Wire:
    """The layer over its own context; what it writes is kept."""

    def __init__(self, extensions: str) -> None:
        flow = tflow.tflow()
        headers = {"sec-websocket-extensions": extensions} if extensions else {}
        flow.response = http.Response.make(101, b"", headers)
        self.guard = Guard()
        self.context = _context()
        self.layer = SocketLayer(self.context, flow, self.guard.socket)
        self.out = {self.context.client: b"", self.context.server: b""}
        self.closed = False
        self.feed(events.Start())

    def feed(self, event: events.Event) -> None:
        for command in self.layer._handle_event(event):
            if isinstance(command, WaitHook):
                asyncio.run(_finished(command.work))
            elif isinstance(command, commands.SendData):
                self.out[command.connection] += command.data
            elif isinstance(command, commands.CloseConnection):
                self.closed = True


async def _finished(work: Any) -> None:
    """What waits for nothing but the fakes, and for threads that ask them."""
    await asyncio.wait_for(work, _SLOWEST)


def _relayed(extensions: str, by_client: bool, pieces: list[bytes]) -> tuple[Any, ...]:
    """What came out on the other side, as messages; whether it was closed."""
    wire = _Wire(extensions)
    source, other = wire.context.client, wire.context.server
    kind = ConnectionType.SERVER
    if not by_client:
        source, other, kind = other, source, ConnectionType.CLIENT
    for piece in filter(None, pieces):
        wire.feed(events.DataReceived(source, piece))
    assert not [name for _, name in wire.guard.noted], wire.guard.noted
    # The peer of the side that was written to reads as that side's opposite.
    side = Side(kind, other, extensions, 1 << 20)
    side.receive_data(wire.out[other])
    told: list[Any] = []
    for each in side.events():
        assert not isinstance(each, Message) or len(each.data) <= wire.guard.socket.limit * 2
        told.append((type(each).__name__, _payload(each)))
    return told, wire.closed


def _payload(event: Any) -> Any:
    if isinstance(event, BytesMessage):
        return bytes(event.data)
    # With which code it is closed may depend on what of the bytes was seen first.
    return getattr(event, "data", None) or getattr(event, "payload", None)


WIRE_LAWS: Final[dict[str, Law]] = {
    "chunked": chunked,
    "http1": http1,
    "frames": socket_frames,
}
