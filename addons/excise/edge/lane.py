"""A straight way for a streamed answer: its pieces go from upstream's TLS to the client's.

mitmproxy hands every piece through some ten layers and back, which costs more than to inspect it.
While an answer streams and no layer is busy with anything else, each of them only passes on what
it is given; so the lane, in front of the first one, does it at once. Whatever is not a row of
whole chunks, or leads to more than bytes for the client, goes through the layers as before, as do
all other events. HTTP/1 with chunks on both sides, upstream with TLS; every other answer has no
lane. Relies on the internals that tests/edge/test_contract.py pins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

from mitmproxy.connection import Connection
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.layers import ClientTLSLayer, ServerTLSLayer, modes
from mitmproxy.proxy.layers.http import HttpClient, HttpLayer
from mitmproxy.proxy.tunnel import TunnelState
from OpenSSL import SSL

from excise.edge.http1 import Http1Client, Http1Server, TrailerlessReader
from excise.edge.passage import End, GuardedStream

if TYPE_CHECKING:
    from excise.edge.layer import ExciseStream

Handle = Callable[[events.Event], Iterable[commands.Command]]

_CHUNK: Final = re.compile(rb"([0-9a-fA-F]{1,7})\r\n")
_RECORD: Final = 16_384  # bytes of text in one TLS record
_SEALING: Final = 1024  # room for what TLS adds to it
_PLAIN: Final = (
    modes.HttpProxy,
    modes.ReverseProxy,
    modes.TransparentProxy,
    ClientTLSLayer,
    ServerTLSLayer,
)


class _Way(NamedTuple):
    """The layers between upstream and client."""

    layers: tuple[layer.Layer, ...]  # all of them
    source: ServerTLSLayer
    reader: Http1Client
    writer: Http1Server
    wraps: tuple[ClientTLSLayer, ...]  # the innermost first


class Lane:
    """Stands in front of the first layer of a connection until the answer is over."""

    def __init__(self, stream: ExciseStream, guard: GuardedStream, way: _Way) -> None:
        self._stream = stream
        self._guard = guard
        self._way = way
        self._server: Connection = way.source.conn
        self._client: Connection = way.writer.conn
        self._root = way.layers[0]
        self._handle: Handle = self._root.handle_event
        self._receive = way.source.receive_data
        self._read = b""  # decrypted here, and not yet given to the layers

    def open(self) -> None:
        """From now on events come here first."""
        self._root.handle_event = self.handle_event  # type: ignore[method-assign, assignment]
        self._way.source.receive_data = self._received  # type: ignore[method-assign]

    def close(self) -> None:
        """Leave the layers to themselves."""
        del self._root.handle_event, self._way.source.receive_data

    def handle_event(self, event: events.Event) -> Iterable[commands.Command]:
        """As the first layer would."""
        if (
            type(event) is events.DataReceived
            and event.connection is self._server
            and self._is_clear()
        ):
            return self._pass(event.data)
        return self._around(event)

    def _around(self, event: events.Event) -> layer.CommandGenerator[None]:
        yield from self._handle(event)
        if not self._stream.streams:
            self.close()

    def _is_clear(self) -> bool:
        """Whether nothing is under way in any layer, and the next byte begins a chunk."""
        for each in self._way.layers:
            if each._paused is not None:
                return False
        reader = self._way.reader
        body: object = reader.body_reader
        return (
            self._stream.streams
            and type(body) is TrailerlessReader
            and body.is_between
            and not reader.buf
        )

    def _pass(self, data: bytes) -> Iterable[commands.Command]:
        plain, is_well = _decrypt(self._way.source.tls, data)
        pieces, end = _split(plain)
        rest = plain[end:] if end < len(plain) else b""
        out: list[commands.Command] = []
        if pieces:
            body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
            release = self._guard.feed(body)
            if release.wait is not None or release.end is not End.OPEN:
                self._stream.ahead = release
                rest = b"%x\r\n%s\r\n%s" % (len(body), body, rest)
            elif release.data:
                out.append(commands.SendData(self._client, self._sealed(release.data)))
        if is_well and not rest:
            return out
        self._read = rest
        return chain(out, self._around(events.DataReceived(self._server, b"")))

    def _received(self, data: bytes) -> layer.CommandGenerator[None]:
        """What upstream's TLS layer does with data, behind what was decrypted already."""
        plain, self._read = self._read, b""
        if plain:
            yield from self._way.source.event_to_child(events.DataReceived(self._server, plain))
        yield from self._receive(data)

    def _sealed(self, data: bytes) -> bytes:
        data = self._way.writer.framed(data)
        for wrap in self._way.wraps:
            data = _encrypt(wrap.tls, data)
        return data


