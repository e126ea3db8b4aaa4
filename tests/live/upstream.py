"""A tiny TLS server that answers by path, for tests of the host. Raw sockets, so that it can
misbehave: trailers, early ends, bytes one at a time."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


def make_certificate(folder: Path, names: list[str]) -> tuple[Path, Path]:
    """A CA file and a file with key and leaf for these names."""
    now = datetime.now(UTC) - timedelta(days=1)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "upstream test CA")])

    def build(subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(ca_name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + timedelta(days=30))
        )

    ca = (
        build(ca_name, ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    leaf = (
        build(x509.Name([]), key.public_key())
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=True
        )
        .sign(ca_key, hashes.SHA256())
    )
    ca_file, leaf_file = folder / "upstream-ca.pem", folder / "upstream-leaf.pem"
    ca_file.write_bytes(ca.public_bytes(Encoding.PEM))
    leaf_file.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + leaf.public_bytes(Encoding.PEM)
    )
    return ca_file, leaf_file


@dataclass
class Received:
    """One request as the upstream got it."""

    line: str
    headers: list[tuple[str, str]]
    body: bytes
    sni: str

    def header(self, name: str) -> str:
        return ", ".join(value for key, value in self.headers if key.lower() == name)


Respond = Callable[[Received, asyncio.StreamWriter], Awaitable[bool]]


@dataclass
class Upstream:
    """The server, in a thread of its own."""

    ca: Path
    leaf: Path | None
    respond: Respond
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    def start(self) -> None:
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(ready)), daemon=True)
        self._thread.start()
        assert ready.wait(10)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def _run(self, ready: threading.Event) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        context = None
        if self.leaf:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.leaf)
            context.sni_callback = self._note_sni
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._stop.wait()
        server.close()

    @staticmethod
    def _note_sni(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        connection.context.sni = name or ""  # type: ignore[attr-defined]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        shown = writer.get_extra_info("ssl_object")
        sni = getattr(shown.context, "sni", "") if shown else ""
        try:
            while await self.respond(received := await self._read(reader, sni), writer):
                await writer.drain()
                assert received
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader, sni: str) -> Received:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *rest = head.rstrip("\r\n").split("\r\n")
        headers = [(k, v.strip()) for k, _, v in (item.partition(":") for item in rest)]
        received = Received(line, headers, b"", sni)
        if received.header("transfer-encoding") == "chunked":
            while size := int(await reader.readline(), 16):
                received.body += (await reader.readexactly(size + 2))[:-2]
            await reader.readuntil(b"\r\n")
        elif length := received.header("content-length"):
            received.body = await reader.readexactly(int(length))
        self.received.append(received)
        return received


def plain(body: bytes, kind: str = "application/json", status: str = "200 OK") -> bytes:
    """A whole answer."""
    head = f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body."""
    return b"%x\r\n%s\r\n" % (len(data), data)
