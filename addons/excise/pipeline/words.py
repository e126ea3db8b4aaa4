"""Whose and what texts an answer has spelled out so far."""

from __future__ import annotations

from excise.model import Part, Role, Segment
from excise.policy.running import Progress
from excise.text.tokencount import Tally


class Words:
    """Counts as the texts come. Not for several threads."""

    def __init__(self, encoding: str) -> None:
        """`encoding` names the tokens that are estimated."""
        self.tally = Tally(encoding)
        self._size = 0
        self._roles: set[Role] = set()
        self._parts: set[Part] = set()

    def add(self, segment: Segment) -> None:
        """The next piece."""
        self.tally.add(segment.text)
        self._size += len(segment.text)
        self._roles.add(segment.role)
        self._parts.add(segment.part)

    def progress(self) -> Progress:
        """What has come."""
        roles, parts = frozenset(self._roles), frozenset(self._parts)
        return Progress(self._size, self.tally.tokens, roles, parts)
