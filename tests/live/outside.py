"""What stands behind the gateway: run as a program in a network namespace of its own.

`outside.py LEAF LOG ADDRESS…`: HTTPS on 443 and 8443, HTTP on 80, an echo on UDP 443 and 9000 of
each address; each request becomes a JSON line of LOG. Prints `ready`.
"""

from __future__ import annotations

import json
import socket
import socketserver
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any


class _Handler(BaseHTTPRequestHandler):
    log: Path

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        sni = getattr(self.connection, "sni", "")
        with self.log.open("a") as file:
            file.write(json.dumps({"host": self.headers["host"], "sni": sni, "body": body}) + "\n")
        said = json.dumps({"choices": [{"index": 0, "message": {"content": body}}]}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: Any) -> None:
        pass


class _Server(socketserver.ThreadingTCPServer):
    address_family = socket.AF_INET6  # and IPv4 with it
    allow_reuse_address = True
    daemon_threads = True
    context: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self.context is not None:
            request = self.context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, *_: Any) -> None:
        pass


def _note(connection: Any, name: str | None, _: ssl.SSLContext) -> None:
    connection.sni = name or ""


def _echo(address: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as here:
        here.bind((address, port))  # one address, so that the answer comes from there
        while True:
            data, peer = here.recvfrom(2048)
            here.sendto(data, peer)


def main(leaf: str, log: str, *addresses: str) -> None:
    _Handler.log = Path(log)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf)
    context.sni_callback = _note  # type: ignore[assignment]
    for port in (443, 8443, 80):
        server = _Server(("::", port), _Handler)
        server.context = context if port != 80 else None
        threading.Thread(target=server.serve_forever, daemon=True).start()
    for where in ((address, port) for address in addresses for port in (443, 9000)):
        threading.Thread(target=_echo, args=where, daemon=True).start()
    print("ready", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
