"""A real proxy on loopback, in a thread, between a raw client and a stand-in upstream."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import ssl
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.fakes import FakeFirewall, FakeHosts, FakeTrail, FakeVault
from live.upstream import STREAM_HEAD, Received, Upstream, chunk, make_certificate, plain
from mitmproxy import ctx

from excise.edge.master import ExciseMaster
from excise.edge.ports import Parts
from excise.edge.resolve import ResolvingLoop
from excise.edge.settings import Redirect, Settings
from excise.state.ca import ensure_ca

NAMES = ["llm.test", "llm.other.test", "plain.test"]


@dataclass
class Rig:
    """Everything a live test talks to."""

    folder: Path
    options: dict[str, Any] = field(default_factory=dict)
    firewall: FakeFirewall = field(default_factory=FakeFirewall)
    trail: FakeTrail = field(default_factory=FakeTrail)
    vault: FakeVault = field(default_factory=FakeVault)
    events: list[bytes] = field(default_factory=list)
    parts: dict[str, Any] = field(default_factory=dict)  # what the proxy is given beside

    def __enter__(self) -> Rig:
        # mitmproxy keeps its options in a global: the last proxy made would speak for all.
        self._before = getattr(ctx, "master", None), getattr(ctx, "options", None)
        self.upstream_ca, leaf = make_certificate(self.folder, NAMES)
        self.ca = ensure_ca(self.folder / "ca")
        self.upstream = Upstream(self.upstream_ca, leaf, self._respond)
        self.upstream.start()
        self.cleartext = Upstream(self.upstream_ca, None, self._respond)
        self.cleartext.start()
        ready = threading.Event()
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(20), self.failure
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()
        self.upstream.stop()
        self.cleartext.stop()
        ctx.master, ctx.options = self._before
        assert self.failure is None

    def stop(self) -> None:
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self.master.stop)
            self._thread.join(15)
        assert not self._thread.is_alive()

    def settings(self) -> Settings:
        there = [("*", 443, self.upstream.port), ("*", 80, self.cleartext.port)]
        return Settings(
            **{
                "ca_dir": self.folder / "ca",
                "state_dir": self.folder / "state",
                "listen_port": 0,
                "upstream_ca": self.upstream_ca,
                "resolve": tuple(
                    Redirect(host=h, port=p, address="127.0.0.1", address_port=to)
                    for h, p, to in there
                ),
                **self.options,
            }
        ).checked()

    def _run(self, ready: threading.Event) -> None:
        try:
            with asyncio.Runner(loop_factory=ResolvingLoop) as runner:
                runner.run(self._serve(ready))
        except BaseException as fault:
            self.failure = fault
            ready.set()

    async def _serve(self, ready: threading.Event) -> None:
        settings = self.settings()
        self.loop = asyncio.get_running_loop()
        assert isinstance(self.loop, ResolvingLoop)
        self.loop.redirects = settings.resolve
        self.master = ExciseMaster(
            settings,
            Parts(
                firewall=lambda: self.firewall,
                hosts=FakeHosts(),
                trail=self.trail,
                vault=self.vault,
                fault_record=lambda fault: {"what": "fault", **fault._asdict()},
                **self.parts,
            ),
        )

        def serving(host: str, port: int) -> None:
            self.port = port
            ready.set()

        await self.master.serve(serving)

    async def _respond(self, got: Received, out: asyncio.StreamWriter) -> bool:
        path = got.line.split(" ")[1].rpartition("/")[2]
        if path == "stream":
            out.write(STREAM_HEAD)
            for event in self.events:
                out.write(chunk(event))
                await out.drain()
                await asyncio.sleep(0.02)
            out.write(b"0\r\n\r\n")
        elif path == "cut":
            out.write(STREAM_HEAD)
            for event in self.events:
                out.write(chunk(event))
                await out.drain()
                await asyncio.sleep(0.02)
            return False
        elif path == "torn":  # half a chunk at a time, and one in the middle of the next
            raw = b"".join(map(chunk, self.events)) + b"0\r\n\r\n"
            out.write(STREAM_HEAD)
            for at in range(0, len(raw), 9):
                out.write(raw[at : at + 9])
                await out.drain()
                await asyncio.sleep(0.005)
        elif path == "trailers":
            out.write(STREAM_HEAD + chunk(b"data: x\n\n") + b"0\r\nx-note: PLANTED\r\n\r\n")
        elif path == "slow":
            await asyncio.sleep(0.7)
            out.write(plain(b'{"slow": true}'))
        elif path == "nonsense":
            out.write(b"UPSTREAM-NONSENSE\r\n\r\n")
        else:
            out.write(plain(json.dumps({"got": got.body.decode()}).encode()))
        return True

    # -- clients -------------------------------------------------------------------------------

    def trust(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.ca.cert_pem))
        context.load_verify_locations(str(self.upstream_ca))
        return context

    def connect(self, host: str = "llm.test", port: int = 443) -> http.client.HTTPSConnection:
        """A client that goes through the proxy with CONNECT."""
        client = http.client.HTTPSConnection(
            "127.0.0.1", self.port, context=self.trust(), timeout=10
        )
        client.set_tunnel(host, port)
        return client

    def post(
        self, path: str, body: bytes, host: str = "llm.test", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        client = self.connect(host)
        try:
            client.request("POST", path, body, {"content-type": "application/json", **headers})
            answer = client.getresponse()
            heads = {k.lower(): v for k, v in answer.getheaders()}
            return answer.status, heads, answer.read()
        finally:
            client.close()

    def raw(self) -> socket.socket:
        """A bare connection to the proxy."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def tunnel(self, authority: str) -> socket.socket:
        """A CONNECT that has been answered with 200."""
        bare = self.raw()
        bare.sendall(f"CONNECT {authority} HTTP/1.1\r\nhost: {authority}\r\n\r\n".encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            piece = bare.recv(1)
            if not piece:
                break
            head += piece
        assert b" 200 " in head.split(b"\r\n")[0], head
        return bare

    def tls(self, authority: str, sni: str) -> ssl.SSLSocket:
        """TLS inside a tunnel, for a name of one's own choice."""
        return self.trust().wrap_socket(self.tunnel(authority), server_hostname=sni)


def drain(connection: socket.socket) -> bytes:
    """All that still comes; an abrupt end is an end."""
    data = b""
    try:
        while piece := connection.recv(65536):
            data += piece
    except OSError:
        pass
    finally:
        connection.close()
    return data
