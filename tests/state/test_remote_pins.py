"""What is kept of tools for all nodes."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis_server
from redis_server import RedisServer
from state.test_pins import keeps

from excise.errors import StateError
from excise.state.remote import open_remote
from excise.state.remote_pins import RemotePins

pytestmark = redis_server.needed


def test_nodes_find_what_the_other_kept_and_the_oldest_server_goes_first(tmp_path: Path) -> None:
    """On a cluster, whose keys lie apart; away, nothing is made up."""
    server = RedisServer(tmp_path, cluster=True).start()
    try:
        remotes = [open_remote(server.url, ca=server.ca, cluster=True) for _ in range(2)]
        keeps(*(RemotePins(each) for each in remotes))
        few = RemotePins(remotes[0], most=2)
        for name in ("b", "c", "d"):
            few.write(name, {"x": b"1"})
        few.write("c", {"y": b"2"})
        assert few.servers() == ["d", "c"] and few.read("a") == few.read("b") == {}
    finally:
        server.kill()
    with pytest.raises(StateError, match="EXC-STA-006"):
        few.read("c")
