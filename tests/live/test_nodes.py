"""Two `excise up` share one real Redis over TLS: each dies, is rolled, and goes on as the other."""

from __future__ import annotations

import http.client
import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis_server
from live.stage import warmed
from redis_server import RedisServer

from excise.audit.reader import find_records
from excise.cli.demo_clients import trust_of
from excise.cli.demo_stage import ProxyProcess
from excise.cli.main import main
from excise.rules.fillers import fill
from excise.standin.server import StandIn

pytestmark = [pytest.mark.live, redis_server.needed]
BUDGET = 40
LIMITS = f"""\
limits:
  - {{id: head, count: requests, at-most: {BUDGET}, within: 1d, per: [principal]}}
  - {{id: lanes, count: concurrency, at-most: 8}}
"""
PROFILE = """\
profile: small
title: One pack
level: 1
packs: [{pack: pci}]
uninspectable: {otherwise: alert}
on-fault: block
"""


def card(name: str) -> str:
    """A number as one issuer's begin."""
    made = (fill("{luhn:16}", f"{name}{number}") for number in range(1000))
    return next(each for each in made if each.startswith("4"))


VALUES = {name: card(name) for name in ("of-a", "of-b", "rolled")}


class Nodes:
    """Two nodes with nothing in common but a server, a key and the policy."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.redis = RedisServer(folder / "redis").start()
        self.standin = StandIn(folder / "standin")
        self.standin.__enter__()
        (folder / "policies" / "profiles").mkdir(parents=True)
        (folder / "policies" / "profiles" / "small.yaml").write_text(PROFILE)
        (folder / "policies" / "limits.yaml").write_text(LIMITS)
        shared = secrets.token_hex(32)
        self.nodes = {}
        for name in ("a", "b"):
            options = ["--policies", str(folder / "policies"), "--profile", "small"]
            node = ProxyProcess(folder / name, self.standin, options)
            settings = folder / name / "config" / "excise" / "excise.yaml"
            settings.parent.mkdir(parents=True)
            settings.write_text(
                f"redis: {self.redis.url}\nredis-ca: {self.redis.ca}\nnodes-key: '{shared}'\n"
            )
            self.nodes[name] = node
        self.statuses: Counter[int] = Counter()

    def start(self, name: str) -> None:
        self.nodes[name].__enter__()

    def kill(self, name: str) -> None:
        self.nodes[name].process.kill()
        self.nodes[name].process.wait(10)

    def ask(self, name: str, prompt: str) -> tuple[int, str]:
        node = self.nodes[name]
        trust = trust_of(node.ca, self.standin.ca)
        client = http.client.HTTPSConnection("127.0.0.1", node.port, context=trust, timeout=20)
        try:
            client.set_tunnel("api.openai.com", 443)
            body = json.dumps({"model": "m", "messages": [{"role": "user", "content": prompt}]})
            kind = {"content-type": "application/json"}
            client.request("POST", "/v1/chat/completions", body, kind)
            answer = client.getresponse()
            self.statuses[answer.status] += 1
            return answer.status, answer.read().decode()
        finally:
            client.close()

    def placeholder(self) -> str:
        """What stood for the number in what upstream received last."""
        sent = json.loads(self.standin.received[-1].body)["messages"][-1]["content"]
        return "[" + sent.partition("[")[2].partition("]")[0] + "]"

    def command(self, monkeypatch: pytest.MonkeyPatch, name: str, *words: str) -> int:
        settings = self.folder / name / "config" / "excise" / "excise.yaml"
        monkeypatch.setenv("EXCISE_CONFIG", str(settings))
        return main([*words, "--state-dir", str(self.nodes[name].state)])

    def stop(self) -> None:
        for node in self.nodes.values():
            node.stop()
        self.standin.__exit__(None, None, None)
        self.redis.kill()


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    made = Nodes(tmp_path_factory.mktemp("nodes"))
    try:
        with warmed(made.nodes["a"]), warmed(made.nodes["b"]):
            yield made
    finally:
        made.stop()


def test_one_is_killed_and_the_other_has_all_of_it(nodes: Nodes) -> None:
    """Placeholders of the dead one are restored by the other, before and after it is back."""
    value = VALUES["of-a"]
    assert nodes.ask("a", f"the card is {value}")[0] == 200
    placeholder = nodes.placeholder()
    assert placeholder.startswith("[PAN_"), placeholder
    nodes.kill("a")
    for name in ("b", "a"):
        status, text = nodes.ask(name, f"say {placeholder}")
        assert (status, value in text) == (200, True)
        if name == "b":
            nodes.start("a")


def test_a_roll_refuses_nobody(nodes: Nodes) -> None:
    """Out of the balancer, drained, replaced, while clients go on."""
    serving, going = ["b"], threading.Event()
    statuses: list[int] = []
    going.set()

    def lane() -> None:
        while going.is_set():
            statuses.append(nodes.ask(serving[-1], f"card {VALUES['rolled']}")[0])
            time.sleep(0.3)

    lanes = [threading.Thread(target=lane) for _ in range(2)]
    for each in lanes:
        each.start()
    time.sleep(0.6)
    serving.append("a")
    time.sleep(0.2)
    assert nodes.nodes["b"].stop() == 0
    going.clear()
    for each in lanes:
        each.join(25)
    nodes.start("b")
    assert nodes.ask("b", f"card {VALUES['rolled']}")[0] == 200
    assert set(statuses) == {200} and len(statuses) > 4


def test_while_redis_is_gone_nothing_passes_and_then_all_is_as_it_was(nodes: Nodes) -> None:
    nodes.redis.kill()
    before = len(nodes.standin.received)
    for name in nodes.nodes:
        for _ in range(2):
            status, text = nodes.ask(name, "hello")
            assert status == 400 and "cannot reach what it has to ask" in text, text
            assert "switched" not in text
    assert len(nodes.standin.received) == before
    nodes.redis.start()
    for name in nodes.nodes:
        until = time.monotonic() + 10
        while nodes.ask(name, "hello")[0] != 200:
            assert time.monotonic() < until
            time.sleep(0.2)


def test_the_switch_is_for_both(nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    assert nodes.command(monkeypatch, "a", "kill", "on", "--because", "an incident") == 0
    time.sleep(1.1)
    assert [nodes.ask(name, "hello")[0] for name in nodes.nodes] == [400, 400]
    assert nodes.command(monkeypatch, "b", "kill", "off") == 0
    time.sleep(1.1)
    assert nodes.ask("a", "hello")[0] == 200


def test_the_budget_was_counted_exactly_and_nothing_raw_was_kept(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Over deaths, a roll and the absence of the server; the second node dies as well."""
    value = VALUES["of-b"]
    assert nodes.ask("b", f"the card is {value}")[0] == 200
    placeholder = nodes.placeholder()
    nodes.kill("b")
    assert value in nodes.ask("a", f"say {placeholder}")[1]

    def lane() -> None:
        while nodes.ask("a", "hi")[0] == 200:
            pass

    lanes = [threading.Thread(target=lane) for _ in range(3)]
    for each in lanes:
        each.start()
    for each in lanes:
        each.join(60)
    assert nodes.statuses[200] == BUDGET == len(nodes.standin.received)
    assert nodes.statuses[429] > 0
    assert nodes.command(monkeypatch, "a", "limits", "show") == 0
    assert f"│ {BUDGET}" in capsys.readouterr().out
    raw = [value.encode() for value in VALUES.values()]
    assert not any(value in nodes.redis.files() for value in raw)
    for node in nodes.nodes.values():
        assert node.find_leaks(list(VALUES.values())) == []
        assert nodes.redis.password.encode() not in node.errors.read_bytes()
    reasons = {r for node in nodes.nodes.values() for x in find_records(node.trail)
               for r in x.get("reasons", [])}  # fmt: skip
    assert {"limit:head", "kill-switch"} <= reasons
