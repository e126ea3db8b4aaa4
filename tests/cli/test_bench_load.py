"""Both ends of a benchmark, talking to each other without a proxy that does anything."""

from __future__ import annotations

import asyncio
import io
import json
import threading
from pathlib import Path

import pytest

from excise.cli import bench_load
from excise.cli.bench_load import Client, load
from excise.cli.bench_rig import _leaf


class _Relay:
    """Answers CONNECT and relays, as little of a proxy as there can be."""

    def __init__(self, certificate: Path) -> None:
        self.ready = threading.Event()
        self.certificate = certificate
        self.thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self.thread.start()
        assert self.ready.wait(10)

    async def _run(self) -> None:
        ports: list[int] = []
        serving = asyncio.create_task(bench_load.serve(str(self.certificate), 5, ports.append))
        while not ports:
            await asyncio.sleep(0.01)
        self.upstream = ports[0]
        server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self.loop, self.stop = asyncio.get_running_loop(), asyncio.Event()
        self.ready.set()
        await self.stop.wait()
        server.close()
        serving.cancel()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        port = int(head.split(b" ")[1].rpartition(b":")[2])
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        back, forth = await asyncio.open_connection("127.0.0.1", port)

        async def pump(one: asyncio.StreamReader, other: asyncio.StreamWriter) -> None:
            while data := await one.read(65536):
                other.write(data)
            other.close()

        try:
            await asyncio.gather(pump(reader, forth), pump(back, writer), return_exceptions=True)
        finally:  # also where the relay stops before its clients do
            forth.close()
            writer.close()


def test_a_client_measures_whole_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    relay = _Relay(_leaf(tmp_path / "up"))
    ca = str(tmp_path / "up" / "mitmproxy-ca-cert.pem")
    common = {
        "proxy": relay.port, "upstream": relay.upstream, "ca": ca, "seed": "s", "size": 1000,
        "fresh": True,
    }  # fmt: skip
    monkeypatch.setattr("sys.stdin", io.StringIO("\n\n"))
    taken = load({**common, "kind": "request", "lanes": 2, "count": 6})
    streamed = load({**common, "kind": "stream", "lanes": 1, "count": 1})
    assert len(taken) == 6
    assert min(taken) > 0
    assert streamed[0] >= 5 * bench_load.EVENT_PAUSE
    assert capsys.readouterr().out == "go\ngo\n"
    client = Client(relay.port, relay.upstream, ca)
    assert client.ask(json.dumps({"x": 1}).encode()) > 0
    client.close()
    relay.loop.call_soon_threadsafe(relay.stop.set)
    relay.thread.join(10)


def test_a_proxy_that_says_no_is_told(tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:

        def refuse() -> None:
            connection, _ = server.accept()
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 403 No\r\n\r\n")
            connection.close()

        threading.Thread(target=refuse, daemon=True).start()
        with pytest.raises(OSError, match="403"):
            Client(server.getsockname()[1], 1, "")
