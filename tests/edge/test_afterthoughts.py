"""What rules in shadow want to know is asked beside the traffic, of so many messages at once."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

import pytest
from edge.fakes import FakeTrail

from excise.edge.afterthoughts import Afterthoughts


@dataclass
class Thought:
    """Answers once it may."""

    record: dict[str, Any] | None = None
    size: int = 10
    names: tuple[str, ...] = ("deep", "judge")
    free: threading.Event = field(default_factory=threading.Event)
    raises: bool = False

    def __call__(self) -> dict[str, Any] | None:
        self.free.wait(5)
        if self.raises:
            raise RuntimeError("raw text")
        return self.record


def ended(thoughts: Afterthoughts) -> None:
    """Wait for what is under way."""
    thoughts._pool.shutdown(wait=True)


def noted(_: str, fault: BaseException) -> str:
    faults.append(fault)
    return "reference"


faults: list[BaseException] = []


def test_nobody_waits_and_what_comes_is_written() -> None:
    trail = FakeTrail()
    thoughts = Afterthoughts(trail, noted)
    said, silent, line = Thought({"what": "shadow"}), Thought(), {"what": "request"}
    for thought in (said, silent, None):
        thoughts.take(thought, (line,))
    assert thoughts.waiting == 2 and trail.offered == []
    for thought in (said, silent):
        thought.free.set()
    ended(thoughts)
    assert trail.offered == [{"what": "shadow"}] and line == {"what": "request"}
    assert (thoughts.waiting, thoughts.counts["asked"], thoughts.counts["shed"]) == (0, 2, 0)


@pytest.mark.parametrize("bounds", [{"most": 2}, {"held": 25}])
def test_what_is_too_much_is_shed_and_the_line_says_who_was_not_asked(
    bounds: dict[str, int],
) -> None:
    """By number and by size; there is room again when one is through."""
    thoughts = Afterthoughts(FakeTrail(), noted, **bounds)
    first, second, third = Thought(), Thought(), Thought()
    lines: list[dict[str, Any]] = [{}, {}, {"missing": ["deep"]}]
    for thought, line in zip((first, second, third), lines, strict=True):
        thoughts.take(thought, (line,))
    assert lines == [{}, {}, {"missing": ["deep", "judge"]}]
    assert (thoughts.waiting, thoughts.counts["shed"]) == (2, 1)
    thoughts.take(third, ())
    assert thoughts.counts["shed"] == 2
    first.free.set()
    for _ in range(500):
        if thoughts.waiting == 1:
            break
        threading.Event().wait(0.01)
    thoughts.take(third, ())
    assert thoughts.counts["shed"] == 2
    second.free.set()
    third.free.set()
    ended(thoughts)


def test_what_raises_is_noted_and_the_next_is_asked() -> None:
    """So is a line that the trail does not take."""
    faults.clear()
    trail = FakeTrail()
    thoughts = Afterthoughts(trail, noted, threads=1)
    trail.broken = True
    for thought in (Thought(raises=True), Thought({"what": "lost"}), Thought()):
        thought.free.set()
        thoughts.take(thought, ())
    ended(thoughts)
    assert [type(each).__name__ for each in faults] == ["RuntimeError", "AuditError"]
    assert (thoughts.counts["failed"], thoughts.counts["asked"]) == (2, 1)


def test_at_the_end_what_waits_is_let_go() -> None:
    thoughts = Afterthoughts(FakeTrail(), noted, threads=1)
    under_way, behind = Thought(), Thought()
    thoughts.take(under_way, ())
    thoughts.take(behind, ())
    assert thoughts.close() == 2
    under_way.free.set()
    ended(thoughts)
    assert thoughts.counts["asked"] == 1
