"""Which settings lead to which store."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from excise.config import Settings
from excise.errors import ConfigError, StateError
from excise.ledger import check_nodes, counters_of, grants_of, open_ledger, switch_of
from excise.state.keys import load_or_create_key

URL = "redis://127.0.0.1:1"  # nobody is asked before something is wanted of it


def config(tmp_path: Path, **told: object) -> Settings:
    return Settings(state_dir=tmp_path, ca_dir=tmp_path, audit=tmp_path / "a", **told)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "told,names",
    [
        ({}, ("SqliteCounters", "FileGrants", "KillSwitch")),
        ({"limits_store": "memory"}, ("MemoryCounters", "FileGrants", "KillSwitch")),
        ({"redis": URL, "nodes_key": "0" * 64}, ("RemoteCounters", "RemoteGrants", "RemoteSwitch")),
        (
            {"redis": URL, "nodes_key": "0" * 64, "limits_store": "memory"},
            ("RemoteCounters", "RemoteGrants", "RemoteSwitch"),
        ),
    ],
)
def test_stores(tmp_path: Path, told: dict[str, object], names: tuple[str, ...]) -> None:
    made = config(tmp_path, **told)
    found = counters_of(made), grants_of(made), switch_of(made)
    assert tuple(type(each).__name__ for each in found) == names


def test_one_is_alone_workers_share_a_file_and_nodes_a_server(tmp_path: Path) -> None:
    assert open_ledger(config(tmp_path)) is None
    workers = open_ledger(config(tmp_path), bytes(32))
    assert workers is not None and workers.counters is None
    told = config(tmp_path, redis=URL, nodes_key="ab" * 32)
    nodes = open_ledger(told, bytes(32))
    assert nodes is not None and nodes.counters is not None
    assert nodes.key not in (bytes(32), bytes.fromhex("ab" * 32))
    assert "ab" * 32 not in repr(told) and URL not in repr(told)


def test_all_nodes_have_the_key_they_were_given(tmp_path: Path) -> None:
    """A node that had another one says so and does not start."""
    digits = secrets.token_hex(32)
    for _ in range(2):
        check_nodes(config(tmp_path, redis=URL, nodes_key=digits))
        assert load_or_create_key(tmp_path / "key").hex() == digits
    with pytest.raises(StateError) as caught:
        check_nodes(config(tmp_path, nodes_key=secrets.token_hex(32)))
    assert caught.value.code == "EXC-STA-002"
    with pytest.raises(ConfigError, match="nodes-key"):
        check_nodes(config(tmp_path, redis=URL))
    with pytest.raises(ConfigError, match="TLS"):
        check_nodes(config(tmp_path, redis="redis://redis.example", nodes_key=digits))
    check_nodes(config(tmp_path))
