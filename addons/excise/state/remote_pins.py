"""What is kept of tools' definitions, for all nodes: a hash for each server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from excise.state.remote import Remote

MOST: Final = 10_000  # servers; those written to longest ago are forgotten first
_SERVERS: Final = "excise:pins"
_PREFIX: Final = "excise:pins:"


class RemotePins:
    """Implements `PinBoard` over a server that several nodes share."""

    def __init__(self, remote: Remote, *, most: int = MOST) -> None:
        self._remote = remote
        self._most = most

    def __repr__(self) -> str:
        return "<RemotePins>"

    def read(self, server: str) -> Mapping[str, bytes]:
        """All that is kept of a server. Raises `StateError`."""
        found = self._remote.ask(lambda client: client.hgetall(_PREFIX + server))
        return {bytes(name).decode(): bytes(value) for name, value in found.items()}

    def write(self, server: str, pins: Mapping[str, bytes]) -> None:
        """Keep these. Raises `StateError`."""

        def write(client: Any) -> None:
            client.hset(_PREFIX + server, mapping=dict(pins))
            seconds, micro = client.time()
            client.zadd(_SERVERS, {server: seconds + micro / 1e6})
            for gone in client.zrange(_SERVERS, 0, -self._most - 1):
                client.delete(_PREFIX + bytes(gone).decode())
                client.zrem(_SERVERS, gone)

        self._remote.ask(write)

    def servers(self) -> list[str]:
        """Every server of which something is kept. Raises `StateError`."""
        found = self._remote.ask(lambda client: client.zrange(_SERVERS, 0, -1))
        return [bytes(each).decode() for each in found]

    def forget(self, server: str, names: Sequence[str]) -> None:
        """Keep these no longer. Raises `StateError`."""

        def forget(client: Any) -> None:
            client.hdel(_PREFIX + server, *names)
            if not client.exists(_PREFIX + server):
                client.zrem(_SERVERS, server)

        if names:
            self._remote.ask(forget)
