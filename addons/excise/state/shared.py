"""What processes share: the workers of one node in a file, nodes on a server."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final, NamedTuple

from excise.state.counters import Counters
from excise.state.keys import derive
from excise.state.kill import KillSwitch
from excise.state.memory import MemoryVault
from excise.state.overrides import FileGrants
from excise.state.places import SqlitePlaces
from excise.state.ports import Grants, Places, Shelf, Switch
from excise.state.remote import Remote
from excise.state.remote_counters import RemoteCounters
from excise.state.remote_places import RemotePlaces
from excise.state.remote_shelf import RemoteGrants, RemoteShelf, RemoteSwitch
from excise.state.shelf import SqliteShelf
from excise.state.vault import SharedVault

NAME: Final = "workers.db"


class Shared(NamedTuple):
    """Handed to every worker; `key` encrypts what lies on the shelf. `counters` are those of all
    nodes, None where each node has its own."""

    shelf: Shelf
    places: Places
    key: bytes
    grants: Grants
    switch: Switch
    counters: Counters | None = None

    def __repr__(self) -> str:
        return "<Shared>"

    def vault(self) -> SharedVault:
        """A vault in which every worker finds what another one kept."""
        own = MemoryVault(clock=time.monotonic)
        return SharedVault(self.shelf, self.key, own=own, clock=time.monotonic)


def open_shared(state_dir: Path, key: bytes) -> Shared:
    """For one worker process, in the file of this node. Raises `StateError`."""
    path = state_dir / NAME
    return Shared(
        SqliteShelf(path, time.time),
        SqlitePlaces(path, os.getpid()),
        key,
        FileGrants(state_dir),
        KillSwitch(state_dir),
    )


def share_with_nodes(remote: Remote, state_dir: Path, key: bytes) -> Shared:
    """For one process of a node; `key` is the one that all nodes were given."""
    return Shared(
        RemoteShelf(remote),
        RemotePlaces(remote),
        derive(key, "nodes"),
        RemoteGrants(remote),
        RemoteSwitch(remote, KillSwitch(state_dir)),
        RemoteCounters(remote),
    )
