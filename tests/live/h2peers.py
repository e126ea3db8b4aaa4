"""Both ends of HTTP/2: a server that answers chats and gRPC calls, and a client for raw calls."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    DataReceived,
    RequestReceived,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from live.upstream import make_certificate

Fields = Mapping[str, str]
TRAILERS = (("grpc-status", "0"), ("grpc-message", "fine"), ("x-note", "dropped on the way"))


def frame(message: bytes) -> bytes:
    """A message of gRPC, uncompressed."""
    return b"\0" + len(message).to_bytes(4) + message


@dataclass
class Call:
    """One side of a call, as it came."""

    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    trailers: dict[str, str] = field(default_factory=dict)
    reset: bool = False


@dataclass
class H2Server:
    """The server, in a thread of its own; it speaks nothing else."""

    ca: Path
    leaf: Path
    received: list[Call] = field(default_factory=list)
    port: int = 0

    @classmethod
    def started(cls, folder: Path, names: list[str]) -> H2Server:
        made = cls(*make_certificate(folder, names))
        ready = threading.Event()
        made._thread = threading.Thread(target=lambda: asyncio.run(made._run(ready)), daemon=True)
        made._thread.start()
        assert ready.wait(10)
        return made

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def _run(self, ready: threading.Event) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.leaf)
        context.set_alpn_protocols(["h2"])
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._stop.wait()
        server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        wire.initiate_connection()
        writer.write(wire.data_to_send())
        calls: dict[int, Call] = {}
        try:
            while data := await reader.read(65536):
                for event in wire.receive_data(data):
                    if note(calls, event):
                        self.received.append(calls[event.stream_id])
                        await self._answer(wire, writer, event.stream_id, calls[event.stream_id])
                writer.write(wire.data_to_send())
        except (ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def _answer(
        self, wire: H2Connection, writer: asyncio.StreamWriter, number: int, call: Call
    ) -> None:
        kind = call.headers.get("content-type", "")
        if kind.startswith("application/grpc"):
            head = [(":status", "200"), ("content-type", kind)]
            wire.send_headers(number, head)
            wire.send_data(number, call.body)
            wire.send_headers(number, list(TRAILERS), end_stream=True)
            return
        asked = json.loads(call.body)
        said = asked["messages"][-1]["content"]
        streams = asked.get("stream", False)
        kind = "text/event-stream" if streams else "application/json"
        wire.send_headers(number, [(":status", "200"), ("content-type", kind)])
        pieces = map(event_of, said.split(" ")) if streams else [json.dumps(whole(said)).encode()]
        for piece in pieces:
            wire.send_data(number, piece)
            writer.write(wire.data_to_send())
            await asyncio.sleep(0.005)
        wire.send_data(number, b"data: [DONE]\n\n" if streams else b"", end_stream=True)


def whole(said: str) -> object:
    """A chat's answer."""
    message = {"role": "assistant", "content": said}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    kind = "chat.completion"
    return {"id": "c", "object": kind, "created": 1, "model": "m", "choices": [choice]}


def event_of(word: str) -> bytes:
    """One word of a chat's answer that streams."""
    choice = {"index": 0, "delta": {"content": f"{word} "}, "finish_reason": None}
    kind = "chat.completion.chunk"
    event = {"id": "c", "object": kind, "created": 1, "model": "m", "choices": [choice]}
    return b"data: " + json.dumps(event).encode() + b"\n\n"


def note(calls: dict[int, Call], event: object) -> bool:
    """Whether a call has ended with this."""
    if isinstance(event, RequestReceived | ResponseReceived):
        calls[event.stream_id] = Call(dict(event.headers))
    elif isinstance(event, DataReceived):
        calls[event.stream_id].body += event.data
    elif isinstance(event, TrailersReceived):
        calls[event.stream_id].trailers = dict(event.headers)
    elif isinstance(event, StreamReset):
        calls.setdefault(event.stream_id, Call()).reset = True
    return isinstance(event, StreamEnded | StreamReset)


def tunnel(port: int, host: str) -> socket.socket:
    """A CONNECT through the proxy at this port."""
    bare = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    bare.set_tunnel(host, 443)
    bare.connect()
    return bare.sock


def call(port: int, trust: ssl.SSLContext, host: str, fields: Fields, body: bytes) -> Call:
    """One call through the proxy at this port."""
    trust.set_alpn_protocols(["h2"])
    with trust.wrap_socket(tunnel(port, host), server_hostname=host) as secure:
        assert secure.selected_alpn_protocol() == "h2"
        wire = H2Connection(H2Configuration(header_encoding="utf-8"))
        wire.initiate_connection()
        wire.send_headers(1, list(fields.items()))
        wire.send_data(1, body, end_stream=True)
        calls: dict[int, Call] = {}
        while True:
            secure.sendall(wire.data_to_send())
            data = secure.recv(65536)
            assert data, "the connection was closed"
            ended = [note(calls, event) for event in wire.receive_data(data)]
            if any(ended):
                return calls[1]
