"""A Redis server of a test's own: TLS and an ACL user on one port, without TLS on another.

As a cluster of one it refuses a script over keys of several slots, as every cluster does.
"""

from __future__ import annotations

import secrets
import shutil
import socket
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from excise.leaf import issue_leaf
from excise.state.ca import create_ca

PROGRAM = shutil.which("redis-server") or shutil.which("valkey-server")
needed = pytest.mark.skipif(PROGRAM is None, reason="LEFT OUT: redis-server is not installed")
USER = "excise"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


class RedisServer:
    """Started, killed and started again on the same ports, with what it held."""

    def __init__(self, folder: Path, *, cluster: bool = False) -> None:
        self.cluster = cluster
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port, self.plain_port = free_port(), free_port()
        self.password = secrets.token_hex(12)
        self.process: subprocess.Popen[bytes] | None = None
        self._certify()
        (folder / "users.acl").write_text(
            f"user default on nopass +@all ~* &*\n"
            f"user {USER} on >{self.password} ~excise:* &* -@all +@read +@write +@scripting "
            "+time +ping +info +client +cluster +command +hello +auth\n"
        )

    @property
    def ca(self) -> Path:
        return self.folder / "ca" / "mitmproxy-ca-cert.pem"

    @property
    def url(self) -> str:
        """With TLS and as the ACL user, who may touch names of ours alone."""
        return f"rediss://{USER}:{self.password}@127.0.0.1:{self.port}"

    @property
    def plain_url(self) -> str:
        return f"redis://127.0.0.1:{self.plain_port}"

    def start(self) -> RedisServer:
        words = [
            *("--bind", "127.0.0.1", "--port", str(self.plain_port), "--dir", str(self.folder)),
            *("--tls-port", str(self.port), "--tls-auth-clients", "no"),
            *("--tls-cert-file", str(self.folder / "leaf.pem")),
            *("--tls-key-file", str(self.folder / "leaf.pem")),
            *("--tls-ca-cert-file", str(self.ca), "--aclfile", str(self.folder / "users.acl")),
            *("--appendonly", "yes", "--appendfsync", "always", "--save", ""),
        ]
        if self.cluster:
            words += ["--cluster-enabled", "yes", "--cluster-port", str(free_port())]
            words += ["--tls-cluster", "yes"]
        self.process = subprocess.Popen(
            [str(PROGRAM), *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + 10
        while not self._is_up():
            assert time.monotonic() < until, "redis-server does not start"
            time.sleep(0.02)
        return self

    def kill(self) -> None:
        """As a crash would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None

    def command(self, *words: str) -> bytes:
        """Ask it without TLS as the default user."""
        with socket.create_connection(("127.0.0.1", self.plain_port), timeout=5) as wire:
            told = [f"*{len(words)}\r\n", *(f"${len(w)}\r\n{w}\r\n" for w in words)]
            wire.sendall("".join(told).encode())
            return wire.recv(1_000_000)

    def files(self) -> bytes:
        """Everything it has written."""
        return b"".join(p.read_bytes() for p in self.folder.rglob("appendonly*/*") if p.is_file())

    def _is_up(self) -> bool:
        try:
            if not self.cluster:
                return self.command("PING").startswith(b"+PONG")
            if b"cluster_state:ok" in self.command("CLUSTER", "INFO"):
                return True
            if b"cluster_slots_assigned:0" in self.command("CLUSTER", "INFO"):
                self.command("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        except OSError:
            pass
        return False

    def _certify(self) -> None:
        raw = create_ca(self.folder / "ca").key_and_cert.read_bytes()
        key = load_pem_private_key(raw, None)
        cert = x509.load_pem_x509_certificate(raw[raw.index(b"-----BEGIN CERTIFICATE") :])
        leaf = issue_leaf("127.0.0.1", cert, key, datetime.now(UTC))  # type: ignore[arg-type]
        (self.folder / "leaf.pem").write_bytes(leaf)
