"""The WebSocket layer: whole messages go through the firewall, closes keep their codes.

mitmproxy's own layer forwards a message whose hook raised, keeps all of them, cannot close a socket
from a hook, cuts an edited text inside a character (`Fragmentizer`), and tells the client that a
connection which broke was closed properly. None of it sets a limit to what a message may inflate
to. Relies on wsproto's frames and on the internals that tests/edge/test_contract.py pins.
"""

from __future__ import annotations

import zlib
from typing import Any, Final

from mitmproxy import connection, http
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Message, Ping, Pong, TextMessage
from wsproto.extensions import Extension, PerMessageDeflate
from wsproto.frame_protocol import CloseReason

from excise.edge.layer import WaitHook
from excise.edge.socket import FAULT, GOING_AWAY, GuardedSocket, Turn
from excise.model import SocketMessage

Commands = layer.CommandGenerator[None]
DEFLATE: Final = "permessage-deflate"


def kept_offers(header: str) -> str:
    """What of a client's `Sec-WebSocket-Extensions` goes on: only what we can undo."""
    offers = (each.strip() for each in header.split(","))
    return ", ".join(each for each in offers if each.partition(";")[0].strip() == DEFLATE)


def offer_socket(headers: http.Headers) -> None:
    """Have a request ask for a WebSocket and nothing else, with no extension that we cannot
    undo."""
    headers["upgrade"] = "websocket"
    if "sec-websocket-extensions" in headers:
        offers = kept_offers(headers["sec-websocket-extensions"])
        if offers:
            headers["sec-websocket-extensions"] = offers
        else:
            del headers["sec-websocket-extensions"]


