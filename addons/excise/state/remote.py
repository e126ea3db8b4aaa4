"""The connection to what several nodes share: Redis or Valkey, by redis-py.

Whoever asks waits for so long at most; while the server is away nobody waits for it, and it is
tried again after a pause that doubles. Each fault is a `StateError`: what could not be looked up or
written down does not pass.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from excise.errors import ConfigError, StateError
from excise.state.ports import Clock

log = logging.getLogger("excise.state")
T = TypeVar("T")

PATIENCE: Final = 0.5  # seconds to connect, and to answer
HASTE: Final = 0.1  # the same on an event loop, where all other traffic waits as well
FIRST_PAUSE: Final = 0.25  # seconds in which nobody asks, after it did not answer; doubled
LONGEST_PAUSE: Final = 5.0
_CONNECTIONS: Final = 64
_SCHEMES: Final = frozenset({"redis", "rediss"})
_HERE: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class Remote:
    """A server, or a cluster of them. Thread-safe; each process opens one of its own."""

    def __init__(
        self,
        client: Any,
        *,
        hasty: Any = None,
        lost: tuple[type[Exception], ...],
        faults: tuple[type[Exception], ...],
        clock: Clock = time.monotonic,
    ) -> None:
        """`client` is one of redis-py, `hasty` another for event loops; `lost` is what they raise
        where the server does not answer, and `faults` what all their exceptions are."""
        self._client = client
        self._hasty = hasty or client
        self._lost = lost
        self._faults = faults
        self._clock = clock
        self._lock = threading.Lock()
        self._pause = 0.0
        self._until = 0.0

    def __repr__(self) -> str:
        return "<Remote>"

    def ask(self, call: Callable[[Any], T]) -> T:
        """What `call` makes of the client. Raises `StateError` (EXC-STA-006)."""
        hasty = _is_on_loop()
        with self._lock:
            if self._clock() < self._until:
                raise _away("it did not answer a moment ago")
        try:
            answer = call(self._hasty if hasty else self._client)
        except self._lost as fault:
            if not hasty:  # which may be too short a time to say that it is away
                self._rest(type(fault).__name__)
            raise _away(type(fault).__name__) from None
        except self._faults as fault:
            # What a server says may repeat what it was told.
            raise _away(f"it refused: {type(fault).__name__}") from None
        if self._pause:
            self._back()
        return answer

    def run(self, script: str, keys: Sequence[str], words: Sequence[str | int]) -> Any:
        """What a script answers; its keys must lie in one slot. Raises `StateError`."""
        return self.ask(lambda client: client.eval(script, len(keys), *keys, *words))

    def is_away(self) -> bool:
        """Whether it did not answer when it was last asked."""
        return self._pause > 0

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()
        self._hasty.close()

    def _rest(self, why: str) -> None:
        with self._lock:
            if not self._pause:
                log.error("what nodes share does not answer (%s)", why)
            self._pause = min(LONGEST_PAUSE, self._pause * 2) or FIRST_PAUSE
            self._until = self._clock() + self._pause

    def _back(self) -> None:
        with self._lock:
            self._pause = self._until = 0.0
        log.warning("what nodes share answers again")


def _is_on_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def check_url(url: str) -> None:
    """`redis[s]://[USER:PASSWORD@]HOST[:PORT][/NUMBER]`, over TLS beyond this machine. Raises
    `ConfigError`; the text is not repeated, as it may hold a password."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in _SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or parts.query or (not parts.path.strip("/").isdecimal() and parts.path.strip("/")):
        raise ConfigError(
            "EXC-CFG-001", "redis cannot be read; wanted rediss://USER:PASSWORD@HOST:PORT."
        )
    if parts.scheme == "redis" and parts.hostname not in _HERE:
        raise ConfigError(
            "EXC-CFG-005",
            "redis without TLS would show passwords and principals to the network.",
            hint="Write rediss://, or reach it through this machine.",
        )


def open_remote(url: str, *, ca: Path | None = None, cluster: bool = False) -> Remote:
    """A connection, made when it is first needed. `ca` are the certificates it may be vouched for
    by, in place of the system's. Raises `ConfigError`."""
    check_url(url)
    try:
        # Of the extra `redis`; loaded where it is asked for.
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError:
        raise ConfigError(
            "EXC-CFG-004", "the extra redis is not installed.", hint="pip install 'excise[redis]'"
        ) from None
    lost = (redis.ConnectionError, redis.TimeoutError)
    faults = (redis.RedisError, redis.exceptions.RedisClusterException)
    told: dict[str, Any] = {
        "socket_timeout": PATIENCE,
        "socket_connect_timeout": PATIENCE,
        "max_connections": _CONNECTIONS,
        # Once more, at once: the server may have closed what was idle.
        "retry": Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    }
    if url.startswith("rediss:"):
        told |= {"ssl_ca_certs": str(ca) if ca else _system_roots()}
    kind: Any = redis.RedisCluster if cluster else redis.Redis
    try:
        client = kind.from_url(url, **told)
        brief = {"socket_timeout": HASTE, "socket_connect_timeout": HASTE}
        hasty = kind.from_url(url, **(told | brief))
    except lost as fault:  # a cluster is asked for its slots at once
        raise _away(type(fault).__name__) from None
    except faults as fault:
        raise _away(f"it refused: {type(fault).__name__}") from None
    return Remote(client, hasty=hasty, lost=lost, faults=faults)


def _system_roots() -> str | None:
    return ssl.get_default_verify_paths().cafile


def _away(why: str) -> StateError:
    return StateError("EXC-STA-006", f"what nodes share cannot be used ({why}).")
