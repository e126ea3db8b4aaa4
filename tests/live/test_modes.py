"""The other ways in and out: in front of one provider, and through a proxy of the company."""

from __future__ import annotations

import asyncio
import http.client
import threading
from pathlib import Path

import pytest
from live.rig import Rig, drain

pytestmark = pytest.mark.live


def test_reverse_mode_reads_what_is_sent_to_it(tmp_path: Path) -> None:
    """A client whose base URL is the proxy: the provider sees its own name and no secret."""
    options = {"mode": "reverse", "upstream": "https://llm.test:443"}
    with Rig(tmp_path, options) as rig:
        client = http.client.HTTPConnection("127.0.0.1", rig.port, timeout=10)
        client.request("POST", "/v1/echo", b"PLANTED")
        answer = client.getresponse()
        assert (answer.status, b"PLANTED" in answer.read()) == (200, True)
        client.close()
        got = rig.upstream.received[-1]
        assert (got.body, got.header("host"), got.sni) == (b"[CUT]", "llm.test", "llm.test")


class _Parent:
    """A company's proxy: takes CONNECT with a password, and relays to where the test says."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []
        self.to = 0
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(ready)), daemon=True)
        self._thread.start()
        assert ready.wait(10)

    async def _run(self, ready: threading.Event) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._stop.wait()
        server.close()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append(await reader.readuntil(b"\r\n\r\n"))
        back, forth = await asyncio.open_connection("127.0.0.1", self.to)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")

        async def pump(one: asyncio.StreamReader, other: asyncio.StreamWriter) -> None:
            try:
                while data := await one.read(65536):
                    other.write(data)
            except OSError:
                pass
            other.close()

        try:
            await asyncio.gather(pump(reader, forth), pump(back, writer))
        finally:  # also where it stops before its clients do
            forth.close()
            writer.close()


@pytest.mark.parametrize("host", ["llm.test", "plain.test"])
def test_a_parent_proxy_carries_both(tmp_path: Path, host: str) -> None:
    """Read for an LLM host, tunnelled for others; the parent gets its password, nobody else."""
    parent = _Parent()
    options = {
        "upstream_proxy": f"http://127.0.0.1:{parent.port}",
        "upstream_auth": "me:secret",
        "resolve": (),
    }
    try:
        with Rig(tmp_path, options) as rig:
            parent.to = rig.upstream.port
            status, _, _ = rig.post("/v1/echo", b"PLANTED", host)
            assert status == 200
            got = rig.upstream.received[-1]
            assert got.body == (b"[CUT]" if host == "llm.test" else b"PLANTED")
            assert got.header("proxy-authorization") == ""
    finally:
        parent.stop()
    assert f"CONNECT {host}:443".encode() in parent.heads[0]
    assert b"Basic bWU6c2VjcmV0" in parent.heads[0]


def test_names_that_disagree_do_not_pass_a_parent_either(tmp_path: Path) -> None:
    parent = _Parent()
    options = {"upstream_proxy": f"http://127.0.0.1:{parent.port}", "resolve": ()}
    try:
        with Rig(tmp_path, options) as rig:
            parent.to = rig.upstream.port
            connection = rig.tunnel("plain.test:443")
            from edge.test_sniff import HELLO

            connection.sendall(HELLO)
            assert drain(connection) == b""
            assert rig.upstream.received == []
    finally:
        parent.stop()
