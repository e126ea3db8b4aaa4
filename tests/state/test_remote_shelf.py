"""Names that nodes share: each for a while, spent once, told to all."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis_server
from redis_server import RedisServer

from excise.errors import StateError
from excise.model import Halt
from excise.state.kill import KillSwitch
from excise.state.remote import Remote, open_remote
from excise.state.remote_shelf import RemoteGrants, RemoteShelf, RemoteSwitch

pytestmark = redis_server.needed
ID = "0" * 32


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    made = RedisServer(tmp_path_factory.mktemp("redis")).start()
    yield made
    made.kill()


@pytest.fixture
def remote(server: RedisServer) -> Iterator[Remote]:
    server.command("FLUSHALL")
    made = open_remote(server.url, ca=server.ca)
    yield made
    made.close()


def test_what_is_put_is_found_until_its_time_is_over(remote: Remote) -> None:
    shelf = RemoteShelf(remote)
    shelf.put({b"a": b"1", b"\xff\x00": b"2"}, 0.3)
    shelf.put({b"b": b"3"}, 60)
    shelf.sweep()
    assert [shelf.get(name) for name in (b"a", b"\xff\x00", b"b", b"c")] == [b"1", b"2", b"3", None]
    time.sleep(0.35)
    assert (shelf.get(b"a"), shelf.get(b"b")) == (None, b"3")


def test_a_token_is_spent_once_and_a_grant_is_redeemed_once(remote: Remote) -> None:
    one, other = RemoteGrants(remote), RemoteGrants(remote)
    assert one.spend("token", 60) and not other.spend("token", 60)
    assert other.redeem(ID) is None
    one.grant(ID, "for the audit", 60)
    assert (other.redeem(ID), one.redeem(ID)) == ("for the audit", None)


def test_the_switch_is_for_all_nodes(remote: Remote, tmp_path: Path) -> None:
    one = RemoteSwitch(remote, KillSwitch(tmp_path / "one"))
    other = RemoteSwitch(remote, KillSwitch(tmp_path / "other"), clock=iter(range(99)).__next__)
    assert one.halt() is None is other.halt()
    one.turn_on("an incident")
    assert one.halt() is Halt.SWITCHED is other.halt() and other.reason() == "an incident"
    assert other.turn_off() and other.halt() is None and not other.turn_off()


def test_while_the_server_is_away_everything_is_closed(
    server: RedisServer, remote: Remote, tmp_path: Path
) -> None:
    """Refused, not spent; the switch of this node can still be moved."""
    switch, grants = RemoteSwitch(remote, KillSwitch(tmp_path)), RemoteGrants(remote)
    server.kill()
    try:
        assert (
            switch.halt() is Halt.AWAY and not grants.spend("other", 60) and switch.reason() == ""
        )
        with pytest.raises(StateError):
            grants.redeem(ID)
        with pytest.raises(StateError):
            switch.turn_on("here")
        assert KillSwitch(tmp_path).halt() is Halt.SWITCHED is switch.halt()
        assert switch.reason() == "here"
    finally:
        server.start()
    time.sleep(1)
    assert switch.halt() is Halt.SWITCHED, "its own file holds"
    assert switch.turn_off() and switch.halt() is None