def find_lane(stream: ExciseStream, guard: GuardedStream, http: HttpLayer) -> Lane | None:
    """The lane of an answer that begins to stream; None where it is not of the kind that has one.

    `http` is the layer around the stream.
    """
    way = _way(stream, http.connections)
    return None if way is None else Lane(stream, guard, way)


def _way(stream: ExciseStream, connections: dict[Connection, layer.Layer]) -> _Way | None:
    server, client = stream.flow.server_conn, stream.context.client
    writer = connections.get(client)
    beyond = _nested(connections.get(server))
    before = stream.context.layers
    if type(writer) is not Http1Server or not beyond or type(beyond[-1]) is not Http1Client:
        return None
    around = before[: before.index(stream)]
    if not all(map(_only_passes, around[:-1])):
        return None
    tls = [each for each in (*around, *beyond) if type(each) is ServerTLSLayer]
    sources = [each for each in tls if each.conn is server]
    wraps = [each for each in reversed(around) if type(each) is ClientTLSLayer]
    if len(sources) != 1 or not _are_open((*sources, *wraps)):
        return None
    layers = (*around, stream, writer, *beyond)
    return _Way(layers, sources[0], beyond[-1], writer, tuple(wraps))


def _only_passes(each: layer.Layer) -> bool:
    """Whether a layer in front of the HTTP layer passes on what is none of its own TLS."""
    # Of a CONNECT the HTTP layer stands there with its stream, until it becomes a pipe.
    return type(each) in _PLAIN or getattr(each, "is_pipe", False)


def _nested(first: layer.Layer | None) -> list[layer.Layer]:
    """The layers of an upstream connection, the outermost first; empty where one is unknown."""
    found = []
    while first is not None and type(first) is not Http1Client:
        if type(first) not in (ServerTLSLayer, HttpClient):
            return []
        found.append(first)
        first = first.child_layer  # type: ignore[attr-defined]
    return [*found, first] if first is not None else []


def _are_open(layers: Sequence[ServerTLSLayer | ClientTLSLayer]) -> bool:
    return all(each.tunnel_state is TunnelState.OPEN for each in layers)


def _split(plain: bytes) -> tuple[list[bytes], int]:
    """The whole chunks at the beginning, without the last one, and where they end."""
    pieces = []
    at = 0
    while (match := _CHUNK.match(plain, at)) is not None:
        begin = match.end()
        end = begin + int(match[1], 16)
        if end == begin or plain[end : end + 2] != b"\r\n":
            break
        pieces.append(plain[begin:end])
        at = end + 2
    return pieces, at


def _decrypt(tls: SSL.Connection, data: bytes) -> tuple[bytes, bool]:
    """All that can be read now, and whether nothing else is to be seen to."""
    if not data:
        return b"", False
    tls.bio_write(data)
    plain = []
    try:
        while True:
            plain.append(tls.recv(_RECORD))
    except SSL.WantReadError:
        # Where nothing came of it, it may be for TLS itself, which may have to answer.
        return plain[0] if len(plain) == 1 else b"".join(plain), bool(plain)
    except SSL.Error:
        return b"".join(plain), False


def _encrypt(tls: SSL.Connection, data: bytes) -> bytes:
    """What goes over the wire for it; b"" where the peer has ended."""
    with suppress(SSL.ZeroReturnError, SSL.SysCallError):
        tls.sendall(data)
    return tls.bio_read(len(data) + len(data) // 8 + _SEALING)
