"""How much may be tried in one text: texts can be made in which each pattern begins everywhere.

Only what comes to nothing counts: an attempt that fails, or a match that is dropped. Findings are
free, so that a list of a million card numbers is read to its end. No one rule may take all.
"""

from __future__ import annotations

from typing import Final

# In microseconds, roughly, of a quiet core; held by `excise bench --detection`.
_LEAST: Final = 60_000
_FOR_EACH: Final = 3.0  # further ones for each character
_OF_A_RULE: Final = 0.6  # of all, for one rule
_ATTEMPT: Final = 3
_WIDTH: Final = 24  # characters of a match that add one
_WIDEST: Final = 256  # but those behind, which a match that fails hardly ever comes to


class Work:
    """What may be tried in one text and its views; `exhausted` tells that something was not."""

    __slots__ = ("_for_one", "_left", "_taken", "exhausted")

    def __init__(self, size: int) -> None:
        """For a text of so many characters."""
        self._left = _LEAST + _FOR_EACH * size
        self._for_one = self._left * _OF_A_RULE
        self._taken: dict[str, float] = {}
        self.exhausted = False

    def lose(self, rule: str, width: int) -> bool:
        """Count what came to nothing for a rule whose matches may be so wide; whether it may go
        on."""
        cost = _ATTEMPT + min(width, _WIDEST) / _WIDTH
        taken = self._taken[rule] = self._taken.get(rule, 0.0) + cost
        self._left -= cost
        if self._left > 0 and taken < self._for_one:
            return True
        self.exhausted = True
        return False
