"""`excise up --workers 2` as users run it: one port, several processes, one proxy."""

from __future__ import annotations

import http.client
import json
import os
import signal
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from live.stage import Stage, key, start

from excise.audit.chain import read_link
from excise.audit.reader import find_records
from excise.cli.bench_rig import tree

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    words = ["--workers", "2", "--drain-seconds", "3", "--metrics", f"127.0.0.1:{free_port()}"]
    with start(tmp_path_factory.mktemp("workers"), words) as made:
        made.metrics = words[-1]  # type: ignore[attr-defined]
        yield made
        leaks = made.proxy.find_leaks([key("shared"), key("killed"), key("rolled")])
        assert leaks == []


def free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def ask(stage: Stage, prompt: str) -> tuple[int, str]:
    """On a connection of its own, so that either worker may have it."""
    client = http.client.HTTPSConnection(
        "127.0.0.1", stage.proxy.port, context=stage.trust, timeout=20
    )
    try:
        client.set_tunnel("api.openai.com", 443)
        body = json.dumps({"model": "m", "messages": [{"role": "user", "content": prompt}]})
        client.request("POST", "/v1/chat/completions", body, {"content-type": "application/json"})
        answer = client.getresponse()
        return answer.status, answer.read().decode()
    finally:
        client.close()


def serving(stage: Stage) -> list[int]:
    """The processes that accept connections: those that have a trail open."""
    found = []
    for pid in tree(stage.proxy.process.pid)[1:]:
        names = []
        for each in Path(f"/proc/{pid}/fd").iterdir():
            try:
                names.append(str(each.readlink()))
            except OSError:
                continue
        if any(".w" in Path(name).name and name.endswith(".jsonl") for name in names):
            found.append(pid)
    return found


def spread(stage: Stage, prompt: str, wanted: int = 2) -> None:
    """Ask until so many workers have answered."""
    seen: set[str] = set()
    for _ in range(60):
        before = {record.get("id") for record in find_records(stage.proxy.trail)}
        assert ask(stage, prompt)[0] == 200
        time.sleep(0.05)
        seen |= {
            record["worker"]
            for record in find_records(stage.proxy.trail)
            if record.get("id") not in before and record["stage"] == "response"
        }
        if len(seen) >= wanted:
            return
    raise AssertionError(f"only {seen} of the workers answered")


def test_every_worker_cuts_and_restores_and_has_its_own_chain(stage: Stage) -> None:
    """One merged view, and each trail is whole by itself."""
    spread(stage, f"my key {key('shared')}")
    status, text = ask(stage, f"again {key('shared')}")
    assert (status, key("shared") in text) == (200, True)
    assert all(key("shared").encode() not in got.body for got in stage.standin.received)
    files = sorted(stage.proxy.trail.parent.glob("audit.w*.jsonl"))
    assert [file.name for file in files] == ["audit.w1.jsonl", "audit.w2.jsonl"]
    for file in files:
        links = [read_link(line) for line in file.read_bytes().splitlines()]
        assert [link.seq for link in links if link] == list(range(1, len(links) + 1))
    times = [record["time"] for record in find_records(stage.proxy.trail)]
    assert times == sorted(times)


def test_what_one_worker_cut_out_another_one_restores(stage: Stage) -> None:
    """The placeholder comes back from the model in a chat that another worker serves."""
    ask(stage, f"the key is {key('shared')}")
    placeholder = stage.standin.received[-1].body.decode().partition("[AWS_ACCESS_KEY")[2]
    told = f"[AWS_ACCESS_KEY{placeholder.partition(']')[0]}]"
    for _ in range(8):
        assert key("shared") in ask(stage, f"say {told}")[1]


def test_metrics_are_those_of_all(stage: Stage) -> None:
    """And each check holds in each worker."""
    place = stage.metrics  # type: ignore[attr-defined]
    spread(stage, "hello")
    with urllib.request.urlopen(f"http://{place}/readyz", timeout=10) as answer:
        assert json.load(answer)["checks"]["workers"] is True
    with urllib.request.urlopen(f"http://{place}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    counted = sum(
        float(line.rpartition(" ")[2])
        for line in text.splitlines()
        if line.startswith("excise_messages_total{") and 'stage="request"' in line
    )
    lines = [r for r in find_records(stage.proxy.trail) if r["stage"] == "request"]
    assert counted == len(lines)


def test_a_worker_killed_under_load_costs_its_own_exchanges(stage: Stage) -> None:
    """Those are cut off at once; nothing leaves unread; the others are served meanwhile."""
    statuses: list[str] = []
    going = threading.Event()
    going.set()

    def lane() -> None:
        while going.is_set():
            try:
                statuses.append(str(ask(stage, f"key {key('killed')}")[0]))
            except (OSError, http.client.HTTPException) as fault:
                statuses.append(type(fault).__name__)

    lanes = [threading.Thread(target=lane) for _ in range(4)]
    for each in lanes:
        each.start()
    time.sleep(0.5)
    victim = serving(stage)[0]
    os.kill(victim, signal.SIGKILL)
    time.sleep(1.5)
    going.clear()
    for each in lanes:
        each.join(25)
    assert not any(each.is_alive() for each in lanes), "nobody is left without an answer"
    cut = [each for each in statuses if each != "200"]
    assert len(cut) <= len(lanes), statuses
    assert all(key("killed").encode() not in got.body for got in stage.standin.received)
    spread(stage, "hello")
    notices = [r["notice"] for r in find_records(stage.proxy.trail) if r["stage"] == "notice"]
    died = [each["subject"] for each in notices if each["event"] == "worker-died"]
    assert [each.partition(":")[2] for each in died] == ["SIGKILL"]


def test_a_roll_loses_nothing(stage: Stage) -> None:
    """New processes, the same vault, no request refused."""
    ask(stage, f"the key is {key('rolled')}")
    before, going, statuses = set(serving(stage)), threading.Event(), []
    going.set()

    def lane() -> None:
        while going.is_set():
            statuses.append(ask(stage, f"key {key('rolled')}")[0])

    lanes = [threading.Thread(target=lane) for _ in range(2)]
    for each in lanes:
        each.start()
    stage.proxy.process.send_signal(signal.SIGUSR2)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        after = set(serving(stage))
        if len(after) == 2 and not after & before:
            break
        time.sleep(0.1)
    going.clear()
    for each in lanes:
        each.join(25)
    assert (len(after), after & before) == (2, set())
    assert set(statuses) == {200}
    assert key("rolled") in ask(stage, f"again {key('rolled')}")[1]