class BoundedDeflate(PerMessageDeflate):
    """permessage-deflate (RFC 7692) that inflates a message to at most `limit` bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = self._room = limit

    def frame_inbound_payload_data(self, proto: Any, data: bytes) -> bytes | CloseReason:
        """The next bytes of a frame, inflated; `MESSAGE_TOO_BIG` beyond the limit."""
        if not self._inbound_compressed or not self._inbound_is_compressible:
            return data
        inflator = self._decompressor
        assert inflator is not None
        try:
            out = inflator.decompress(bytes(data), self._room + 1)
        except zlib.error:
            return CloseReason.INVALID_FRAME_PAYLOAD_DATA
        self._room -= len(out)
        if self._room < 0 or inflator.unconsumed_tail:
            return CloseReason.MESSAGE_TOO_BIG
        return out

    def frame_inbound_complete(self, proto: Any, fin: bool) -> bytes | CloseReason | None:
        """The end of a frame, and with `fin` of its message."""
        if fin and self._inbound_is_compressible:
            self._room = self._limit
        return super().frame_inbound_complete(proto, fin)


class Side(Connection):
    """One end of the socket, with the message that is coming in."""

    def __init__(
        self, kind: ConnectionType, conn: connection.Connection, header: str, limit: int
    ) -> None:
        extensions: list[Extension] = []
        for each in filter(None, header.split(",")):
            if each.partition(";")[0].strip() != DEFLATE:
                raise ValueError("an extension was agreed on that cannot be read")
            deflate = BoundedDeflate(limit)
            deflate.finalize(each)
            extensions.append(deflate)
        super().__init__(kind, extensions)
        self.conn = conn
        self.pieces: list[bytes] = []
        self.size = 0

    def take(self) -> bytes:
        """The message that is whole now."""
        whole, self.pieces, self.size = b"".join(self.pieces), [], 0
        return whole


class Stop(events.MessageInjected[None]):
    """Asks the socket of a flow to close, since the proxy stops."""


class SocketLayer(layer.Layer):
    """Relays a socket message by message. How a message was cut into frames is not kept."""

    def __init__(self, context: Context, flow: http.HTTPFlow, guard: GuardedSocket) -> None:
        super().__init__(context)
        self._flow = flow
        self._guard = guard
        self._over = False
        # Closes can be written before it is known what the sides agreed on.
        self._client = Side(ConnectionType.SERVER, context.client, "", guard.limit)
        self._server = Side(ConnectionType.CLIENT, context.server, "", guard.limit)

    def _handle_event(self, event: events.Event) -> Commands:
        if self._over:
            return
        try:
            if isinstance(event, events.Start):
                self._open()
            elif isinstance(event, Stop):
                yield from self._shut(self._guard.stop())
            elif isinstance(event, events.ConnectionEvent):
                yield from self._relay(event)
        except Exception as fault:
            yield from self._shut(self._guard.fault(fault))

    def _open(self) -> None:
        assert self._flow.response is not None
        header = self._flow.response.headers.get("sec-websocket-extensions", "")
        limit, context = self._guard.limit, self.context
        self._client = Side(ConnectionType.SERVER, context.client, header, limit)
        self._server = Side(ConnectionType.CLIENT, context.server, header, limit)

    def _relay(self, event: events.ConnectionEvent) -> Commands:
        source, other = self._client, self._server
        if event.connection is not self.context.client:
            source, other = other, source
        if isinstance(event, events.DataReceived):
            source.receive_data(event.data)
        else:
            source.receive_data(None)
        for each in source.events():
            if isinstance(each, Message):
                yield from self._piece(each, source, other)
            elif isinstance(each, Ping | Pong):
                text = self._guard.control(bytes(each.payload))
                yield from self._send(other, type(each)(payload=text))
            elif isinstance(each, CloseConnection):
                yield from self._closed(each, source, other)
            if self._over:
                return

    def _piece(self, piece: Message[Any], source: Side, other: Side) -> Commands:
        text = isinstance(piece.data, str)
        data = piece.data.encode() if isinstance(piece.data, str) else bytes(piece.data)
        source.size += len(data)
        if source.size > self._guard.limit:
            yield from self._shut(self._guard.oversize())
            return
        source.pieces.append(data)
        if not piece.message_finished:
            return
        message = SocketMessage(source.take(), not text)
        ask = self._guard.client if source is self._client else self._guard.server
        turn = ask(message)
        yield from self._wait(turn)
        yield from self._give(turn, source, other)
        if turn.close:
            yield from self._shut(turn)

    def _wait(self, turn: Turn) -> Commands:
        if turn.wait is not None:
            yield WaitHook(turn.wait())
        if not turn.decided:  # what was waited for did not come back
            turn.close, turn.reason = FAULT, "The LLM firewall could not check this."

    def _give(self, turn: Turn, source: Side, other: Side) -> Commands:
        for side, messages in ((source, turn.back), (other, turn.onward)):
            for data, binary in messages:
                each = BytesMessage(data) if binary else TextMessage(data.decode())
                yield from self._send(side, each)

    def _send(self, side: Side, event: Any) -> Commands:
        if side.state is ConnectionState.OPEN:
            yield commands.SendData(side.conn, side.send(event))

    # -- ending ------------------------------------------------------------------------------

    def _closed(self, event: CloseConnection, source: Side, other: Side) -> Commands:
        """One side has closed, has gone, or (where its state is still open) has sent what is no
        frame."""
        code, reason = event.code, event.reason or ""
        if source.state is ConnectionState.OPEN:
            if code == CloseReason.MESSAGE_TOO_BIG:
                yield from self._shut(self._guard.oversize())
            else:
                yield from self._shut(Turn(close=int(code), decided=True))
            return
        turn = self._guard.end()
        yield from self._wait(turn)
        yield from self._give(turn, self._server, self._client)
        if code != CloseReason.ABNORMAL_CLOSURE:  # a connection that broke ends as it broke
            text = self._guard.control(reason.encode()).decode()
            for side in (source, other):
                if side.state in (ConnectionState.OPEN, ConnectionState.REMOTE_CLOSING):
                    close = CloseConnection(code=code, reason=text)
                    yield commands.SendData(side.conn, side.send(close))
        yield from self._hang_up()

    def _shut(self, turn: Turn) -> Commands:
        """Close both sides for a reason of ours."""
        yield from self._wait(turn)
        end = self._guard.end()
        yield from self._wait(end)
        for side, code, reason in (
            (self._client, turn.close or FAULT, turn.reason),
            (self._server, GOING_AWAY, ""),
        ):
            if side.state in (ConnectionState.OPEN, ConnectionState.REMOTE_CLOSING):
                close = CloseConnection(code=code, reason=reason)
                yield commands.SendData(side.conn, side.send(close))
        yield from self._hang_up()

    def _hang_up(self) -> Commands:
        self._over = True
        for conn in (self.context.client, self.context.server):
            yield commands.CloseConnection(conn)
        self._flow.live = False
