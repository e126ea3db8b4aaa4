"""The two ends of a benchmark, each a process of its own: `python -m excise.cli.bench_load …`.

`upstream CERT`      answers chat requests over TLS; prints `ready 127.0.0.1:PORT`
`client JSON`        sends requests through a proxy; prints one JSON line of latencies
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from excise.cli.bench_text import answer, events, request, requests

HOST: Final = "api.openai.com"
PATH: Final = "/v1/chat/completions"
# Slow enough that a proxy gets each event by itself: one that lags would get several at once and
# look cheaper for it.
EVENT_PAUSE: Final = 0.005


class _Upstream(asyncio.Protocol):
    """Keep-alive HTTP/1.1, just enough of it to be faster than any proxy."""

    whole = b""
    stream: tuple[bytes, ...] = ()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._buffer = b""
        self._tasks: set[asyncio.Task[None]] = set()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return
        lowered = head.lower()
        mark = lowered.find(b"content-length:")
        size = int(lowered[mark + 15 :].split(b"\r\n")[0]) if mark >= 0 else 0
        if len(rest) < size:
            return
        body, self._buffer = rest[:size], rest[size:]
        if b'"stream": true' in body:
            task = asyncio.create_task(self._stream())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            self._transport.write(self.whole)

    async def _stream(self) -> None:
        self._transport.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
            b"transfer-encoding: chunked\r\n\r\n"
        )
        for event in self.stream:
            self._transport.write(b"%x\r\n%s\r\n" % (len(event), event))
            await asyncio.sleep(EVENT_PAUSE)
        self._transport.write(b"0\r\n\r\n")


async def serve(certificate: str, count: int, ready: Callable[[int], None]) -> None:
    """Serve until cancelled; `ready` is told the port."""
    body = answer()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
    _Upstream.whole = head.encode() + b"\r\n" + body
    _Upstream.stream = tuple(events(count))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Upstream, "127.0.0.1", 0, ssl=context)
    ready(server.sockets[0].getsockname()[1])
    await server.serve_forever()


class Client:
    """One keep-alive connection through a proxy; without one where its port is 0."""

    def __init__(self, proxy: int, upstream: int, ca: str) -> None:
        bare = socket.create_connection(("127.0.0.1", proxy or upstream), timeout=60)
        bare.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if proxy:
            self._connect(bare, upstream)
        context = ssl.create_default_context(cafile=ca)
        self._connection = context.wrap_socket(bare, server_hostname=HOST)

    @staticmethod
    def _connect(bare: socket.socket, upstream: int) -> None:
        authority = f"127.0.0.1:{upstream}"
        bare.sendall(f"CONNECT {authority} HTTP/1.1\r\nhost: {authority}\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += bare.recv(4096) or b"\r\n\r\n"
        if b" 200 " not in head.split(b"\r\n")[0]:
            bare.close()
            raise OSError(f"the proxy answered CONNECT with {head[:60]!r}")

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def ask(self, body: bytes) -> float:
        """Seconds from the first byte sent to the last byte of a whole answer."""
        head = (
            f"POST {PATH} HTTP/1.1\r\nhost: {HOST}\r\nauthorization: Bearer bench\r\n"
            f"content-type: application/json\r\naccept: application/json\r\n"
            f"user-agent: excise-bench\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        began = time.perf_counter()
        self._connection.sendall(head.encode() + body)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.receive()
        head_back, _, rest = data.partition(b"\r\n\r\n")
        lowered = head_back.lower()
        if not lowered.startswith(b"http/1.1 200"):
            raise OSError(f"answered with {head_back[:60]!r}")
        if b"transfer-encoding: chunked" in lowered:
            while not rest.endswith(b"0\r\n\r\n"):
                rest += self.receive()
        else:
            size = int(lowered.partition(b"content-length:")[2].split(b"\r\n")[0])
            while len(rest) < size:
                rest += self.receive()
        return time.perf_counter() - began

    def send(self, data: bytes) -> None:
        """Bytes to upstream."""
        self._connection.sendall(data)

    def receive(self) -> bytes:
        """The next bytes of upstream. Raises `OSError` where there are no more."""
        data = self._connection.recv(65536)
        if not data:
            raise OSError("the proxy closed the connection")
        return data


def load(task: dict[str, Any]) -> list[float]:
    """Send what the task says; the latencies in seconds."""
    import random

    bodies: list[bytes]
    if task["kind"] == "stream":
        bodies = [request(1000, random.Random(task["seed"]), stream=True)] * task["count"]
    else:
        bodies = requests(task["size"], task["count"], task["seed"], fresh=task["fresh"])
    lanes = task["lanes"]
    clients = [Client(task["proxy"], task["upstream"], task["ca"]) for _ in range(lanes)]
    for client in clients:
        if task["kind"] != "stream":
            client.ask(bodies[0])
    print("go", flush=True)
    sys.stdin.readline()
    took: list[list[float]] = [[] for _ in clients]

    def lane(number: int) -> None:
        for body in bodies[number::lanes]:
            took[number].append(clients[number].ask(body))

    threads = [threading.Thread(target=lane, args=(number,)) for number in range(lanes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for client in clients:
        client.close()
    return [each for one in took for each in one]


def _say_ready(port: int) -> None:
    print(f"ready 127.0.0.1:{port}", flush=True)


def main(words: list[str]) -> int:
    """Run one end."""
    if words[0] == "upstream":
        asyncio.run(
            serve(
                words[1], int(words[2]), lambda port: print(f"ready 127.0.0.1:{port}", flush=True)
            )
        )
        return 0
    latencies = load(json.loads(words[1]))
    print(json.dumps(latencies), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
