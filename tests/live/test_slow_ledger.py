"""A server of the nodes that does not answer yet: who counts there waits, and nobody else."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import redis_server
from edge.fakes import FakeFirewall
from live.rig import Rig
from redis_server import RedisServer

from excise.metering import Meter
from excise.model import Exchange
from excise.policy.limits import parse_limits, parse_prices
from excise.state.remote import open_remote
from excise.state.remote_counters import RemoteCounters

pytestmark = [pytest.mark.live, redis_server.needed]
LIMITS = """\
limits:
  - {id: few, count: requests, at-most: 2, within: 1h, when: {models: [counted]}}
"""
PRICES = "as-of: '2030-01-01'\ncurrency: USD\nprices: []\notherwise: {input: 1, output: 2}\n"


class Relay:
    """Stands in front of a server; passes nothing on while its gate is closed."""

    def __init__(self, port: int) -> None:
        self._to = port
        self.gate, self.asked = threading.Event(), threading.Event()
        self.gate.set()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                here, _ = self._socket.accept()
            except OSError:
                return
            there = socket.create_connection(("127.0.0.1", self._to))
            threading.Thread(target=self._pump, args=(here, there), daemon=True).start()
            threading.Thread(target=self._pump, args=(there, here), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                self.asked.set()
                self.gate.wait(5)
                sink.sendall(data)
        except OSError:
            pass
        finally:
            source.close()
            sink.close()


class Context(str):
    """What the firewall knows of a request, as limits ask for it."""

    model, tokens, host = "counted", 1, SimpleNamespace(provider="p")


class Wall(FakeFirewall):
    """Requests to `/free` count on nothing; whatever is judged may ask a server."""

    def inspect_request(self, exchange: Exchange) -> Any:
        outcome = super().inspect_request(exchange)
        outcome.context = Context("context")
        if exchange.target == "/free":
            outcome.context.model = "free"
        return outcome

    def waits(self, message: Any, body: bytes) -> bool:
        return True


@pytest.fixture
def counted(tmp_path: Path) -> Iterator[tuple[Rig, Relay]]:
    limits = parse_limits(LIMITS, "l.yaml", parse_prices(PRICES, "p.yaml"))
    server = RedisServer(tmp_path / "redis").start()
    relay = Relay(server.plain_port)
    remote = open_remote(f"redis://127.0.0.1:{relay.port}")
    meter = Meter(limits, RemoteCounters(remote), key=b"k" * 32, clock=time.time)
    try:
        with Rig(tmp_path, firewall=Wall(), parts={"meter": meter, "far": True}) as rig:
            yield rig, relay
    finally:
        relay.close()
        remote.close()
        server.kill()


def test_who_counts_waits_and_nobody_else(counted: tuple[Rig, Relay]) -> None:
    """Three requests fit twice; while the first waits, one that counts on nothing and one to a host
    that is not read are answered."""
    rig, relay = counted
    assert rig.post("/counted", b"x")[0] == 200  # connected
    statuses: list[int] = []
    relay.asked.clear()
    relay.gate.clear()
    waiting = threading.Thread(target=lambda: statuses.append(rig.post("/counted", b"x")[0]))
    waiting.start()
    assert relay.asked.wait(5)
    assert rig.post("/free", b"x")[0] == 200
    assert rig.post("/", b"x", host="plain.test")[0] == 200
    assert statuses == []
    relay.gate.set()
    waiting.join(10)
    assert statuses == [200]
    assert rig.post("/counted", b"x")[0] == 429


def test_one_that_does_not_answer_in_time_counts_as_away(counted: tuple[Rig, Relay]) -> None:
    rig, relay = counted
    relay.gate.clear()
    assert rig.post("/counted", b"x")[0] == 400
    assert rig.post("/free", b"x")[0] == 200
    relay.gate.set()
