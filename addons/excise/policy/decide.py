"""Findings → decision with reasons. Pure: the same findings in the same situation under the same
policy decide the same.

Every clause that applies to a finding speaks; the strictest wins. Where none applies, the rule's
own action stands. A rule or clause in shadow is recorded as what it would have done, and nothing
of what only it saw reaches an enforced expression.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from excise.model import (
    REFUSING,
    Action,
    Decision,
    Direction,
    Finding,
    Mode,
    Principal,
    Ruling,
    Segment,
    Span,
    Spoken,
)
from excise.policy.build import Policy, Reach, is_named, is_of_class
from excise.policy.conditions import Held
from excise.policy.facts import RuleFacts
from excise.policy.features import Features, Heard, sum_up
from excise.policy.fields import Look, One
from excise.policy.schema import Case, Clause, Scope, When
from excise.policy.situation import Situation, Turn

_ALLOWED: Final = Decision(action=Action.ALLOW, would=Action.ALLOW)
EXCEPTION: Final = "exception"
"""The clause that an excused finding is recorded under."""
View = tuple[Mode, Scope]
"""Which findings a clause may know of: those of enforced rules or all, of new turns or all."""


class Hearing(NamedTuple):
    """What is known once, before the findings are ruled on one by one."""

    situation: Situation
    heard: tuple[Heard, ...]
    reach: Reach
    views: Mapping[View, Features]
    held: Mapping[View, Held]
    excused: tuple[tuple[Heard, str], ...] = ()  # with the operator's reason; nothing counts them


def decide(
    policy: Policy,
    found: Iterable[tuple[Segment, Sequence[Finding]]],
    situation: Situation,
    *,
    unread: Sequence[str] = (),
    missing: Sequence[str] = (),
) -> Decision:
    """One decision over everything found in a message; `unread` are reasons of `Unreadable`,
    `missing` detectors that did not answer."""
    hearing = hear(policy, found, situation)
    rulings = tuple(
        ruling
        for ruled in (
            *(rule_on(policy, hearing, each) for each in hearing.heard),
            (excused(policy, situation, *each) for each in hearing.excused),
        )
        for ruling in ruled
    )
    spoken = tuple(speak(policy, hearing))
    failed = sorted(frozenset().union(*(held.failed for held in hearing.held.values())))
    if not (rulings or spoken or unread or missing or failed):
        return _ALLOWED
    profile = policy.profile
    required = [name for name in missing if name in profile.require]
    said = [(r.action, r.mode) for r in rulings] + [(s.action, s.mode) for s in spoken]
    actions = [action for action, mode in said if mode is Mode.ENFORCE]
    actions += map(profile.unread, unread)
    actions += [Action.BLOCK] * len(required)
    return Decision(
        action=_worst(actions),
        would=_worst(actions + [action for action, _ in said]),
        rulings=rulings,
        clauses=spoken,
        reasons=(
            *(f"uninspectable:{why}" for why in unread),
            *(f"required:{name}" for name in required),
            *(f"expression:{clause}" for clause in failed),
        ),
        missing=tuple(missing),
        risk=hearing.views[Mode.SHADOW, Scope.ALL].layers,
    )


def hear(
    policy: Policy, found: Iterable[tuple[Segment, Sequence[Finding]]], situation: Situation
) -> Hearing:
    """Sum up what was found, and ask every expression about the message as a whole."""
    every = tuple(
        Heard(segment, finding, facts)
        for segment, findings in found
        for finding in findings
        if (facts := listening(policy, segment, finding, situation.direction)) is not None
    )
    heard, let_go = _part(policy, every, situation)
    views: dict[View, Features] = {}
    held: dict[View, Held] = {}
    known: dict[tuple[bool, ...], tuple[Features, Held]] = {}
    older = [situation.turn.is_older(each.segment) for each in heard]
    shown = [policy.modes[each.facts.id] is Mode.ENFORCE for each in heard]
    for mode in Mode:
        for scope in Scope:
            kept = tuple(
                (mode is Mode.SHADOW or real) and (scope is Scope.ALL or not old)
                for real, old in zip(shown, older, strict=True)
            )
            if kept not in known:
                features = sum_up(each for each, keep in zip(heard, kept, strict=True) if keep)
                look = Look(situation, features)
                known[kept] = features, policy.conditions.of_message(look, found=bool(heard))
            views[mode, scope], held[mode, scope] = known[kept]
    return Hearing(situation, heard, policy.reach(situation), views, held, let_go)


def rule_on(policy: Policy, hearing: Hearing, heard: Heard) -> list[Ruling]:
    """What is done about one finding: at most one enforced ruling and one in shadow."""
    segment, finding, facts = heard
    older = hearing.situation.turn.is_older(segment)
    one = One(segment, finding, older)
    spoken = [
        (_softened(clause.then, clause.scope, older), hearing.reach[clause.id], clause.id)
        for clause in policy.of_rule[facts.id]
        if applies(policy, hearing, clause, one)
    ]
    if not any(mode is Mode.ENFORCE for _, mode, _ in spoken):
        spoken.append((_softened(facts.action, Scope.NEW, older), Mode.ENFORCE, ""))
    if policy.modes[facts.id] is Mode.SHADOW:
        spoken = [(action, Mode.SHADOW, clause) for action, _, clause in spoken]
    rulings = []
    for mode in Mode:
        said = [(action, clause) for action, each, clause in spoken if each is mode]
        if said:
            action, clause = max(said, key=lambda pair: pair[0].rank)
            rulings.append(
                Ruling(
                    segment=segment,
                    finding=finding,
                    action=action,
                    mode=mode,
                    clause=clause,
                    older=older,
                    because=facts.because,
                )
            )
    return rulings


def applies(policy: Policy, hearing: Hearing, clause: Clause, one: One) -> bool:
    """Whether a clause that fits the rule speaks of this finding here."""
    mode = hearing.reach.get(clause.id)
    if mode is None or not fits_finding(clause.when, one):
        return False
    if clause.condition is None:
        return True
    view = (mode, clause.scope)
    if clause.id in hearing.held[view].ids:
        return True
    look = Look(hearing.situation, hearing.views[view], one)
    return clause.id in policy.conditions.of_finding(look).ids


def speak(
    policy: Policy, hearing: Hearing, clauses: Iterable[Clause] | None = None
) -> Iterator[Spoken]:
    """What the clauses about the exchange as a whole, or these of them, say of it."""
    for clause in policy.of_exchange if clauses is None else clauses:
        mode = hearing.reach.get(clause.id)
        if mode is None:
            continue
        if clause.condition is None or clause.id in hearing.held[mode, clause.scope].ids:
            yield Spoken(clause=clause.id, action=clause.then, mode=mode)


def fits_finding(when: When, one: One) -> bool:
    """Whether the conditions hold that only the finding and its place can tell."""
    return (
        (not when.roles or one.segment.role in when.roles)
        and (not when.parts or one.segment.part in when.parts)
        and is_named(when.entities, one.finding.entity)
        and is_of_class(when.tool_classes, one.finding.entity)
    )


def decide_case(policy: Policy, case: Case) -> Decision:
    """What the policy makes of a profile's own test case."""
    segment = Segment("", case.role, case.part, 0, ("messages", 0 if case.older else 1))
    findings = []
    for name in case.rules:
        rule, _, entity = name.partition("=")
        facts = policy.rules[rule]
        findings.append(
            Finding(
                entity or facts.entity,
                facts.id,
                Span(0, 0),
                1.0,
                facts.severity,
                facts.kind,
                facts.detector,
            )
        )
    situation = Situation(
        direction=case.direction,
        principal=Principal(id=case.user or "case", group=case.group),
        model=case.model,
        tokens=case.tokens,
        turn=Turn("messages", 1),
    )
    return decide(policy, [(segment, findings)], situation)


