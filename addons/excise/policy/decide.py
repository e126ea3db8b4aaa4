"""Findings → decision with reasons. Pure: the same findings under the same policy decide the same.

Every clause that applies to a finding speaks; the strictest wins. Where none applies, the rule's
own action stands. A rule or clause in shadow is recorded as what it would have done.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from excise.model import (
    Action,
    Decision,
    Direction,
    Finding,
    Mode,
    Part,
    Principal,
    Role,
    Ruling,
    Segment,
    Span,
)
from excise.policy.schema import Case, Policy, RuleFacts, When

_NOTHING = Decision(action=Action.ALLOW, would=Action.ALLOW)


def decide(
    policy: Policy,
    found: Iterable[tuple[Segment, Sequence[Finding]]],
    *,
    direction: Direction,
    principal: Principal,
    unread: Sequence[str] = (),
    missing: Sequence[str] = (),
) -> Decision:
    """One decision over everything found in a message; `unread` are reasons of `Unreadable`."""
    rulings = [
        ruling
        for segment, findings in found
        for finding in findings
        for ruling in rule_on(policy, segment, finding, direction, principal)
    ]
    if not rulings and not unread and not missing:
        return _NOTHING
    profile = policy.profile
    actions = [ruling.action for ruling in rulings if ruling.mode is Mode.ENFORCE]
    actions += [profile.uninspectable_by_reason.get(why, profile.uninspectable) for why in unread]
    would = [ruling.action for ruling in rulings]
    return Decision(
        action=_worst(actions),
        would=_worst(actions + would),
        rulings=tuple(rulings),
        reasons=tuple(f"uninspectable:{why}" for why in unread),
        missing=tuple(missing),
    )


def rule_on(
    policy: Policy, segment: Segment, finding: Finding, direction: Direction, principal: Principal
) -> list[Ruling]:
    """What is done about one finding: at most one enforced ruling and one in shadow."""
    facts = policy.rules.get(finding.rule)
    if facts is None or direction not in facts.directions:
        return []
    if facts.parts and segment.part not in facts.parts:
        return []
    spoken = [
        (clause.then, clause.mode, clause.id)
        for clause in policy.profile.clauses
        if applies(clause.when, facts, finding.entity, segment, direction, principal)
    ]
    if not any(mode is Mode.ENFORCE for _, mode, _ in spoken):
        spoken.append((facts.action, Mode.ENFORCE, ""))
    if policy.modes[facts.pack] is Mode.SHADOW:
        spoken = [(action, Mode.SHADOW, clause) for action, _, clause in spoken]
    rulings = []
    for mode in Mode:
        heard = [(action, clause) for action, each, clause in spoken if each is mode]
        if heard:
            action, clause = max(heard, key=lambda pair: pair[0].rank)
            rulings.append(
                Ruling(segment=segment, finding=finding, action=action, mode=mode, clause=clause)
            )
    return rulings


def applies(
    when: When,
    facts: RuleFacts,
    entity: str,
    segment: Segment,
    direction: Direction,
    principal: Principal,
) -> bool:
    """Whether every condition of a clause holds of a finding of this entity."""
    return (
        _named(when.rules, facts.id)
        and (not when.packs or facts.pack in when.packs)
        and _named(when.entities, entity)
        and (not when.kinds or facts.kind in when.kinds)
        and (not when.severities or facts.severity in when.severities)
        and (not when.directions or direction in when.directions)
        and (not when.roles or segment.role in when.roles)
        and (not when.parts or segment.part in when.parts)
        and (not when.groups or principal.group in when.groups)
    )


def decide_case(policy: Policy, case: Case) -> Decision:
    """What the policy makes of a profile's own test case."""
    segment = Segment("", Role.USER, Part.PROMPT, 0)
    findings = [
        Finding(facts.entity, facts.id, Span(0, 0), 1.0, facts.severity, facts.kind)
        for facts in (policy.rules[rule] for rule in case.rules)
    ]
    principal = Principal(id="case", group=case.group)
    return decide(policy, [(segment, findings)], direction=case.direction, principal=principal)


def _named(names: frozenset[str], name: str) -> bool:
    if not names or name in names:
        return True
    return any(name.startswith(each[:-1]) for each in names if each.endswith("*"))


def _worst(actions: list[Action]) -> Action:
    return max(actions, key=lambda action: action.rank, default=Action.ALLOW)
