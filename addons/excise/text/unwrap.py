"""Texts with what is encoded in them decoded: what `packed` and `spelled` know, one in another.

A view shows each encoded run decoded in its place, so that the words around it still count, and
leaves out what is far from any. A finding in decoded text maps to the whole run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

import numpy as np

from excise.model import Span
from excise.text.budget import Budget, Replaced
from excise.text.offsets import OffsetMap
from excise.text.packed import find_packed, shape
from excise.text.seams import find_guessed, find_said, find_turned
from excise.text.spelled import find_apart, find_spelled

DEPTH: Final = 3
_KEPT: Final = 600  # characters around a run that a view shows: more than rules read of a line
_CUT: Final = "\n\0\n"  # stands for what a view leaves out; no rule matches across


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """A text with encoded runs decoded, `depth` times over, and the way back."""

    text: str = field(repr=False)
    depth: int
    _steps: tuple[OffsetMap, ...] = field(repr=False)

    def back(self, span: Span) -> Span:
        """The span in the original; a run is covered wholly or not at all."""
        for step in reversed(self._steps):
            span = step.back(span)
        return span


class Guess(Unwrapped):
    """A text as it may have been meant; only values of a form of their own count in it."""

    __slots__ = ()


def find_encoded(
    text: str, budget: Budget | None = None, *, nested: bool = False, growing: bool = False
) -> Iterator[Unwrapped]:
    """The view of `text` with its encoded runs decoded, then that of the view, to depth 3.

    `nested` says that backslash escapes of the text were decoded already, so that those still
    there are of a second layer. What the budget has no room for stays as it is. Of a `growing`
    text only that is decoded which is recognised by itself, wherever the text is cut before it.
    """
    budget = Budget() if budget is None else budget
    steps: tuple[OffsetMap, ...] = ()
    for depth in range(1, DEPTH + 1):
        replaced = _find(text, budget, nested=nested or depth > 1, growing=growing)
        if not replaced:
            return
        text, offsets = _view(text, replaced)
        steps = (*steps, offsets)
        yield Unwrapped(text, depth, steps)


def find_guesses(text: str) -> Iterator[Guess]:
    """The view without what may be seams between pieces of a value, and that of words turned."""
    shaped = shape(text)
    for found, kept in ((find_guessed(text, shaped), _KEPT), (find_turned(text, shaped), 0)):
        replaced = Budget().spend(list(found), 0)
        if replaced:
            shown, offsets = _view(text, replaced, kept)
            yield Guess(shown, 1, (offsets,))


def _find(text: str, budget: Budget, *, nested: bool, growing: bool) -> list[Replaced]:
    shaped = shape(text)
    runs = find_packed(text, shaped, budget)
    free = budget.runs - len(runs)
    if not growing:
        runs += islice(find_apart(text, shaped), free + 1)
    if len(runs) > budget.runs:
        budget.exhausted = True
        runs = sorted(runs)[: budget.runs]
    spelled = find_spelled(text, budget, nested=nested, growing=growing)
    said = () if growing else find_said(text)
    return budget.spend([*runs, *spelled, *said], len(runs))


def _view(text: str, replaced: list[Replaced], kept: int = _KEPT) -> tuple[str, OffsetMap]:
    pieces: list[str] = []
    moved: list[tuple[int, int, int]] = []
    at = 0
    for start, end, to in replaced:
        before = at + kept if at else 0
        if start - before > kept + len(_CUT):
            pieces += (text[at:before], _CUT)
            moved.append((before, start - kept, len(_CUT)))
            at = start - kept
        pieces += (text[at:start], to)
        moved.append((start, end, len(to)))
        at = end
    if len(text) - at > kept + len(_CUT):
        pieces += (text[at : at + kept], _CUT)
        moved.append((at + kept, len(text), len(_CUT)))
    else:
        pieces.append(text[at:])
    return "".join(pieces), OffsetMap.of_arrays(*np.array(moved, np.intp).T)
