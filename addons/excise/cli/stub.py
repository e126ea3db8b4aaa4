"""A TLS server on loopback with a certificate of our CA: whoever gets through trusts the CA."""

from __future__ import annotations

import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from excise.errors import StateError
from excise.leaf import issue_leaf
from excise.state.ca import CaFiles, check_ca

HOST: Final = "localhost"


class Stub:
    """`port` on loopback, `url` to call, and how many requests came through the handshake."""

    def __init__(self, port: int, name: str) -> None:
        self.port = port
        self.url = f"https://{name}:{port}/"
        self.requests = 0


@contextmanager
def serve_stub(files: CaFiles, now: datetime | None = None, name: str = HOST) -> Iterator[Stub]:
    """Serve as `name` until the block ends. Raises `StateError` where the CA is not usable."""
    context = _context(files, now or datetime.now(UTC), name)

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            stub.requests += 1
            self.send_response(404)
            self.send_header("content-length", "0")
            self.end_headers()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            self.do_GET()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def finish_request(self, request: Any, client_address: Any) -> None:
            # The handshake belongs to the connection's own thread: a client that refuses our
            # certificate must not stop the next one from being heard.
            try:
                with context.wrap_socket(request, server_side=True) as secured:
                    super().finish_request(secured, client_address)
            except OSError:
                return

    server = Server(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    stub = Stub(server.server_address[1], name)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def is_limited(certificate: x509.Certificate) -> bool:
    """Whether the CA may not vouch for loopback, so that nothing can be tried with it here."""
    try:
        certificate.extensions.get_extension_for_class(x509.NameConstraints)
    except x509.ExtensionNotFound:
        return False
    return True


def _context(files: CaFiles, now: datetime, name: str) -> ssl.SSLContext:
    ca = check_ca(files)
    ca_key = load_pem_private_key(files.key_and_cert.read_bytes(), None)
    if not isinstance(ca_key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise StateError(
            "EXC-STA-002",
            "the CA's key is of a kind that TLS clients do not take; wanted EC or RSA.",
            at=str(files.key_and_cert),
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        chain = Path(folder) / "chain.pem"
        chain.touch(0o600)
        chain.write_bytes(issue_leaf(name, ca, ca_key, now))
        context.load_cert_chain(chain)
    return context
