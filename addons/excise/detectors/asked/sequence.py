"""A sequence classifier of the operator's own (Prompt Guard and the like), asked in a process
beside this one about texts that the shipped classifier leaves open."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from excise.detectors.base import Glance, Sight
from excise.model import Span

NAME: Final = "sequence"

ATTACK: Final = "injection"
# What models of this sort call an attack, and what they call the lack of one.
_ATTACKS: Final = frozenset({"injection", "jailbreak", "malicious", "label-1", "unsafe"})
_HARMLESS: Final = frozenset({"benign", "safe", "legit", "label-0", "no-injection"})
_FEWEST: Final = 0.05


class SequenceModel:
    """Implements `Slow`; raises `NoAnswer` where the model does not answer."""

    name = NAME
    labels = frozenset({ATTACK})

    def __init__(
        self,
        ask: Callable[[Any, float], Any],
        seconds: float,
        is_open: Callable[[Glance], bool] = lambda glance: True,
    ) -> None:
        """`ask` takes `{"texts": [...]}` and the seconds it has, and gives a list for each text of
        `[class, chance]`; `seconds` is the most it is ever given. It is asked about texts that
        `is_open` names."""
        self._ask = ask
        self._seconds = seconds
        self._is_open = is_open

    def find(self, glances: Sequence[Glance]) -> list[tuple[Sight, ...]]:
        """For each text that is open what the model says of it as a whole."""
        return self.find_within(glances, self._seconds)

    def find_within(self, glances: Sequence[Glance], seconds: float) -> list[tuple[Sight, ...]]:
        """The same in so much time."""
        chosen = [at for at, glance in enumerate(glances) if self._is_open(glance)]
        if not chosen:
            return [()] * len(glances)
        question = {"texts": [glances[at].text for at in chosen]}
        answer = self._ask(question, min(seconds, self._seconds))
        said: Mapping[int, Any] = dict(zip(chosen, answer, strict=True))
        return [_sights(said.get(at, ()), glance.size) for at, glance in enumerate(glances)]


def label_of(word: str) -> str:
    """A class of a model in our words; "" for the one that says nothing is wrong."""
    label = re.sub(r"[^a-z0-9]+", "-", word.lower()).strip("-")
    if label in _HARMLESS:
        return ""
    return ATTACK if label in _ATTACKS else label


def _sights(classes: Sequence[Sequence[Any]], size: int) -> tuple[Sight, ...]:
    """What is said of a text: of classes that we call alike the chances together."""
    chances: dict[str, float] = {}
    for word, chance in classes:
        if label := label_of(str(word)):
            chances[label] = min(1.0, chances.get(label, 0.0) + max(0.0, float(chance)))
    return tuple(
        Sight(label, Span(0, size), chance)
        for label, chance in sorted(chances.items())
        if chance >= _FEWEST
    )
