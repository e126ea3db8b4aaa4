"""Detectors that wait for something outside of this process: asked all at once, for so long."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from excise.detectors.base import Detector, Glance, Sight
from excise.errors import NoAnswer

Sights = list[tuple[Sight, ...]]
Question = Callable[[float], Sights]
"""Asked within so many seconds. Raises `NoAnswer`."""


@runtime_checkable
class Slow(Detector, Protocol):
    """A detector that may not answer."""

    def find_within(self, glances: Sequence[Glance], seconds: float) -> Sights:
        """As `find`, in so much time. Raises `NoAnswer`."""
        ...


class Collect(Protocol):
    """Questions that were put."""

    def __call__(self) -> Mapping[str, Sights | NoAnswer]:
        """What came of each, once there is no more to wait for."""
        ...

    @property
    def is_ready(self) -> bool:
        """Whether nobody is waited for any more."""
        ...


class Asking(Protocol):
    """How they are asked. Safe to use from several threads."""

    def begin(self, questions: Mapping[str, Question], seconds: float) -> Collect:
        """Put questions, by the names of those who are asked; `seconds` for all of them together,
        from now on. Returns at once where it can."""
        ...


class InTurn:
    """Implements `Asking` without threads and without a clock: one after the other."""

    def begin(self, questions: Mapping[str, Question], seconds: float) -> Collect:
        """Ask them when their answers are wanted."""
        return _Later(questions, seconds)


class _Later(NamedTuple):
    questions: Mapping[str, Question]
    seconds: float
    is_ready: bool = True

    def __call__(self) -> Mapping[str, Sights | NoAnswer]:
        return {name: _answer(each, self.seconds) for name, each in self.questions.items()}


def _answer(question: Question, seconds: float) -> Sights | NoAnswer:
    try:
        return question(seconds)
    except NoAnswer as why:
        return why
