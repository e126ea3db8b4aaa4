"""Who is under way over nodes, those that have died apart."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import redis_server
from redis_server import RedisServer

from excise.errors import StateError
from excise.state.remote import open_remote
from excise.state.remote_places import RemotePlaces

pytestmark = redis_server.needed


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    made = RedisServer(tmp_path_factory.mktemp("redis")).start()
    yield made
    made.kill()


def places(server: RedisServer, *, lease: float = 60.0) -> RemotePlaces:
    return RemotePlaces(open_remote(server.url, ca=server.ca), lease=lease)


def test_all_places_are_taken_or_none(server: RedisServer) -> None:
    server.command("FLUSHALL")
    one, other = places(server), places(server)
    assert one.enter([("a", 2), ("b", 1)]) is None
    assert other.enter([("a", 2), ("b", 1)]) == "b"
    assert (other.held("a"), other.held("b")) == (1, 1)
    one.leave(["b"])
    assert other.enter([("a", 2), ("b", 1)]) is None
    assert one.enter([("a", 2)]) == "a"
    one.leave(["a", "a"])
    other.leave(["a", "b"])
    assert (one.held("a"), one.held("b")) == (0, 0)
    assert one.enter([]) is None
    one.leave([])
    assert one.enter([("c", 2**62)]) is None


def test_a_node_that_died_holds_nothing_after_its_lease(server: RedisServer) -> None:
    """One that says it is there holds on."""
    server.command("FLUSHALL")
    dead, alive, asks = (places(server, lease=0.6) for _ in range(3))
    assert dead.enter([("a", 2)]) is None and alive.enter([("a", 2)]) is None
    assert asks.enter([("a", 2)]) == "a"
    for _ in range(4):
        time.sleep(0.2)
        alive.renew()
    assert asks.enter([("a", 2)]) is None
    assert asks.enter([("a", 2)]) == "a"


def test_an_answer_that_was_lost_leaves_no_place_taken(server: RedisServer) -> None:
    """What a process holds is written whole each time."""
    server.command("FLUSHALL")
    mine, asks = places(server), places(server)
    assert mine.enter([("a", 3)]) is None
    server.kill()
    with pytest.raises(StateError):
        mine.leave(["a"])
    server.start()
    time.sleep(0.6)
    assert asks.held("a") == 1
    mine.renew()
    assert asks.held("a") == 0
