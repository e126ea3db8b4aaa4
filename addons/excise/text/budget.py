"""How much may be decoded for one message: what is encoded in it can be far longer than it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MOST_CHARACTERS: Final = 256 * 1024  # decoded from one message, all texts and depths together
MOST_RUNS: Final = 64  # base64, packed, hex and spaced runs of one message; escapes are cheap

Replaced = tuple[int, int, str]  # start and end of a stretch of a text, and what it stands for


@dataclass(slots=True)
class Budget:
    """Spent from the first text of a message to the last; `exhausted` tells that something was
    left undecoded since it was last set to False."""

    runs: int = MOST_RUNS
    characters: int = MOST_CHARACTERS
    exhausted: bool = False

    def take(self, runs: int, characters: int) -> bool:
        """Whether there was room for so much; then it is taken."""
        if runs > self.runs or characters > self.characters:
            return False
        self.runs -= runs
        self.characters -= characters
        return True

    def spend(self, found: list[Replaced], runs: int) -> list[Replaced]:
        """Those of `found` that there is still room for, from left to right; of two that overlap
        the first."""
        self.runs -= runs
        left, last = self.characters, 0
        kept: list[Replaced] = []
        for each in sorted(found):
            if each[0] < last:
                continue
            last = each[1]
            left -= len(each[2])
            if left < 0:
                self.exhausted = True
                return kept
            self.characters = left
            kept.append(each)
        return kept
