"""Hits → those that may become a match, by what must stand behind them.

Many signatures begin with words of ordinary text and go on with rarer ones. Both are looked for in
one pass; a lead without its goal within reach is no hit.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from excise.rules.compile import Goal

_NOWHERE: Final = 1 << 62


class Goals:
    """Knows which expressions are leads with a goal, and which stand for literals of goals."""

    def __init__(
        self, goals: Sequence[Goal | None], *, free: Collection[int] = frozenset()
    ) -> None:
        """`goals` of each lead, by its number; the literals are numbered behind the leads. Leads
        that are `free` are kept wherever they stand."""
        sets = list(dict.fromkeys(each.literals for each in goals if each))
        numbers = {each: number for number, each in enumerate(sets)}
        self.literals = tuple(sorted({literal for each in sets for literal in each}))
        self._leads = len(goals)
        self._wanted = [
            (numbers[each.literals], each.within) if each and lead not in free else None
            for lead, each in enumerate(goals)
        ]
        self._holding = [
            tuple(number for each, number in numbers.items() if literal in each)
            for literal in self.literals
        ]
        self._count = len(sets)

    def keep(self, found: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """Of ends in bytes and numbers of expressions, in order, the leads that may go on."""
        nearest = [_NOWHERE] * self._count
        kept = []
        for hit in reversed(found):
            end, number = hit
            if number >= self._leads:
                for goal in self._holding[number - self._leads]:
                    nearest[goal] = end
                continue
            wanted = self._wanted[number]
            if wanted is None or nearest[wanted[0]] - end <= wanted[1]:
                kept.append(hit)
        kept.reverse()
        return kept