def _part(
    policy: Policy, every: tuple[Heard, ...], situation: Situation
) -> tuple[tuple[Heard, ...], tuple[tuple[Heard, str], ...]]:
    """What stands, and what the operator excuses with the reason."""
    if policy.excuse is None or not every:
        return every, ()
    told = [(each, policy.excuse(each.segment, each.finding, situation)) for each in every]
    return (
        tuple(each for each, because in told if not because),
        tuple((each, because) for each, because in told if because),
    )


def excused(policy: Policy, situation: Situation, heard: Heard, because: str) -> Ruling:
    """What is recorded of a finding that the operator excuses."""
    return Ruling(
        segment=heard.segment,
        finding=heard.finding,
        action=Action.ALLOW,
        mode=policy.modes[heard.facts.id],
        clause=EXCEPTION,
        older=situation.turn.is_older(heard.segment),
        because=because,
    )


def listening(
    policy: Policy, segment: Segment, finding: Finding, direction: Direction
) -> RuleFacts | None:
    """The rule of a finding, where it looks at this part of messages of this direction."""
    facts = policy.rules.get(finding.rule)
    if facts is None or direction not in facts.directions:
        return None
    return None if facts.parts and segment.part not in facts.parts else facts


def _softened(action: Action, scope: Scope, older: bool) -> Action:
    """A refusal over an older turn would end the session for good: there it is cut out."""
    return Action.REDACT if older and scope is Scope.NEW and action in REFUSING else action


def _worst(actions: Sequence[Action]) -> Action:
    return max(actions, key=lambda action: action.rank, default=Action.ALLOW)
