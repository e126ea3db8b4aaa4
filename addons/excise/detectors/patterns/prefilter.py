"""What says where rules must be looked for, and the plain one that needs no other library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from excise.rules.compile import CompiledRule

# text index → rule index → sorted positions in that text, or None for anywhere in it
Hits = dict[int, dict[int, list[int] | None]]


class Prefilter(Protocol):
    """Finds in which texts which rules may match; may say too much, never too little."""

    def hits(self, texts: Sequence[str], labels: Sequence[str] = (), behind: int = 0) -> Hits:
        """Positions as `find_spans` takes them; `labels` has one for each text, or none at all.
        Nobody asks for matches that end before `behind` in a text."""
        ...

    def numbers(self, text: str) -> list[int] | None:
        """Where number words may end, as `speak` takes them; None: not known."""
        ...


class Everything:
    """Rules out nothing: the yardstick for the others."""

    def __init__(self, rules: Sequence[CompiledRule]) -> None:
        self._rules = range(len(rules))

    def hits(self, texts: Sequence[str], labels: Sequence[str] = (), behind: int = 0) -> Hits:
        """Every rule, anywhere in every text."""
        return {index: dict.fromkeys(self._rules) for index in range(len(texts))}

    def numbers(self, text: str) -> None:
        """Not known."""
