"""A small LDAP server (RFC 4511): binds, StartTLS and searches for the groups of a user, over real
sockets, read by hand from BER."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from excise.leaf import issue_leaf
from excise.state.ca import create_ca

BIND, UNBIND, SEARCH, EXTENDED = 0x60, 0x42, 0x63, 0x77
NO_SUCH_ENTRY = 32
INVALID, BUSY = 49, 51
START_TLS = b"1.3.6.1.4.1.1466.20037"


class LdapServer:
    """`users` are names for a bind and their passwords; `asked` the names that were shown, whether
    over TLS or not; `groups` what a search for such a name finds.
    `starts_tls` False refuses StartTLS, `busy` answers every bind with 51."""

    def __init__(
        self,
        folder: Path,
        users: Mapping[str, str],
        *,
        secure: bool = True,
        starts_tls: bool = True,
    ) -> None:
        self.users = users
        self.secure = secure
        self.starts_tls = starts_tls
        self.busy = False
        self.groups: Mapping[str, Sequence[str]] = {}
        self.asked: list[tuple[str, bool]] = []
        self.ca = folder / "ca" / "mitmproxy-ca-cert.pem"
        self._tls = self._certified(folder)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._talking: list[threading.Thread] = []
        self._accepting.start()

    @property
    def url(self) -> str:
        return f"{'ldaps' if self.secure else 'ldap'}://localhost:{self.port}"

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for each in (self._accepting, *self._talking):
            each.join(5)

    def _certified(self, folder: Path) -> ssl.SSLContext:
        raw = create_ca(folder / "ca").key_and_cert.read_bytes()
        key = load_pem_private_key(raw, None)
        cert = x509.load_pem_x509_certificate(raw[raw.index(b"-----BEGIN CERTIFICATE") :])
        path = folder / "leaf.pem"
        path.write_bytes(issue_leaf("localhost", cert, key, datetime.now(UTC)))  # type: ignore[arg-type]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _accept(self) -> None:
        while True:
            try:
                wire, _ = self._socket.accept()
            except OSError:
                return
            self._talking.append(threading.Thread(target=self._talk, args=(wire,), daemon=True))
            self._talking[-1].start()

    def _talk(self, wire: socket.socket) -> None:
        with contextlib.suppress(OSError, IndexError), contextlib.ExitStack() as open_ones:
            open_ones.callback(lambda: wire.close())
            if self.secure:
                wire = self._tls.wrap_socket(wire, server_side=True)
            while True:
                number, operation, body = read_message(wire)
                if operation == UNBIND:
                    return
                if operation == EXTENDED:
                    good = START_TLS in body and self.starts_tls
                    wire.sendall(message(number, 0x78, 0 if good else 2))
                    if good:
                        wire = self._tls.wrap_socket(wire, server_side=True)
                elif operation == BIND:
                    wire.sendall(message(number, 0x61, self._judge(wire, body)))

                elif operation == SEARCH:
                    self._search(wire, number, body)

    def _search(self, wire: socket.socket, number: int, body: bytes) -> None:
        """One entry with all that the named user is in; no entry below `ou=nowhere`."""
        base, _ = element(body)
        asked = b"memberOf" if body.endswith(b"memberOf") else b"cn"
        for name, groups in self.groups.items():
            if name.encode() in body:
                values = b"".join(tagged(4, group.encode()) for group in groups)
                attribute = tagged(0x30, tagged(4, asked) + tagged(0x31, values))
                entry = tagged(4, base) + tagged(0x30, attribute)
                wire.sendall(tagged(0x30, b"\x02\x01" + bytes([number]) + tagged(0x64, entry)))
        wire.sendall(message(number, 0x65, NO_SUCH_ENTRY if base == b"ou=nowhere" else 0))

    def _judge(self, wire: socket.socket, body: bytes) -> int:
        _, rest = element(body)  # version
        name, rest = element(rest)
        password, _ = element(rest)
        self.asked.append((name.decode(), isinstance(wire, ssl.SSLSocket)))
        if self.busy:
            return BUSY
        fits = not password or self.users.get(name.decode()) == password.decode()
        return 0 if fits else INVALID


def element(data: bytes) -> tuple[bytes, bytes]:
    """The first element's content, and what is behind it."""
    length, start = data[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[2:start])
    return data[start : start + length], data[start + length :]


def read_message(wire: socket.socket) -> tuple[int, int, bytes]:
    data = b""
    while len(data) < 2 or len(data) < 2 + (data[1] & 0x7F) or len(element(data)[0]) < size(data):
        more = wire.recv(4096)
        if not more:
            raise OSError
        data += more
    number, rest = element(element(data)[0])
    return int.from_bytes(number), rest[0], element(rest)[0]


def size(data: bytes) -> int:
    """How long an element says it is."""
    length = data[1]
    return int.from_bytes(data[2 : 2 + (length & 0x7F)]) if length & 0x80 else length


def tagged(tag: int, value: bytes) -> bytes:
    """An element, its length in two bytes."""
    return bytes([tag, 0x82]) + len(value).to_bytes(2) + value


def message(number: int, operation: int, code: int) -> bytes:
    told = b"\x0a\x01" + bytes([code]) + b"\x04\x00\x04\x00"
    inner = b"\x02\x01" + bytes([number]) + bytes([operation, len(told)]) + told
    return b"\x30" + bytes([len(inner)]) + inner
