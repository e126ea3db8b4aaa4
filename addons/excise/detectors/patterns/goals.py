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

    def keep(self, hits: Sequence[int], bits: int) -> list[int]:
        """Of hits, each where it ends in bytes and in the lowest `bits` the number of its
        expression, in order, the leads that may go on."""
        nearest = [_NOWHERE] * self._count
        mask, leads, goals = (1 << bits) - 1, self._leads, self._wanted
        kept = []
        for hit in reversed(hits):
            number = hit & mask
            if number >= leads:
                for goal in self._holding[number - leads]:
                    nearest[goal] = hit >> bits
                continue
            wanted = goals[number]
            if wanted is None or nearest[wanted[0]] - (hit >> bits) <= wanted[1]:
                kept.append(hit)
        kept.reverse()
        return kept
