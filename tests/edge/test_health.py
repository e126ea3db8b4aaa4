"""A port that says whether the proxy lives, whether it is ready, and what it has counted."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from excise.edge import health
from excise.edge.health import HealthServer, Monitor, Trial
from excise.edge.metrics import Metrics
from excise.edge.ports import Pulse
from excise.edge.settings import parse_networks
from excise.errors import ConfigError


class World:
    """A loop in a thread, and what a proxy would show."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.stopping = False
        self.policy = True
        self.monitor = Monitor(Metrics(), {"policy": self.check})
        self.connections = Counter({"tunnel": 3})

    def check(self) -> bool:
        if not self.policy:
            raise ValueError("a trial that raises does not hold")
        return True

    def serve(self) -> None:
        self.monitor.watch(
            Pulse(
                loop=self.loop,
                connections=self.connections,
                hook_faults=Counter(),
                active=lambda: 2,
                sockets=lambda: 0,
                afterthoughts=Counter(shed=3),
                waiting=lambda: 4,
                stopping=lambda: self.stopping,
            )
        )

    def end(self) -> None:
        if self.thread.is_alive():
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join()
            self.loop.close()


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.end()


def ask(server: HealthServer, path: str, method: str = "GET") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(*server.address, timeout=5)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def told(server: HealthServer, path: str) -> tuple[int, Any]:
    status, body = ask(server, path)
    return status, json.loads(body)["checks"]


def test_the_three_pages(world: World) -> None:
    with HealthServer("127.0.0.1", 0, world.monitor) as server:
        assert told(server, "/healthz") == (200, {"loop": True})
        assert told(server, "/readyz") == (503, {"policy": True, "serving": False})
        world.serve()
        assert told(server, "/readyz") == (200, {"policy": True, "serving": True})
        status, text = ask(server, "/metrics")
        assert status == 200
        for line in (
            'connections_total{kind="tunnel"} 3.0',
            "active_exchanges 2.0",
            'afterthoughts_total{result="shed"} 3.0',
            "afterthoughts_waiting 4.0",
        ):
            assert f"excise_{line}\n" in text.decode()
        assert 'excise_ready{check="policy"} 1.0' in text.decode()
        world.policy = False
        assert told(server, "/readyz") == (503, {"policy": False, "serving": True})
        world.policy, world.stopping = True, True
        assert told(server, "/readyz")[0] == 503
        assert told(server, "/healthz")[0] == 200


def test_other_pages_and_methods_are_not_there(world: World) -> None:
    with HealthServer("127.0.0.1", 0, world.monitor) as server:
        assert ask(server, "/")[0] == 404
        assert ask(server, "/healthz", "HEAD") == (200, b"")
        assert ask(server, "/readyz", "POST")[0] == 501


def test_a_loop_that_stands_still_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_PATIENCE", 0.05)
    world.serve()
    release = threading.Event()
    world.loop.call_soon_threadsafe(release.wait)
    with HealthServer("127.0.0.1", 0, world.monitor) as server:
        assert told(server, "/healthz") == (503, {"loop": False})
        release.set()
        deadline = time.monotonic() + 5
        while told(server, "/healthz")[0] != 200 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert told(server, "/healthz") == (200, {"loop": True})
        world.end()
        assert told(server, "/healthz")[0] == 503


def test_beyond_this_machine_only_for_named_networks(world: World) -> None:
    with pytest.raises(ConfigError, match="EXC-CFG-002"):
        HealthServer("0.0.0.0", 0, world.monitor)
    with HealthServer("0.0.0.0", 0, world.monitor, parse_networks(["192.0.2.0/24"])) as server:
        verify = server._server.verify_request
        for address, allowed in (("192.0.2.9", True), ("::ffff:192.0.2.9", True),
                                 ("127.0.0.1", True), ("198.51.100.1", False)):  # fmt: skip
            assert verify(None, (address, 1)) is allowed


def test_a_port_in_use_is_said(world: World) -> None:
    with (
        HealthServer("127.0.0.1", 0, world.monitor) as server,
        pytest.raises(ConfigError, match="EXC-CFG-003"),
    ):
        HealthServer(*server.address, world.monitor)


def test_a_trial_is_not_made_at_every_question() -> None:
    moments, answers = iter([0.0, 0.0, 1.0, 20.0, 20.0]), iter([True, False])
    trial = Trial(lambda: next(answers), clock=lambda: next(moments))
    assert [trial(), trial(), trial()] == [True, True, False]
