"""HTTP/1 as mitmproxy reads and writes it, with its holes filled and half the writes.

Trailers crash its reader and leave the client hanging; they are dropped here, as RFC 9110 §6.5
allows any recipient. Its error pages quote raw bytes of the peer; ours name the cause only. A head
without end would be kept in memory without end.
"""

from __future__ import annotations

import json
import time
from typing import Any, Final

import h11
from h11._readers import ChunkedReader
from mitmproxy import http
from mitmproxy.net.http import http1
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.layers import http as mhttp
from mitmproxy.proxy.layers.http import _http1
from mitmproxy.proxy.layers.http._events import (
    HttpEvent,
    RequestHeaders,
    ResponseData,
    ResponseHeaders,
)

HEAD_CEILING: Final = 256 * 1024
HEAD_SECONDS: Final = 30.0  # that the head of a request may take from its first byte on

# Ids of client connections in the middle of a head, and since when (`time.monotonic`).
unfinished: dict[str, float] = {}

# Error texts that hold nothing of the peer's bytes, told apart by how they begin.
_TELLING: Final = (
    "Certificate verify failed",
    "Connection killed",
    "The remote server does not speak TLS",
    "The remote server and mitmproxy cannot agree on a TLS version",
    "[Errno ",
    "Multiple exceptions:",
    "Connect call failed",
    "server closed connection",
    "Upstream proxy ",
)


class TrailerlessReader:
    """A chunked body whose end never carries trailers."""

    def __init__(self) -> None:
        self._reader = ChunkedReader()

    def __call__(self, buf: Any) -> Any:
        return _without_trailers(self._reader(buf))

    @property
    def is_between(self) -> bool:
        """Whether the next byte is the first of a chunk."""
        reader = self._reader
        return not (reader._bytes_in_chunk or reader._bytes_to_discard or reader._reading_trailer)

    def read_eof(self) -> Any:
        """The connection ended inside the body."""
        return self._reader.read_eof()


def _without_trailers(event: Any) -> Any:
    return h11.EndOfMessage() if isinstance(event, h11.EndOfMessage) else event


def make_body_reader(expected_size: int | None) -> Any:
    """mitmproxy's choice of reader, with trailers dropped."""
    return TrailerlessReader() if expected_size is None else _make_body_reader(expected_size)


def make_error_response(status_code: int, message: str = "") -> bytes:
    """The page for what went wrong on the wire; JSON, since programs read it."""
    cause = message if message.startswith(_TELLING) else "The message could not be forwarded."
    body = json.dumps({"error": {"type": "proxy_error", "message": cause[:300]}})
    response = http.Response.make(
        status_code,
        body.encode(),
        {"content-type": "application/json", "connection": "close"},
    )
    return bytes(http1.assemble_response(response))


class Http1Server(_http1.Http1Server):
    """The client's side of a connection: a ceiling on the head of a request, and answers whose
    head and body leave in one write."""

    _head = b""
    _streams = False
    _chunked = False

    def read_headers(self, event: events.Event) -> layer.CommandGenerator[None]:
        """Read a request head; one that grows beyond the ceiling closes the connection."""
        # RFC 9112 §2.2. Behind a blank line mitmproxy would wait for the next packet.
        while self.buf._data.startswith((b"\n", b"\r\n")):
            self.buf.maybe_extract_lines()
        yield from super().read_headers(event)  # type: ignore[arg-type]
        if self.state == self.read_headers and len(self.buf):
            unfinished.setdefault(self.conn.id, time.monotonic())
        else:
            unfinished.pop(self.conn.id, None)
        if self.state == self.read_headers and len(self.buf) > HEAD_CEILING:
            yield commands.SendData(self.conn, make_error_response(431))
            yield commands.CloseConnection(self.conn)
            self.state = self.done

    def read_body(self, event: events.Event) -> layer.CommandGenerator[None]:
        """Read more of a request's body; behind what was none nothing is read as its rest."""
        for command in super().read_body(event):
            if isinstance(command, commands.CloseConnection):
                self.state = self.done
            yield command

    def send(self, event: HttpEvent) -> layer.CommandGenerator[None]:
        """Hold the head of an answer that is whole until its body comes, which is at once."""
        if isinstance(event, ResponseData) and self._streams:
            return self._send_piece(event.data)
        holds = False
        if isinstance(event, ResponseHeaders):
            head = event.response
            told = head.headers.get("transfer-encoding", "").lower()
            self._streams = bool(head.stream) and not event.end_stream
            self._chunked = "chunked" in told
            holds = not event.end_stream and not head.stream and head.status_code >= 200
        return _joined(self, super().send(event), holds)

    def _send_piece(self, data: bytes) -> layer.CommandGenerator[None]:
        # mitmproxy looks the header up again for every piece.
        if data:
            yield commands.SendData(self.conn, self.framed(data))

    def framed(self, data: bytes) -> bytes:
        """A piece of the answer that streams, as it goes over the wire."""
        return b"%x\r\n%s\r\n" % (len(data), data) if self._chunked else data


class Http1Client(_http1.Http1Client):
    """The provider's side: a request's head and body leave in one write."""

    _head = b""

    def send(self, event: HttpEvent) -> layer.CommandGenerator[None]:
        """Hold the head of a request that is whole until its body comes."""
        holds = (
            isinstance(event, RequestHeaders) and not event.end_stream and not event.request.stream
        )
        return _joined(self, super().send(event), holds)


def _joined(
    side: Http1Server | Http1Client, sent: layer.CommandGenerator[None], holds: bool
) -> layer.CommandGenerator[None]:
    for command in sent:
        if holds and isinstance(command, commands.SendData):
            side._head = command.data
            continue
        if side._head:
            head, side._head = side._head, b""
            if isinstance(command, commands.SendData):
                command.data = head + command.data
            else:
                yield commands.SendData(side.conn, head)
        yield command


_make_body_reader = _http1.make_body_reader


def install() -> None:
    """Put these readers in the place of mitmproxy's. Harmless when done twice."""
    _http1.make_body_reader = make_body_reader
    _http1.make_error_response = make_error_response
    mhttp.Http1Client = Http1Client  # type: ignore[attr-defined]
