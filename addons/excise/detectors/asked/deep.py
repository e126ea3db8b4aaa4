"""What the operator's own model says of a text, asked of a process beside this one.

Slow by nature: whoever has one inspects outside the event loop, and a text it has not judged in
time is decided without it, with its name among those that are missing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from excise.detectors.base import Glance, Sight
from excise.model import Span

# What the packs that ship read; others pass on whatever the model calls it.
USUAL: Final = frozenset({"PERSON", "LOCATION", "ORG", "ADDRESS"})


class Deep:
    """Implements `Slow`; raises `NoAnswer` where the model does not answer."""

    name = "deep"
    labels = USUAL

    def __init__(self, ask: Callable[[Any, float], Any], seconds: float) -> None:
        """`ask` takes `{"texts": [...]}` and the seconds it has, and gives a list for each text of
        `[label, start, end, score]`; `seconds` is the most that it is ever given."""
        self._ask = ask
        self._seconds = seconds

    def find(self, glances: Sequence[Glance]) -> list[tuple[Sight, ...]]:
        """For each text what the model saw, in order of place."""
        return self.find_within(glances, self._seconds)

    def find_within(self, glances: Sequence[Glance], seconds: float) -> list[tuple[Sight, ...]]:
        """The same in so much time."""
        question = {"texts": [glance.text for glance in glances]}
        answer = self._ask(question, min(seconds, self._seconds))
        return [
            tuple(sorted((_sight(each, glance.text) for each in seen), key=lambda s: s.span))
            for glance, seen in zip(glances, answer, strict=True)
        ]


def _sight(seen: Sequence[Any], text: str) -> Sight:
    label, start, end, score = seen
    span = Span(max(0, int(start)), min(int(end), len(text)))
    return Sight(str(label), span, min(max(float(score), 0.0), 1.0))
