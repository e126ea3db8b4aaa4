"""Windows over nodes: exact whoever counts at once, and owed while the server is away."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
import redis_server
from redis_server import RedisServer

from excise.errors import StateError
from excise.state.counters import SLOTS, Charge, Counters
from excise.state.remote import open_remote
from excise.state.remote_counters import RemoteCounters

pytestmark = redis_server.needed


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    made = RedisServer(tmp_path_factory.mktemp("redis")).start()
    yield made
    made.kill()


@pytest.fixture
def counters(server: RedisServer) -> Iterator[Counters]:
    server.command("FLUSHALL")
    remote = open_remote(server.url, ca=server.ca)
    yield RemoteCounters(remote)
    remote.close()


def charge(amount: int = 1, *, key: str = "k", limit: int = 10, seconds: int = 60) -> Charge:
    return Charge(key, limit, seconds, amount)


def test_all_or_none(counters: Counters) -> None:
    both = [charge(3), charge(key="other", limit=2)]
    assert counters.take(both) is None
    assert counters.take(both) is None
    denied = counters.take(both)
    assert denied is not None and denied.charge.key == "other"
    assert denied.wait is not None and 50 < denied.wait <= 60 + 60 / SLOTS
    assert counters.used(charge()) == 6
    assert counters.take([charge(11)]) == (charge(11), None)
    assert counters.take([]) is None


def test_answers_count_beyond_the_limit_and_come_back(counters: Counters) -> None:
    assert counters.add([charge(15), charge(2, key="other")]) == [15, 2]
    assert counters.used(charge()) == 15 and counters.take([charge()]) is not None
    counters.add([charge(-20)])
    assert counters.used(charge()) == 0 and counters.take([charge()]) is None


def test_counters_are_listed_and_forgotten(counters: Counters) -> None:
    wanted = [charge(key="a/principal=ann"), charge(key="a/principal=b*"), charge(key="ab")]
    assert counters.take(wanted) is None
    assert counters.keys() == {each.key: (10, 60) for each in wanted}
    assert counters.reset("a") == 2 and counters.reset("a/principal=*") == 0
    assert list(counters.keys()) == ["ab"] and counters.sweep() == 0


def test_another_window_begins_anew(counters: Counters) -> None:
    assert counters.take([charge(10)]) is None
    assert counters.used(charge(seconds=3600)) == 0


def test_a_window_passes_by_the_clock_of_the_server(counters: Counters) -> None:
    """And what is over is gone by itself."""
    assert counters.take([charge(10, seconds=1)]) is None
    denied = counters.take([charge(1, seconds=1)])
    assert denied is not None and denied.wait is not None
    time.sleep(denied.wait)
    assert counters.take([charge(1, seconds=1)]) is None
    time.sleep(1.2)
    assert counters.keys() == {}


def test_nodes_that_count_at_once_never_pass_the_limit(server: RedisServer) -> None:
    """Exactly as many are let through as fit, and each is counted."""
    server.command("FLUSHALL")
    nodes = [RemoteCounters(open_remote(server.plain_url)) for _ in range(3)]
    passed: list[int] = []

    def lane(node: RemoteCounters) -> None:
        wanted = [charge(limit=70), charge(key="wide", limit=1000)]
        passed.extend(1 for _ in range(20) if node.take(wanted) is None)

    lanes = [threading.Thread(target=lane, args=(node,)) for node in nodes for _ in range(2)]
    for each in lanes:
        each.start()
    for each in lanes:
        each.join(60)
    assert len(passed) == 70
    assert nodes[0].used(charge(limit=70)) == 70 and nodes[1].used(charge(key="wide")) == 70


def test_what_is_owed_is_counted_once_the_server_is_back(server: RedisServer) -> None:
    """And what was counted before is still there."""
    server.command("FLUSHALL")
    remote = open_remote(server.plain_url)
    counters = RemoteCounters(remote)
    assert counters.take([charge(3)]) is None
    server.kill()
    with pytest.raises(StateError):
        counters.add([charge(4)])
    with pytest.raises(StateError):
        counters.take([charge(1)])
    server.start()
    time.sleep(0.6)
    assert counters.take([charge(3)]) is None
    assert counters.used(charge()) == 10 and counters.take([charge(1)]) is not None
