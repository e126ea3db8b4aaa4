"""What outlives an exchange, as protocols small enough to fake in a few lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

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
