"""A decision over an answer that comes in pieces: each finding is ruled on when it comes, with all
that was found before it.

The order of findings is all that counts: however the pieces are cut, the same findings come to the
same decision. A clause about the exchange speaks once, as soon as it is known (`growth`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from excise.model import Finding, Mode, Part, Role, Ruling, Segment, Spoken
from excise.policy.build import Policy
from excise.policy.decide import Hearing, View, excused, listening, rule_on, speak
from excise.policy.features import NOTHING, Features, Heard, Sum
from excise.policy.fields import Look
from excise.policy.growth import GROWING, Known, known_when
from excise.policy.schema import Clause, Scope
from excise.policy.situation import Situation


class Progress(NamedTuple):
    """What has come of an answer so far: characters, tokens (estimated), and who said what."""

    size: int = 0
    tokens: int = 0
    roles: frozenset[Role] = frozenset()
    parts: frozenset[Part] = frozenset()


class Said(NamedTuple):
    """What is said of the newest piece, and which expressions failed on it."""

    rulings: tuple[Ruling, ...] = ()
    clauses: tuple[Spoken, ...] = ()
    failed: frozenset[str] = frozenset()


_NOTHING_SAID = Said()


class Running:
    """Rules on one answer as it comes. Not for several threads."""

    def __init__(
        self, policy: Policy, situation: Situation, progress: Callable[[], Progress] = Progress
    ) -> None:
        """`progress` tells what has come so far; it is asked where some expression reads it."""
        self._policy = policy
        self._situation = situation
        self._progress = progress
        self._grows = bool(policy.reads & GROWING)
        self._real, self._all = Sum(), Sum()
        self._shadowed = self._found = False
        self._spoken: set[tuple[str, Mode]] = set()
        self._failed: set[str] = set()
        self._due = {
            when: tuple(c for c in policy.of_exchange if known_when(c.condition) is when)
            for when in Known
        }

    @property
    def risk(self) -> tuple[tuple[str, float], ...]:
        """The anomaly score by layer of what has come."""
        return self._all.features.layers

    def begin(self) -> Said:
        """What is known before the first word."""
        first = self._due[Known.FIRST]
        return self._said((), self._hearing(), first) if first else _NOTHING_SAID

    def hear(self, segment: Segment, findings: Sequence[Finding]) -> Said:
        """The next findings, in order of place; each is ruled on with all that came before it."""
        policy, said = self._policy, []
        for finding in findings:
            facts = listening(policy, segment, finding, self._situation.direction)
            if facts is None:
                continue
            heard = Heard(segment, finding, facts)
            if policy.excuse and (why := policy.excuse(segment, finding, self._situation)):
                said.append(Said((excused(policy, self._situation, heard, why),)))
                continue
            self._found = True
            self._all.add(heard)
            if policy.modes[facts.id] is Mode.ENFORCE:
                self._real.add(heard)
            else:
                self._shadowed = True
            hearing = self._hearing()
            rulings = rule_on(policy, hearing, heard)
            said.append(self._said(rulings, hearing, self._due[Known.GROWING]))
        return _joined(said)

    def finish(self) -> Said:
        """What is known only now that the answer is over."""
        due = (*self._due[Known.GROWING], *self._due[Known.LAST])
        return self._said((), self._hearing(), due) if due else _NOTHING_SAID

    def _hearing(self) -> Hearing:
        policy, situation = self._policy, self._situation
        if self._grows:
            situation = replace(situation, **self._progress()._asdict())
        everything = self._all.features if self._found else NOTHING
        real = self._real.features if self._shadowed else everything
        seen: dict[Mode, Features] = {Mode.ENFORCE: real, Mode.SHADOW: everything}
        ask = policy.conditions.of_message
        held = {Mode.SHADOW: ask(Look(situation, everything), found=self._found)}
        held[Mode.ENFORCE] = (
            held[Mode.SHADOW]
            if real is everything
            else ask(Look(situation, real), found=self._found)
        )
        views: dict[View, Features] = {(m, s): seen[m] for m in Mode for s in Scope}
        return Hearing(
            situation,
            (),
            policy.reach(situation),
            views,
            {(m, s): held[m] for m in Mode for s in Scope},
        )

    def _said(self, rulings: Iterable[Ruling], hearing: Hearing, clauses: Iterable[Clause]) -> Said:
        fresh = []
        for each in speak(self._policy, hearing, clauses):
            if (each.clause, each.mode) not in self._spoken:
                self._spoken.add((each.clause, each.mode))
                fresh.append(each)
        failed = frozenset().union(*(held.failed for held in hearing.held.values()))
        new = failed - self._failed
        self._failed |= new
        return Said(tuple(rulings), tuple(fresh), new)


def _joined(said: Sequence[Said]) -> Said:
    if not said:
        return _NOTHING_SAID
    return Said(
        tuple(ruling for each in said for ruling in each.rulings),
        tuple(clause for each in said for clause in each.clauses),
        frozenset().union(*(each.failed for each in said)),
    )
