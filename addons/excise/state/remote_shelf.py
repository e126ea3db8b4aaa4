"""What several nodes share by name: a shelf, overrides that were granted or used, the switch."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Final

from excise.errors import StateError
from excise.model import Halt
from excise.state.kill import KillSwitch
from excise.state.ports import Clock
from excise.state.remote import Remote

_SHELF: Final = "excise:shelf:"
_SPENT: Final = "excise:spent:"
_GRANTED: Final = "excise:granted:"
_KILL: Final = "excise:kill"
LOOK: Final = 1.0  # seconds for which what the switch said is taken for what it says


class RemoteShelf:
    """Implements `Shelf`; each name lies wherever a cluster puts it."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    def __repr__(self) -> str:
        return "<RemoteShelf>"

    def put(self, items: Mapping[bytes, bytes], seconds: float) -> None:
        """Keep these for so long. Raises `StateError`."""
        names = {_SHELF + name.hex(): value for name, value in items.items()}
        lasting = int(seconds * 1000)

        def put_all(client: object) -> None:
            with client.pipeline(transaction=False) as pipe:  # type: ignore[attr-defined]
                for name, value in names.items():
                    pipe.set(name, value, px=lasting)
                pipe.execute()

        self._remote.ask(put_all)

    def get(self, name: bytes) -> bytes | None:
        """What is kept under a name, or None. Raises `StateError`."""
        found: bytes | None = self._remote.ask(lambda client: client.get(_SHELF + name.hex()))
        return found

    def sweep(self) -> None:
        """The server forgets by itself."""


class RemoteGrants:
    """Implements `Grants`: of several nodes that ask at once, one is given."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    def __repr__(self) -> str:
        return "<RemoteGrants>"

    def spend(self, name: str, seconds: float) -> bool:
        """Whether this name had not been spent; False where that cannot be written down."""
        lasting = int(seconds * 1000)
        try:
            return bool(self._remote.ask(lambda c: c.set(_SPENT + name, b"1", nx=True, px=lasting)))
        except StateError:
            return False

    def grant(self, reference: str, because: str, seconds: float) -> None:
        """Keep a reason under a reference. Raises `StateError`."""
        told, lasting = because.encode(), int(seconds * 1000)
        self._remote.ask(lambda client: client.set(_GRANTED + reference, told, px=lasting))

    def redeem(self, reference: str) -> str | None:
        """The reason under a reference, which is gone by asking. Raises `StateError`."""
        found = self._remote.ask(lambda client: client.getdel(_GRANTED + reference))
        return None if found is None else bytes(found).decode()


class RemoteSwitch:
    """Implements `Switch` for all nodes; the file of this node counts as well."""

    def __init__(self, remote: Remote, own: KillSwitch, *, clock: Clock = time.monotonic) -> None:
        self._remote = remote
        self._own = own
        self._clock = clock
        self._lock = threading.Lock()
        self._seen = False
        self._until = float("-inf")

    @property
    def place(self) -> str:
        """Where it is."""
        return _KILL

    def halt(self) -> Halt | None:
        """Why traffic is to be refused, if it is; also where nobody can tell."""
        with self._lock:
            # Where others were not answered, what was seen a moment ago says nothing.
            if self._clock() >= self._until or self._remote.is_away():
                try:
                    self._seen = bool(self._remote.ask(lambda client: client.exists(_KILL)))
                    self._until = self._clock() + LOOK
                except StateError:
                    return self._own.halt() or Halt.AWAY
        return Halt.SWITCHED if self._seen else self._own.halt()

    def turn_on(self, why: str = "") -> None:
        """Refuse from now on, on all nodes; where those cannot be told, on this one. Raises
        `StateError`."""
        try:
            self._remote.ask(lambda client: client.set(_KILL, f"{why}\n".encode()))
        except StateError:
            self._own.turn_on(why)
            raise
        finally:
            self._until = float("-inf")

    def turn_off(self) -> bool:
        """Let traffic pass again; whether it was on. Raises `StateError`."""
        gone = self._remote.ask(lambda client: client.delete(_KILL))
        self._until = float("-inf")
        return self._own.turn_off() or bool(gone)

    def reason(self) -> str:
        """What was said when it was turned on."""
        try:
            said = self._remote.ask(lambda client: client.get(_KILL)) or b""
        except StateError:
            said = b""
        return bytes(said).decode("utf-8", "replace").strip() or self._own.reason()
