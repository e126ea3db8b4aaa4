"""A real server over TLS: known by its CA, asked as an ACL user, away and back."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import redis_server
from redis_server import RedisServer

from excise.errors import ConfigError, StateError
from excise.model import Halt
from excise.state.counters import Charge
from excise.state.kill import KillSwitch
from excise.state.remote import LONGEST_PAUSE, PATIENCE, Remote, check_url, open_remote
from excise.state.remote_counters import RemoteCounters
from excise.state.remote_places import RemotePlaces
from excise.state.remote_shelf import RemoteGrants, RemoteShelf, RemoteSwitch

pytestmark = redis_server.needed


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    made = RedisServer(tmp_path_factory.mktemp("redis")).start()
    yield made
    made.kill()


def ping(client: object) -> object:
    return client.get("excise:x")  # type: ignore[attr-defined]


def test_it_is_asked_over_tls_as_its_user(server: RedisServer) -> None:
    remote = open_remote(server.url, ca=server.ca)
    assert remote.ask(lambda client: client.set("excise:x", b"1"))
    assert remote.ask(ping) == b"1"
    with pytest.raises(StateError) as caught:
        remote.ask(lambda client: client.get("others"))
    assert caught.value.code == "EXC-STA-006" and not remote.is_away()
    remote.close()
    assert server.password not in repr(remote) + str(caught.value)


async def test_on_an_event_loop_it_is_waited_for_shortly(server: RedisServer) -> None:
    """And what is not there so soon is not away."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        remote = open_remote(f"redis://127.0.0.1:{port}")
        with pytest.raises(StateError, match="TimeoutError"):
            remote.ask(ping)
        assert not remote.is_away()
        with pytest.raises(StateError, match="TimeoutError"):
            await asyncio.to_thread(remote.ask, ping)
        assert remote.is_away()
        remote.close()


def test_a_cluster_takes_all_of_it(tmp_path: Path) -> None:
    """What is written together lies in one slot; the rest anywhere."""
    server = RedisServer(tmp_path, cluster=True).start()
    try:
        remote = open_remote(server.url, ca=server.ca, cluster=True)
        counters, places = RemoteCounters(remote), RemotePlaces(remote)
        wanted = [Charge("a", 2, 60, 1), Charge("b/principal=ann", 5, 60, 2)]
        assert counters.take(wanted) is None and counters.take(wanted) is None
        denied = counters.take(wanted)
        assert denied is not None and denied.charge.key == "a"
        assert counters.keys() == {"a": (2, 60), "b/principal=ann": (5, 60)}
        assert counters.reset("b") == 1
        assert places.enter([("a", 1), ("b", 1)]) is None and places.enter([("b", 1)]) == "b"
        shelf = RemoteShelf(remote)
        shelf.put({bytes([each]): b"value" for each in range(20)}, 60)
        assert all(shelf.get(bytes([each])) == b"value" for each in range(20))
        grants, switch = RemoteGrants(remote), RemoteSwitch(remote, KillSwitch(tmp_path))
        assert grants.spend("token", 60) and not grants.spend("token", 60)
        switch.turn_on()
        assert switch.halt() is Halt.SWITCHED and switch.turn_off()
        with pytest.raises(StateError):
            remote.ask(lambda client: client.eval("return 1", 2, "excise:a", "excise:b"))
    finally:
        server.kill()


@pytest.mark.parametrize("wrong", ["ca", "password"])
def test_another_certificate_or_password_is_refused(server: RedisServer, wrong: str) -> None:
    url = server.url.replace(server.password, "x" * 24) if wrong == "password" else server.url
    remote = open_remote(url, ca=server.ca if wrong == "password" else None)
    with pytest.raises(StateError, match="EXC-STA-006") as caught:
        remote.ask(ping)
    assert server.password not in str(caught.value) and "x" * 24 not in str(caught.value)


@pytest.mark.parametrize(
    "url,code",
    [
        ("redis://redis.example", "EXC-CFG-005"),
        ("http://127.0.0.1", "EXC-CFG-001"),
        ("rediss://", "EXC-CFG-001"),
        ("rediss://host:99999", "EXC-CFG-001"),
        ("rediss://host/x", "EXC-CFG-001"),
        ("rediss://host?ssl_cert_reqs=none", "EXC-CFG-001"),
        ("redis://127.0.0.1:6379/0", ""),
        ("rediss://ann:secret@redis.example:6380/2", ""),
    ],
)
def test_addresses(url: str, code: str) -> None:
    """Without TLS on this machine alone; and nothing that takes the checks of TLS away."""
    if not code:
        check_url(url)
        return
    with pytest.raises(ConfigError) as caught:
        check_url(url)
    assert caught.value.code == code and "secret" not in str(caught.value)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Away(Exception):
    """What a client raises that reaches nobody."""


def test_nobody_waits_for_one_that_is_away() -> None:
    """It is tried again after a pause that doubles, up to a limit."""
    clock, asked = Clock(), []
    remote = Remote(None, lost=(Away,), faults=(Away,), clock=clock)

    def call(_: object) -> str:
        asked.append(clock.now)
        if clock.now < 100:
            raise Away("secret")
        return "there"

    while clock.now < 100:
        with pytest.raises(StateError) as caught:
            remote.ask(call)
        assert "secret" not in str(caught.value) and remote.is_away()
        clock.now += 0.25
    gaps = [after - before for before, after in pairwise(asked)]
    assert gaps[:5] == [0.25, 0.5, 1.0, 2.0, 4.0] and set(gaps[5:]) == {LONGEST_PAUSE}
    clock.now += LONGEST_PAUSE
    assert remote.ask(call) == "there" and not remote.is_away()


def test_one_that_says_nothing_is_waited_for_so_long_at_most(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        remote = open_remote(f"redis://127.0.0.1:{silent.getsockname()[1]}")
        before = time.monotonic()
        with pytest.raises(StateError):
            remote.ask(ping)
        assert time.monotonic() - before < 6 * PATIENCE
        assert remote.is_away()
