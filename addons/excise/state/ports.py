"""What outlives an exchange, as protocols small enough to fake in a few lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from excise.model import Halt

Clock = Callable[[], float]
"""Seconds, never going backwards: `time.monotonic` outside tests."""


class Vault(Protocol):
    """Which placeholder stands for which value, each principal apart."""

    def keep(self, principal: str, kept: Mapping[str, str]) -> None:
        """Remember values by their placeholders."""
        ...

    def find(self, principal: str, placeholder: str) -> str | None:
        """The value this principal sent, or None: never what another one sent."""
        ...


class Shelf(Protocol):
    """What several processes or nodes hold in common: bytes by name, each for a while.

    All of it may be gone at any time; then what was kept is not found. Safe to use from several
    threads. Every method may raise `StateError`.
    """

    def put(self, items: Mapping[bytes, bytes], seconds: float) -> None:
        """Keep these for so long from now on; what stood under a name is replaced."""
        ...

    def get(self, name: bytes) -> bytes | None:
        """What is kept under a name, or None."""
        ...

    def sweep(self) -> None:
        """Forget what is over, and the oldest of what is too much."""
        ...


class Places(Protocol):
    """How many exchanges are under way at once, by name, in all processes that share it.

    Safe to use from several threads. Every method may raise `StateError`.
    """

    def enter(self, wanted: Sequence[tuple[str, int]]) -> str | None:
        """Take a place under each name, of at most so many; or none of them, and the name that is
        full."""
        ...

    def leave(self, names: Iterable[str]) -> None:
        """Give places back."""
        ...

    def held(self, name: str) -> int:
        """How many places are taken."""
        ...

    def renew(self) -> None:
        """Say that this process is still there; called every minute."""
        ...


class Grants(Protocol):
    """Override tokens that were used, and refusals that may pass once more.

    Safe to use from several threads; `grant` and `redeem` may raise `StateError`.
    """

    def spend(self, name: str, seconds: float) -> bool:
        """Whether this name had not been spent; it is, for so long from now on. False where that
        cannot be written down."""
        ...

    def grant(self, reference: str, because: str, seconds: float) -> None:
        """Keep a reason under a reference for so long."""
        ...

    def redeem(self, reference: str) -> str | None:
        """The reason under a reference, which is gone by asking: of several who ask, one has it."""
        ...


class PinBoard(Protocol):
    """What is kept of the tools of each server, by names that are keyed digests.

    Safe to use from several threads. Every method may raise `StateError`.
    """

    def read(self, server: str) -> Mapping[str, bytes]:
        """All that is kept of a server."""
        ...

    def write(self, server: str, pins: Mapping[str, bytes]) -> None:
        """Keep these beside the others, in the place of those of the same name."""
        ...

    def servers(self) -> list[str]:
        """Every server of which something is kept."""
        ...

    def forget(self, server: str, names: Sequence[str]) -> None:
        """Keep these no longer."""
        ...


class Switch(Protocol):
    """The kill switch. All but `halt` and `reason` may raise `StateError`."""

    @property
    def place(self) -> str:
        """Where it is, for people."""
        ...

    def halt(self) -> Halt | None:
        """Why traffic is to be refused, if it is; also where nobody can tell."""
        ...

    def turn_on(self, why: str = "") -> None:
        """Refuse from now on."""
        ...

    def turn_off(self) -> bool:
        """Let traffic pass again; whether it was on."""
        ...

    def reason(self) -> str:
        """What was said when it was turned on."""
        ...
