"""What rules on a streamed answer, and the decision over all that was said of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from excise.detectors.base import Findings
from excise.enforce.redact import Lookup
from excise.model import Action, Decision, Mode, Ruling, Segment, Spoken
from excise.pipeline.weigh import foreign, genuine
from excise.policy.build import Policy
from excise.policy.running import Progress, Running, Said
from excise.policy.situation import Situation

Risk = tuple[tuple[str, float], ...]
"""Anomaly score by layer."""


class Listener:
    """A running decision that hears only what stands after merging. Not for several threads."""

    def __init__(
        self,
        policy: Policy,
        situation: Situation,
        progress: Callable[[], Progress],
        lookup: Lookup = lambda text: None,
    ) -> None:
        """`lookup` tells what the firewall itself put in the place of a value."""
        self._lookup = lookup
        self._mild = policy.mild
        self._running = Running(policy, situation, progress)

    @property
    def risk(self) -> Risk:
        """The anomaly score of what has come, by layer."""
        return self._running.risk

    def begin(self) -> Said:
        """What is said before the first word."""
        return self._running.begin()

    def hear(self, segment: Segment, findings: Findings) -> Said:
        """What is said of the findings in a text."""
        standing = genuine(segment.text, findings, self._mild)
        return self._running.hear(segment, foreign(segment.text, standing, self._lookup))

    def finish(self) -> Said:
        """What is said now that the answer is over."""
        return self._running.finish()


class Part(Protocol):
    """What a piece of an answer led to, as far as it is decided."""

    @property
    def rulings(self) -> tuple[Ruling, ...]:
        """What is done about its findings."""
        ...

    @property
    def clauses(self) -> tuple[Spoken, ...]:
        """What clauses say of the exchange."""
        ...

    @property
    def failed(self) -> frozenset[str]:
        """Clauses whose expression failed."""
        ...


def decided(parts: Sequence[Part], reasons: tuple[str, ...], floor: Action, risk: Risk) -> Decision:
    """The worst of what was said of these pieces; `floor` is what is done for these reasons."""
    rulings = tuple(ruling for part in parts for ruling in part.rulings)
    clauses = tuple(clause for part in parts for clause in part.clauses)
    failed = sorted(frozenset().union(*(part.failed for part in parts)))
    said = [(r.action, r.mode) for r in rulings] + [(s.action, s.mode) for s in clauses]
    enforced = [action for action, mode in said if mode is Mode.ENFORCE]
    action = max([floor, *enforced], key=_rank)
    return Decision(
        action=action,
        would=max([action, *(each for each, _ in said)], key=_rank),
        rulings=rulings,
        clauses=clauses,
        reasons=(*reasons, *(f"expression:{clause}" for clause in failed)),
        risk=risk,
    )


def _rank(action: Action) -> int:
    return action.rank
