"""What a policy says and cannot mean: clauses that never speak, never decide, or always fail.

Loading refuses what is wrong in form; this reports what is in form and idle. Pure and complete:
every mistake is reported, not only the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import NamedTuple

from excise.model import REFUSING, Action, Mode
from excise.policy.build import Policy, fits_rule, is_named
from excise.policy.cel import Checker
from excise.policy.facts import RuleFacts
from excise.policy.schema import Clause, Scope, When
from excise.policy.worlds import try_out


class Mistake(NamedTuple):
    """One thing that has no effect or not the one it seems to have, where it stands, the mend."""

    code: str
    at: str
    text: str
    hint: str

    def __str__(self) -> str:
        return f"{self.at}: {self.text} {self.hint} [{self.code}]"


def find_mistakes(policy: Policy, every: Sequence[RuleFacts]) -> list[Mistake]:
    """All mistakes of a policy that loads; `every` rule of its packs, whatever the level."""
    found = [
        *_packs(policy, every),
        *_requirements(policy),
        *(each for clause in policy.profile.clauses for each in _clause(policy, clause, every)),
        *_hidden(policy.profile.clauses),
        *_expressions(policy.profile.clauses),
        *_unheard(policy),
        *_faults(policy),
    ]
    return [Mistake("EXC-POL-015", *each) for each in found]


Said = tuple[str, str, str]
"""Where, what, and the mend."""


def _packs(policy: Policy, every: Sequence[RuleFacts]) -> Iterator[Said]:
    for use in policy.profile.packs:
        mine = [fact for fact in every if fact.pack == use.name]
        used = [fact for fact in mine if fact.id in policy.rules]
        if mine and not used:
            least = min(fact.level for fact in mine)
            yield (
                use.origin,
                f"every rule of the pack {use.name} is above level {policy.profile.level}.",
                f"Set level: {least}, or leave the pack out.",
            )
        for mode, names in ((Mode.SHADOW, use.shadow), (Mode.ENFORCE, use.enforce)):
            if names and use.mode is mode:
                yield (
                    use.origin,
                    f"the pack {use.name} is in {mode} as a whole, so naming "
                    f"{', '.join(sorted(names))} changes nothing.",
                    f"Take the names out of {mode}:, or change the mode of the pack.",
                )


def _requirements(policy: Policy) -> Iterator[Said]:
    for name in sorted(policy.profile.require):
        reading = [fact.id for fact in policy.rules.values() if fact.detector == name]
        if all(policy.modes[rule] is Mode.SHADOW for rule in reading):
            yield (
                policy.profile.origin,
                f"{name} is required, and every rule that reads it is in shadow.",
                "What is in shadow cannot refuse: take it out of require:, or enforce a rule.",
            )


def _clause(policy: Policy, clause: Clause, every: Sequence[RuleFacts]) -> Iterator[Said]:
    name = f"clause {clause.id}"
    if clause.percent == 0:
        yield clause.origin, f"{name} is rolled out to nobody.", "Write mode: shadow instead."
    if clause.tell and clause.then not in REFUSING:
        yield (
            clause.origin,
            f'{name} has a text to tell, and "{clause.then}" tells nobody anything.',
            "Take tell: out, or refuse.",
        )
    if clause.scope is Scope.ALL and clause.then not in REFUSING:
        yield (
            clause.origin,
            f'{name} names a scope, and "{clause.then}" is the same for every turn.',
            "Take scope: out.",
        )
    if not clause.is_about_findings:
        return
    heard = [fact for fact in policy.rules.values() if clause in policy.of_rule[fact.id]]
    if not heard:
        yield clause.origin, f"{name} fits no rule: {_why_not(policy, clause, every)}", _BROADEN
    elif clause.mode is Mode.ENFORCE and all(
        policy.modes[fact.id] is Mode.SHADOW for fact in heard
    ):
        yield (
            clause.origin,
            f"{name} is enforced, and every rule that it fits is in shadow.",
            "Enforce a rule, or put the clause in shadow, too.",
        )
    elif all(fact.action is clause.then for fact in heard) and clause.mode is Mode.ENFORCE:
        yield (
            clause.origin,
            f'{name} asks for "{clause.then}", which its rules do by themselves.',
            "Leave it out; a milder or stricter clause would have an effect.",
        )


_BROADEN = "Take a condition away, or name what a rule of the profile finds."


def _why_not(policy: Policy, clause: Clause, every: Sequence[RuleFacts]) -> str:
    when = clause.when
    if above := [fact.id for fact in every if fits_rule(when, fact)]:
        return f"{above[0]} is above level {policy.profile.level}."
    apart = When(**{f.name: getattr(when, f.name) for f in fields(When)
                    if f.name not in ("directions", "parts")})  # fmt: skip
    if any(fits_rule(apart, fact) for fact in policy.rules.values()):
        return "its rules do not look there (direction or part)."
    return "no rule meets all of its conditions at once."


def _hidden(clauses: Sequence[Clause]) -> Iterator[Said]:
    for clause in clauses:
        for other in clauses:
            if other is not clause and _hides(other, clause) and not (
                _hides(clause, other) and clauses.index(clause) < clauses.index(other)
            ):  # fmt: skip
                yield (
                    clause.origin,
                    f"clause {clause.id} never decides: {other.id} says "
                    f'"{other.then}" wherever it speaks.',
                    f"Remove it, or take its cases out of {other.id}.",
                )
                break


def _hides(strict: Clause, clause: Clause) -> bool:
    """Whether a clause always has the last word over another."""
    wider = strict.condition is None or (
        clause.condition is not None and strict.condition.text == clause.condition.text
    )
    return (
        wider
        and strict.mode is clause.mode is Mode.ENFORCE
        and strict.percent == 100
        and strict.is_about_findings == clause.is_about_findings
        and strict.then.rank >= clause.then.rank
        and (strict.scope is Scope.ALL or clause.scope is Scope.NEW or strict.then not in REFUSING)
        and all(
            _covers(getattr(strict.when, f.name), getattr(clause.when, f.name))
            for f in fields(When)
        )
    )


def _covers(wide: frozenset[str], narrow: frozenset[str]) -> bool:
    return not wide or (bool(narrow) and all(is_named(wide, name) for name in narrow))


def _expressions(clauses: Sequence[Clause]) -> Iterator[Said]:
    asking = [(clause, clause.condition) for clause in clauses if clause.condition is not None]
    if not asking:
        return
    checker = Checker({name: each for _, e in asking for name, each in e.measures.items()})
    for clause, expression in asking:
        truth = try_out(expression, checker)
        if truth.fault:
            yield (
                expression.origin,
                f"the expression of clause {clause.id} fails on some messages: {truth.fault}.",
                'Functions give 0 for what is absent: topic("politics"), count("pii.email").',
            )
        elif truth.never:
            yield (
                expression.origin,
                f"the expression of clause {clause.id} never holds.",
                "Its comparisons contradict each other, or lie outside what a field can be.",
            )
        elif truth.always:
            yield (
                expression.origin,
                f"the expression of clause {clause.id} always holds.",
                "Leave if: out, or compare with something that can differ.",
            )


_CLASSIFIED = {
    "injection.score": ("injection", "injection."),
    "topics": ("topics", "topic."),
    "topic": ("topics", "topic."),
    "unsafe": ("unsafe", "unsafe."),
    "unsafe.scores": ("unsafe", "unsafe."),
    "unsafe.categories": ("unsafe", "unsafe."),
    "tool.classes": ("tool-guard", "tool."),
}


def _unheard(policy: Policy) -> Iterator[Said]:
    """What classifiers say that run for no rule of the profile: always nothing."""
    rules = policy.rules.values()
    for clause in policy.profile.clauses:
        if clause.condition is None:
            continue
        read = clause.condition.fields | {
            each.function for each in clause.condition.measures.values()
        }
        for name in sorted(read & set(_CLASSIFIED)):
            detector, family = _CLASSIFIED[name]
            if not any(f.detector == detector or f.entity.startswith(family) for f in rules):
                yield (
                    clause.condition.origin,
                    f"clause {clause.id} reads {name}, and no rule of the profile looks for it.",
                    "Switch on a pack that does, in shadow if it is to do nothing by itself.",
                )


def _faults(policy: Policy) -> Iterator[Said]:
    profile = policy.profile
    if profile.on_fault is not Action.BLOCK:
        yield (
            profile.origin,
            f'on-fault says "{profile.on_fault}": what nobody could check would pass.',
            "Say block.",
        )
