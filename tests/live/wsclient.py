"""A WebSocket client over TLS and CONNECT, on wsproto: it can cut messages into frames, deflate,
and see every frame and close."""

from __future__ import annotations

import base64
import json
import os
import socket
import ssl
from collections import deque
from itertools import pairwise
from typing import Any, Self

from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Message, Ping, Pong, TextMessage
from wsproto.extensions import PerMessageDeflate


class Refused(Exception):
    """The upgrade was answered with something else."""

    def __init__(self, head: bytes) -> None:
        self.status = int(head.split(b" ")[1])
        self.head = head
        super().__init__(self.status)


class WsClient:
    """One socket. `received` holds what came: str, bytes, or a control event."""

    def __init__(
        self,
        port: int,
        trust: ssl.SSLContext,
        host: str,
        target: str,
        *,
        deflate: bool = False,
        headers: str = "",
        direct: bool = False,
    ) -> None:
        bare = socket.create_connection(("127.0.0.1", port), timeout=15)
        if not direct:
            bare.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nhost: {host}:443\r\n\r\n".encode())
            head, _ = _read_head(bare)
            assert b" 200 " in head, head
        self.link = trust.wrap_socket(bare, server_hostname=host)
        offer = "sec-websocket-extensions: permessage-deflate; client_max_window_bits\r\n"
        key = base64.b64encode(os.urandom(16)).decode()
        self.link.sendall(
            f"GET {target} HTTP/1.1\r\nhost: {host}\r\nupgrade: websocket\r\n"
            f"connection: Upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: {key}\r\n"
            f"authorization: Bearer none\r\n{offer if deflate else ''}{headers}\r\n".encode()
        )
        head, rest = _read_head(self.link)
        if b" 101 " not in head.split(b"\r\n")[0]:
            self.link.close()
            raise Refused(head + rest)
        self.head = head
        self.deflated = b"permessage-deflate" in head.lower()
        extensions = []
        if self.deflated:
            extensions = [PerMessageDeflate()]
            extensions[0]._enabled = True
        self.side = Connection(ConnectionType.CLIENT, list(extensions))
        self.received: deque[Any] = deque()
        self.closed: CloseConnection | None = None
        self._text = ""
        self._bytes = b""
        self.side.receive_data(rest)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.link.close()

    # -- out ---------------------------------------------------------------------------------

    def send(self, message: dict[str, Any] | str | bytes, *cuts: int) -> None:
        """A message in one frame, or cut into several at these places."""
        body: str | bytes = json.dumps(message) if isinstance(message, dict) else message
        edges = [0, *cuts, len(body)]
        data = b""
        for start, end in pairwise(edges):
            last = end == len(body)
            piece = body[start:end]
            made: Any = (TextMessage if isinstance(piece, str) else BytesMessage)(
                piece, message_finished=last
            )
            data += self.side.send(made)
        self.link.sendall(data)

    def control(self, event: Ping | Pong | CloseConnection) -> None:
        self.link.sendall(self.side.send(event))

    # -- in ----------------------------------------------------------------------------------

    def next(self) -> Any:
        """The next message or control event; the close where it is over."""
        while not self.received:
            if self.closed is not None:
                return self.closed
            try:
                data = self.link.recv(65536)
            except (ConnectionError, ssl.SSLError):
                data = b""
            self.side.receive_data(data or None)
            for event in self.side.events():
                self._note(event)
        return self.received.popleft()

    def _note(self, event: Any) -> None:
        if isinstance(event, Message):
            if isinstance(event.data, str):
                self._text += event.data
            else:
                self._bytes += event.data
            if event.message_finished:
                self.received.append(self._text or self._bytes)
                self._text, self._bytes = "", b""
        elif isinstance(event, CloseConnection):
            self.closed = self.closed or event
        else:
            self.received.append(event)

    def until(self, *kinds: str) -> list[dict[str, Any]]:
        """The messages up to one of a kind (`type`, or a key of `serverContent`)."""
        events: list[dict[str, Any]] = []
        while True:
            got = self.next()
            assert isinstance(got, str | bytes), (got, events)
            events.append(json.loads(got))
            if {events[-1].get("type"), *events[-1], *events[-1].get("serverContent", {})} & {
                *kinds
            }:
                return events


def _read_head(link: socket.socket) -> tuple[bytes, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = link.recv(65536)
        if not piece:
            break
        data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    return head, rest
