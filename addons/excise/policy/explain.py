"""A decision step by step: what was known, which rules and clauses were asked, what each said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from excise.model import Direction, Finding, Mode, Segment
from excise.policy.build import Policy, fits_rule
from excise.policy.decide import Hearing, applies, decide, fits_finding, hear, rule_on
from excise.policy.facts import RuleFacts
from excise.policy.features import Heard
from excise.policy.fields import FIELDS, About, Look, One
from excise.policy.schema import Clause, Scope
from excise.policy.situation import Situation


class Step(NamedTuple):
    """One line of an explanation: what it is about, what was seen, and how deep it stands."""

    about: str
    said: str
    depth: int = 0


def explain(
    policy: Policy,
    found: Sequence[tuple[Segment, Sequence[Finding]]],
    situation: Situation,
    unread: Sequence[str] = (),
) -> Iterator[Step]:
    """Fields, findings, clauses, and the decision, in the order in which they are settled."""
    hearing = hear(policy, found, situation)
    look = Look(situation, hearing.views[Mode.SHADOW, Scope.ALL])
    yield Step("policy", f"{policy.profile.name}, digest {policy.digest}")
    for name, field in FIELDS.items():
        if field.about is not About.FINDING and (value := field.get(look)):
            yield Step("field", f"{name} = {value}")
    for heard in hearing.heard:
        yield from _finding(policy, hearing, heard)
    for (_, finding, facts), because in hearing.excused:
        yield Step("finding", f"{finding.entity} by {facts.id}: excused, for {because}")
    ignored = sum(len(findings) for _, findings in found)
    ignored -= len(hearing.heard) + len(hearing.excused)
    if ignored:
        yield Step("finding", f"{ignored} of rules that are not in this profile, or look elsewhere")
    for clause in policy.of_exchange:
        yield Step("clause", f"{clause.id}: {_spoken(hearing, clause)}")
    for reason in unread:
        yield Step("unread", reason)
    decision = decide(policy, found, situation, unread=unread)
    risk = ", ".join(f"{layer} {score}" for layer, score in decision.risk)
    yield Step("risk", risk or "0")
    yield Step("decision", f"{decision.action}; with shadow enforced {decision.would}")


def _finding(policy: Policy, hearing: Hearing, heard: Heard) -> Iterator[Step]:
    segment, finding, facts = heard
    older = hearing.situation.turn.is_older(segment)
    where = f"{segment.role} {segment.part}{', older turn' if older else ''}"
    yield Step("finding", f"{finding.entity} by {facts.id}, score {finding.score:.2f}, {where}")
    yield Step("rule", f"{facts.action}, in {policy.modes[facts.id]}"
               + (f"; {facts.because}" if facts.because else ""), 1)  # fmt: skip
    one = One(segment, finding, older)
    for clause in policy.profile.clauses:
        if clause.is_about_findings:
            why = _why_silent(policy, hearing, clause, facts, one)
            yield Step("clause", f"{clause.id}: {why or f'says {clause.then}'}", 1)
    for ruling in rule_on(policy, hearing, heard):
        by = ruling.clause or "the rule itself"
        yield Step("ruling", f"{ruling.action} ({ruling.mode}) by {by}", 1)


def _why_silent(
    policy: Policy, hearing: Hearing, clause: Clause, facts: RuleFacts, one: One
) -> str:
    if not fits_rule(clause.when, facts):
        return "does not fit the rule"
    if clause.id not in hearing.reach:
        return "does not fit the exchange"
    if not fits_finding(clause.when, one):
        return "does not fit the place or the entity"
    if not applies(policy, hearing, clause, one):
        return f"its expression does not hold: {_text(clause)}"
    return ""


def _spoken(hearing: Hearing, clause: Clause) -> str:
    mode = hearing.reach.get(clause.id)
    if mode is None:
        return "does not fit the exchange"
    held = hearing.held[mode, clause.scope]
    if clause.condition is None or clause.id in held.ids:
        failed = ", for its expression failed" if clause.id in held.failed else ""
        return f"says {clause.then} ({mode}){failed}"
    return f"its expression does not hold: {_text(clause)}"


def _text(clause: Clause) -> str:
    return " ".join(clause.condition.text.split()) if clause.condition else ""


class Detectors(NamedTuple):
    """What of detectors policy itself does not know: which wait for something outside of the
    process and how many seconds an exchange has for them, and which are not set up."""

    slow: frozenset[str] = frozenset()
    seconds: float = 0.0
    absent: frozenset[str] = frozenset()


_UNKNOWN: Final = Detectors()


def plan(policy: Policy, detectors: Detectors = _UNKNOWN) -> Iterator[Step]:
    """Which detectors run for messages of each direction, cheapest first, and what reads them."""
    for direction in Direction:
        yield Step("direction", direction)
        heard = [facts for facts in policy.rules.values() if direction in facts.directions]
        names = {facts.detector for facts in heard}
        for detector in sorted(names, key=lambda name: (name in detectors.slow, *_cost(name))):
            rules = [facts.id for facts in heard if facts.detector == detector]
            shown = ", ".join(sorted(rules)[:3]) + (" …" if len(rules) > 3 else "")
            shadow = sum(policy.modes[rule] is Mode.SHADOW for rule in rules)
            noted = f", {shadow} of them in shadow" if shadow else ""
            how = _how(policy, detector, detectors, direction)
            yield Step("detector", f"{detector}{how}: {len(rules)} rules{noted} ({shown})", 1)
    if policy.reads:
        yield Step("fields", ", ".join(sorted(policy.reads)))
    clean = [clause.id for clause in policy.conditions.clean.clauses]
    yield Step("clean messages", f"{len(clean)} expressions asked: {', '.join(clean) or 'none'}")


def _how(policy: Policy, name: str, detectors: Detectors, direction: Direction) -> str:
    said = []
    if name in detectors.absent:
        said.append("not set up, so never asked")
    elif name in detectors.slow and (direction, name) not in policy.awaited:
        said.append("asked when the message is on its way: only rules in shadow read it")
    elif name in detectors.slow:
        said.append(f"beside the others, all such within {detectors.seconds:g} s an exchange")
    if name in policy.profile.require:
        said.append("required: without its answer nothing passes")
    return f" ({'; '.join(said)})" if said else ""


# As measured per KB by `excise bench --detection`.
_CHEAP_FIRST = ("pattern", "cards", "known-value", "dictionary", "code", "own-code", "names")


def _cost(detector: str) -> tuple[int, str]:
    known = detector in _CHEAP_FIRST
    return _CHEAP_FIRST.index(detector) if known else len(_CHEAP_FIRST), detector
