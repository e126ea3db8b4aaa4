"""`excise bench --memory`: whether what the proxy holds stays the same, however much passes.

Streamed answers on a few connections, then messages on one WebSocket, through a real proxy from
the stand-in; what the proxy's process tree holds in memory is read at marks on the way.

`python -m excise.cli.bench_memory JSON` is the client: at each mark it prints a line and waits for
one.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from excise.cli.bench_load import HOST, Client
from excise.cli.bench_rig import Proxy, Rig, tree
from excise.cli.bench_text import request
from excise.errors import ConfigError

STREAMS: Final = (200, 1_000, 2_000)
MESSAGES: Final = (1_000, 5_000, 10_000)
GROWTH: Final = 4.0
"""Megabytes by which the last two marks may differ: the allocator's own unrest."""

_LANES: Final = 4
_TEXT: Final = 200  # bytes of a prompt, which the stand-in says again in pieces of four
_CLIENT: Final = [sys.executable, "-O", "-m", "excise.cli.bench_memory"]

Held = dict[int, float]


def run(profile: str | None, *, as_json: bool) -> int:
    """Measure and print; exit status 1 where memory grows to the end."""
    with tempfile.TemporaryDirectory(prefix="excise-bench-") as folder:
        rig = Rig(Path(folder))
        try:
            rig.start_standin()
            options = ["--profile", profile] if profile else []
            proxy = rig.start_excise(
                "excise", [sys.executable, "-O", "-m", "excise", "up"], options
            )
            report = {
                "streams": hold(rig, proxy, "streams", STREAMS),
                "messages of one WebSocket": hold(rig, proxy, "messages", MESSAGES),
            }
        finally:
            rig.close()
    if as_json:
        print(json.dumps(report, indent=2))
    else:
        Console().print(_table(report))
    return 0 if all(map(is_flat, report.values())) else 1


def hold(rig: Rig, proxy: Proxy, kind: str, marks: Sequence[int]) -> Held:
    """Megabytes that the proxy holds after so many of a kind. Raises `ConfigError`."""
    task = {"kind": kind, "marks": marks, "proxy": proxy.port, "upstream": rig.upstream}
    client = rig.start([*_CLIENT, json.dumps({**task, "ca": str(proxy.ca)})], subprocess.PIPE)
    if client.stdout is None or client.stdin is None:
        raise RuntimeError("the client has no pipes")
    held: Held = {}
    with client.stdin as told, client.stdout as said:
        for mark in marks:
            if said.readline().strip() != str(mark):
                raise ConfigError("EXC-CFG-006", f"{proxy.name} stopped carrying the traffic.")
            held[mark] = round(sum(map(_resident, tree(proxy.process.pid))), 1)
            told.write("\n")
            told.flush()
    return held


def is_flat(held: Held) -> bool:
    """Whether the second half of the way added nothing."""
    *_, before, last = held.values()
    return last - before <= GROWTH


def _resident(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    fields = dict(line.split(":", 1) for line in lines)
    return int(fields.get("VmRSS", "0").split()[0]) / 1024


def _table(report: dict[str, Held]) -> Table:
    table = Table("after", "MB", title="What the proxy holds")
    for kind, held in report.items():
        for mark, megabytes in held.items():
            table.add_row(f"{mark:,} {kind}", f"{megabytes:.1f}")
        table.add_section()
    return table


# -- the client --------------------------------------------------------------------------------


def main(words: list[str]) -> int:
    """The client."""
    task = json.loads(words[0])
    send = _streams if task["kind"] == "streams" else _messages
    for mark in send(task):
        print(mark, flush=True)
        sys.stdin.readline()
    return 0


def _client(task: dict[str, Any]) -> Client:
    return Client(task["proxy"], task["upstream"], task["ca"])


def _streams(task: dict[str, Any]) -> Iterator[int]:
    clients = [_client(task) for _ in range(_LANES)]
    done = 0
    for mark in task["marks"]:
        dice = random.Random(str(mark))
        bodies = [request(_TEXT, dice, stream=True) for _ in range(mark - done)]

        def lane(number: int, bodies: list[bytes] = bodies) -> None:
            for body in bodies[number::_LANES]:
                clients[number].ask(body)

        lanes = [threading.Thread(target=lane, args=(number,)) for number in range(_LANES)]
        for each in lanes:
            each.start()
        for each in lanes:
            each.join()
        done = mark
        yield mark
    for client in clients:
        client.close()


def _messages(task: dict[str, Any]) -> Iterator[int]:
    client = _client(task)
    talk = Talk(client)
    done = 0
    for mark in task["marks"]:
        for number in range(done, mark):
            talk.say({"type": "response.create", "model": "m", "input": f"message {number}"})
            while talk.hear().get("type") != "response.completed":
                pass
        done = mark
        yield mark
    client.close()


class Talk:
    """A WebSocket with JSON on it, over a connection that is open (RFC 6455 §5.2)."""

    def __init__(self, client: Client) -> None:
        self._client = client
        client.send(
            f"GET /v1/responses HTTP/1.1\r\nhost: {HOST}\r\nupgrade: websocket\r\n"
            "connection: upgrade\r\nsec-websocket-version: 13\r\n"
            "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        self._buffer = b""
        while b"\r\n\r\n" not in self._buffer:
            self._buffer += client.receive()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101"):
            raise OSError(f"the upgrade was answered with {head[:60]!r}")

    def say(self, message: dict[str, Any]) -> None:
        """One message, masked with zeros."""
        data = json.dumps(message).encode()
        size = len(data)
        head = bytes((size | 0x80,)) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
        self._client.send(b"\x81" + head + bytes(4) + data)

    def hear(self) -> dict[str, Any]:
        """The next message."""
        whole = b""
        while True:
            first, second = self._take(2)
            size = second & 0x7F
            if size >= 126:
                size = int.from_bytes(self._take(2 if size == 126 else 8), "big")
            whole += self._take(size)
            if first & 0x80:
                return dict(json.loads(whole))

    def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._buffer += self._client.receive()
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
