"""Settings → where budgets, placeholders, overrides, pins and the kill switch are kept: in this
process, in files of this node, or on a server that nodes share."""

from __future__ import annotations

import time

from excise.config import Settings
from excise.errors import ConfigError
from excise.state.counters import Counters, MemoryCounters, SqliteCounters
from excise.state.keys import adopt_key
from excise.state.kill import KillSwitch
from excise.state.overrides import FileGrants
from excise.state.pins import NAME, SqlitePins
from excise.state.ports import Grants, PinBoard, Switch
from excise.state.remote import Remote, check_url, open_remote
from excise.state.remote_counters import RemoteCounters
from excise.state.remote_pins import RemotePins
from excise.state.remote_shelf import RemoteGrants, RemoteSwitch
from excise.state.shared import Shared, open_shared, share_with_nodes


def check_nodes(config: Settings) -> None:
    """Refuse what cannot be shared, and put the key of the nodes into this node's key file. Raises
    `ConfigError`, `StateError`."""
    if config.redis:
        check_url(config.redis)
    if config.redis and not config.nodes_key:
        raise ConfigError(
            "EXC-CFG-001",
            "redis needs nodes-key: 64 hex digits, the same on every node.",
            hint="Make one: openssl rand -hex 32",
        )
    if config.nodes_key:
        adopt_key(config.state_dir / "key", config.nodes_key)


def open_ledger(config: Settings, run_key: bytes = b"") -> Shared | None:
    """What this process shares with others: with those of all nodes, or with the workers of one run
    that have `run_key`; None where it is alone. Raises `ConfigError`, `StateError`."""
    if config.redis:
        key = bytes.fromhex(config.nodes_key)
        return share_with_nodes(_remote(config), config.state_dir, key)
    return open_shared(config.state_dir, run_key) if run_key else None


def counters_of(config: Settings) -> Counters:
    """Where limits are counted. Raises `ConfigError`, `StateError`."""
    if config.redis:
        return RemoteCounters(_remote(config))
    if config.limits_store == "memory":
        return MemoryCounters(time.time)
    return SqliteCounters(config.state_dir / "limits.db", time.time)


def grants_of(config: Settings) -> Grants:
    """Where grants are written down. Raises `ConfigError`."""
    return RemoteGrants(_remote(config)) if config.redis else FileGrants(config.state_dir)


def pins_of(config: Settings) -> PinBoard:
    """Where the definitions of tools are pinned. Raises `ConfigError`."""
    return RemotePins(_remote(config)) if config.redis else SqlitePins(config.state_dir / NAME)


def switch_of(config: Settings) -> Switch:
    """The kill switch. Raises `ConfigError`."""
    own = KillSwitch(config.state_dir)
    return RemoteSwitch(_remote(config), own) if config.redis else own


def _remote(config: Settings) -> Remote:
    return open_remote(config.redis, ca=config.redis_ca, cluster=config.redis_cluster)
