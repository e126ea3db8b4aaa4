"""What the workers of one node share while they run: a shelf, places, and the key of this run."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final, NamedTuple

from excise.state.memory import MemoryVault
from excise.state.places import SqlitePlaces
from excise.state.ports import Places, Shelf
from excise.state.shelf import SqliteShelf
from excise.state.vault import SharedVault

NAME: Final = "workers.db"


class Shared(NamedTuple):
    """Handed to every worker; `key` encrypts what lies on the shelf."""

    shelf: Shelf
    places: Places
    key: bytes

    def __repr__(self) -> str:
        return "<Shared>"

    def vault(self) -> SharedVault:
        """A vault in which every worker finds what another one kept."""
        own = MemoryVault(clock=time.monotonic)
        return SharedVault(self.shelf, self.key, own=own, clock=time.monotonic)


def open_shared(state_dir: Path, key: bytes) -> Shared:
    """For one worker process, in the file of this node. Raises `StateError`."""
    path = state_dir / NAME
    return Shared(SqliteShelf(path, time.time), SqlitePlaces(path, os.getpid()), key)
