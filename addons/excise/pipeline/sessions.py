"""An exchange → the conversation it belongs to, and what its newest turn adds to what is
remembered of that and of its principal.

A conversation is told by its first words, which a chat sends again with every turn.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from excise.model import REFUSING, Action, Decision, Exchange, Mode, Part, Role, Segment
from excise.pipeline.scene import find_turn
from excise.pipeline.weigh import Found
from excise.policy.build import Policy
from excise.policy.decide import EXCEPTION
from excise.policy.drift import NEW, Told, Track, advanced, session_of
from excise.policy.situation import Session

Numbers = tuple[float, ...]

_SUSPICIOUS: Final = ("injection", "unsafe")  # classifiers, and families of entities
_OPENING: Final = 4096  # characters


class Store(Protocol):
    """Where tracks are kept: `state.sessions` has two."""

    def get(self, name: bytes) -> Numbers | None:
        """What is kept under a name, or None."""
        ...

    def change(self, name: bytes, change: Callable[[Numbers | None], Sequence[float]]) -> None:
        """Put in the place of what is kept what is made of it."""
        ...


class Sessions:
    """Safe to use from several threads where the store is."""

    def __init__(self, store: Store, key: bytes, clock: Callable[[], float]) -> None:
        """`key` keys the names under which tracks are kept; `clock` tells seconds."""
        self._store = store
        self._key = key
        self._clock = clock

    def of(self, exchange: Exchange, segments: Sequence[Segment]) -> Session:
        """What is remembered, before this exchange."""
        conversation, principal = self._names(exchange, segments)
        return session_of(self._track(conversation), self._track(principal), self._clock())

    def note(self, exchange: Exchange, segments: Sequence[Segment], told: Told) -> None:
        """Remember a turn."""
        now = self._clock()
        for name in self._names(exchange, segments):
            self._store.change(
                name, lambda kept: advanced(Track(*kept) if kept else NEW, told, now)
            )

    def _track(self, name: bytes) -> Track:
        kept = self._store.get(name)
        return Track(*kept) if kept else NEW

    def _names(self, exchange: Exchange, segments: Sequence[Segment]) -> tuple[bytes, bytes]:
        who = exchange.principal.id
        return self._name(who, exchange.host, opening_of(segments)), self._name(who)

    def _name(self, *fields: str) -> bytes:
        digest = hashlib.blake2b(key=self._key, digest_size=24)
        for field in fields:
            data = field.encode("utf-8", "surrogatepass")
            digest.update(len(data).to_bytes(8, "big") + data)
        return digest.digest()


def reads_sessions(reads: frozenset[str]) -> bool:
    """Whether some expression asks what is remembered."""
    return any(field.startswith("session.") for field in reads)


def opening_of(segments: Sequence[Segment]) -> str:
    """The first words of a user; "" where there are none."""
    for segment in segments:
        if segment.role is Role.USER and segment.part is Part.PROMPT and " " in segment.text:
            return segment.text[:_OPENING]
    return ""


def told_by(policy: Policy, segments: Sequence[Segment], found: Found, decision: Decision) -> Told:
    """What the newest turn of a request says. What only rules in shadow found does not count."""
    turn = find_turn(segments)

    def is_new(segment: Segment) -> bool:
        return segment.role is not Role.SYSTEM and not turn.is_older(segment)

    scores = [
        score
        for segment, said in found.scores
        for detector, _, score in said
        if detector in _SUSPICIOUS and is_new(segment)
    ]
    weights: dict[str, float] = {}
    for ruling in decision.rulings:
        if not is_new(ruling.segment) or ruling.mode is not Mode.ENFORCE:
            continue
        if ruling.clause == EXCEPTION:
            continue
        rule, score = ruling.finding.rule, ruling.finding.score
        weights[rule] = max(weights.get(rule, 0.0), policy.rules[rule].weight * score)
        if ruling.finding.entity.partition(".")[0] in _SUSPICIOUS:
            scores.append(score)
    return Told(
        suspicion=max(scores, default=0.0),
        risk=round(sum(weights.values()), 2),
        size=sum(len(each.text) for each in segments if is_new(each)),
        refused=is_refused_for_itself(policy, decision),
    )


def is_refused_for_itself(policy: Policy, decision: Decision) -> bool:
    """Whether a request is refused by more than what is remembered of its session: else a client
    that tries again would keep itself locked out."""
    if decision.action not in REFUSING:
        return False
    said = [(r.action, r.mode, r.clause) for r in decision.rulings]
    said += [(s.action, s.mode, s.clause) for s in decision.clauses]
    refusing = [clause for action, mode, clause in said if _refuses(action, mode)]
    return not refusing or not all(_is_of_session(policy, clause) for clause in refusing)


def _refuses(action: Action, mode: Mode) -> bool:
    return action in REFUSING and mode is Mode.ENFORCE


def _is_of_session(policy: Policy, name: str) -> bool:
    clause = policy.clauses.get(name)
    condition = clause.condition if clause else None
    return condition is not None and reads_sessions(condition.fields)
