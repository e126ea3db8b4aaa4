"""A proxy on loopback that notes who is asked for, and leads every tunnel to one port."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Final

_LONGEST: Final = 16_384  # bytes of a head
_PATIENCE: Final = 20.0


class StubProxy:
    """`url` for a client's proxy setting, and the authorities that clients asked for."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.asked: list[str] = []


@contextmanager
def serve_proxy(target: int) -> Iterator[StubProxy]:
    """Serve until the block ends; whatever a tunnel is for, it ends at `target` on loopback."""

    class Relay(BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                self.request.settimeout(_PATIENCE)
                method, _, rest = _read_line(self.request).partition(" ")
                stub.asked.append(rest.partition(" ")[0])
                if method != "CONNECT":
                    self.request.sendall(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")
                    return
                with socket.create_connection(("127.0.0.1", target), _PATIENCE) as onward:
                    self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    _join(self.request, onward)

    server = ThreadingTCPServer(("127.0.0.1", 0), Relay)
    server.daemon_threads = True
    stub = StubProxy(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _read_line(connection: socket.socket) -> str:
    """The first line of a head that is read to its end."""
    head = b""
    while not head.endswith(b"\r\n\r\n") and len(head) < _LONGEST:
        piece = connection.recv(1)
        if not piece:
            raise ConnectionError
        head += piece
    return head.split(b"\r\n")[0].decode("latin-1")


def _join(one: socket.socket, other: socket.socket) -> None:
    """Copy both ways until both have ended."""
    back = threading.Thread(target=_copy, args=(other, one), daemon=True)
    back.start()
    _copy(one, other)
    back.join(_PATIENCE)


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65_536):
            sink.sendall(piece)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
