"""A profile joined with the rules of its packs: a `Policy`, indexed so that deciding is cheap."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Final

from excise.errors import PolicyError, closest
from excise.model import Action, Direction, Finding, Mode, Segment, ToolClass
from excise.policy.conditions import NO_CONDITIONS, Conditions, build_conditions
from excise.policy.facts import RuleFacts
from excise.policy.schema import Clause, Images, PackUse, Profile, When
from excise.policy.situation import Situation

JUDGE: Final = "judge"
"""Under which the expression is asked that says when a judge is."""

ANY_TOOL: Final = "tool.*"
"""The entity of a rule that finds calls of every class."""

_REMEMBERED: Final = 4096  # situations whose reach is kept; then forgotten all at once

Excuse = Callable[[Segment, Finding, Situation], str]
"""Why the operator excuses a finding in a situation; "" where nobody does."""

Reach = Mapping[str, Mode]
"""Clause id → the mode in which it may speak in a situation, before findings and expressions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A profile joined with the rules of its packs, ready to decide."""

    profile: Profile
    rules: Mapping[str, RuleFacts]
    digest: str
    modes: Mapping[str, Mode] = field(default_factory=dict)  # by rule
    mild: frozenset[str] = frozenset()  # rules that by themselves only record
    conditions: Conditions = NO_CONDITIONS
    judge: Conditions = NO_CONDITIONS  # whether a judge is asked
    clauses: Mapping[str, Clause] = field(default_factory=dict)  # by id
    of_exchange: tuple[Clause, ...] = ()
    of_rule: Mapping[str, tuple[Clause, ...]] = field(default_factory=dict)  # those that may fit
    reads: frozenset[str] = frozenset()  # fields and functions that must have their values
    # Detectors that a rule in force reads, or that must have answered: a message waits for these.
    awaited: frozenset[tuple[Direction, str]] = frozenset()
    salt: bytes = field(default=b"", repr=False)  # keys who is in a partial roll-out
    excuse: Excuse | None = None
    _reached: dict[tuple[object, ...], Reach] = field(
        default_factory=dict, repr=False, compare=False
    )

    @property
    def listens(self) -> bool:
        """Whether some clause may speak of a message in which nothing was found."""
        return bool(self.of_exchange)

    @property
    def is_timed(self) -> bool:
        """Whether deciding needs the time of day."""
        return self.excuse is not None or not self.reads.isdisjoint(("time.hour", "time.weekday"))

    def reach(self, situation: Situation) -> Reach:
        """Which clauses this situation lets speak, and in which mode; remembered."""
        who, now = situation.principal, situation
        key = (
            now.direction, who.id, who.group, now.model, now.provider, now.host, now.path, now.app,
            now.tools,
        )  # fmt: skip
        known = self._reached.get(key)
        if known is None:
            known = {
                clause.id: _mode_for(clause, who.id, self.salt)
                for clause in self.profile.clauses
                if fits_situation(clause.when, situation)
            }
            if len(self._reached) >= _REMEMBERED:
                self._reached.clear()
            self._reached[key] = known
        return known


def build_policy(
    profile: Profile,
    rules: Iterable[RuleFacts],
    origin: str,
    source: bytes,
    *,
    salt: bytes = b"",
) -> Policy:
    """Join a profile with the rules of its packs; `source` is every byte the policy was made of.

    Raises `PolicyError` where a clause names what no rule carries, or an expression is wrong.
    """
    uses = {use.name: use for use in profile.packs}
    every = [fact for fact in rules if fact.pack in uses]
    used = {fact.id: fact for fact in every if fact.level <= profile.level}
    _names_exist(profile, used, origin)
    return assembled(
        profile,
        used,
        digest=hashlib.sha256(source).hexdigest()[:16],
        modes={fact.id: _mode_of(fact, uses[fact.pack]) for fact in used.values()},
        salt=salt,
    )


def assembled(
    profile: Profile,
    rules: Mapping[str, RuleFacts],
    *,
    digest: str = "",
    modes: Mapping[str, Mode],
    salt: bytes = b"",
) -> Policy:
    """A policy of parts that are known to fit, with its indexes. Raises `PolicyError` for an
    expression."""
    clauses = profile.clauses
    conditions, judge = build_conditions(clauses), _judge_of(profile)
    about_findings = [clause for clause in clauses if clause.is_about_findings]
    return Policy(
        profile=profile,
        rules=MappingProxyType(dict(rules)),
        digest=digest,
        modes=MappingProxyType(dict(modes)),
        mild=frozenset(f.id for f in rules.values() if f.action.rank < Action.REDACT.rank),
        conditions=conditions,
        judge=judge,
        reads=(conditions.reads | judge.reads).union(
            *(_read_by(clause.when) for clause in clauses)
        ),
        clauses=MappingProxyType({clause.id: clause for clause in clauses}),
        of_exchange=tuple(clause for clause in clauses if not clause.is_about_findings),
        of_rule={
            facts.id: tuple(c for c in about_findings if fits_rule(c.when, facts))
            for facts in rules.values()
        },
        awaited=frozenset(
            (direction, facts.detector)
            for facts in rules.values()
            if modes[facts.id] is Mode.ENFORCE or facts.detector in profile.require
            for direction in facts.directions
        ),
        salt=salt,
    )


def _judge_of(profile: Profile) -> Conditions:
    asked = profile.judge.condition
    if asked is None:
        return NO_CONDITIONS
    clause = Clause(id=JUDGE, when=When(), then=Action.LOG, condition=asked)
    return build_conditions([clause])


def without_clauses(policy: Policy, names: Iterable[str]) -> Policy:
    """The same policy, with these clauses silent."""
    silent = frozenset(names)
    return replace(
        policy,
        of_exchange=tuple(each for each in policy.of_exchange if each.id not in silent),
        of_rule={
            rule: tuple(each for each in clauses if each.id not in silent)
            for rule, clauses in policy.of_rule.items()
        },
    )


def fits_rule(when: When, facts: RuleFacts) -> bool:
    """Whether findings of a rule may fit, as far as the rule alone tells."""
    wild = facts.entity.endswith("*")
    return (
        is_named(when.rules, facts.id)
        and (not when.packs or facts.pack in when.packs)
        and (wild or is_named(when.entities, facts.entity))
        and (facts.entity == ANY_TOOL or is_of_class(when.tool_classes, facts.entity))
        and (not when.kinds or facts.kind in when.kinds)
        and (not when.severities or facts.severity in when.severities)
        and (not when.directions or bool(when.directions & facts.directions))
        and (not when.parts or not facts.parts or bool(when.parts & facts.parts))
    )


def fits_situation(when: When, situation: Situation) -> bool:
    """Whether the conditions about the exchange hold."""
    who = situation.principal
    return (
        (not when.directions or situation.direction in when.directions)
        and is_named(when.groups, who.group)
        and is_named(when.users, who.id)
        and is_named(when.models, situation.model)
        and is_named(when.providers, situation.provider)
        and is_named(when.hosts, situation.host)
        and is_named(when.paths, situation.path)
        and is_named(when.apps, situation.app)
        and (not when.tools or any(is_named(when.tools, tool) for tool in situation.tools))
    )


def is_named(patterns: frozenset[str], name: str) -> bool:
    """Whether a name is one of these, which may hold `*`; no patterns name everything."""
    return not patterns or name in patterns or any(fnmatchcase(name, each) for each in patterns)


def is_of_class(classes: frozenset[ToolClass], entity: str) -> bool:
    """Whether what was found is a call of one of these classes; no classes name everything."""
    return not classes or any(entity == f"tool.{each}" for each in classes)


def takes_part(clause: Clause, principal: str, salt: bytes) -> bool:
    """Whether a principal is among the percentage for whom a clause is rolled out already.

    Raising the percentage only adds principals; each clause draws its own lot.
    """
    digest = hashlib.blake2b(f"{clause.id}\0{principal}".encode(), key=salt[:64], digest_size=8)
    return int.from_bytes(digest.digest()) % 100 < clause.percent


def _read_by(when: When) -> frozenset[str]:
    """Fields that conditions read and that are not at hand anyway."""
    return frozenset(name for name, asked in (("app", when.apps), ("tools", when.tools)) if asked)


def _mode_for(clause: Clause, principal: str, salt: bytes) -> Mode:
    if clause.percent < 100 and not takes_part(clause, principal, salt):
        return Mode.SHADOW
    return clause.mode


def _mode_of(facts: RuleFacts, use: PackUse) -> Mode:
    if facts.id in use.shadow:
        return Mode.SHADOW
    if facts.id in use.enforce:
        return Mode.ENFORCE
    return use.mode or facts.mode or Mode.ENFORCE


def shadowed(profile: Profile) -> Profile:
    """The same profile with everything in shadow: it sees all and alters nothing.

    Its cases are left out, since they say what it does on purpose.
    """
    return replace(
        profile,
        packs=tuple(replace(use, mode=Mode.SHADOW, enforce=frozenset()) for use in profile.packs),
        clauses=tuple(replace(clause, mode=Mode.SHADOW) for clause in profile.clauses),
        require=frozenset(),
        cases=(),
        uninspectable=min(profile.uninspectable, Action.ALERT, key=lambda action: action.rank),
        uninspectable_by_reason={
            reason: min(action, Action.ALERT, key=lambda each: each.rank)
            for reason, action in profile.uninspectable_by_reason.items()
        },
        images=Images.KEEP,
        note="",
    )


def _names_exist(profile: Profile, used: Mapping[str, RuleFacts], origin: str) -> None:
    entities = {f.entity for f in used.values()}
    packs = {use.name for use in profile.packs}
    for clause in profile.clauses:
        at, when = clause.origin or origin, clause.when
        wild = _kinds_named(when.entities, used.values())
        _known(when.rules, set(used), f"clause {clause.id}: rule", at)
        _known(when.entities, entities | wild, f"clause {clause.id}: entity", at)
        _known(when.packs, packs, f"clause {clause.id}: pack", at)
        _measures_known(clause, entities)
    for use in profile.packs:
        mine = {fact.id for fact in used.values() if fact.pack == use.name}
        _known(use.enforce | use.shadow, mine, f"pack {use.name}: rule", use.origin or origin)
    detectors = {fact.detector for fact in used.values()}
    _known(profile.require, detectors, "detector", origin)


def _measures_known(clause: Clause, entities: set[str]) -> None:
    if clause.condition is None:
        return
    named = {m.name for m in clause.condition.measures.values()
             if m.function in ("count", "max_score")}  # fmt: skip
    wild = {name for name in named for e in entities if e.endswith("*") and name.startswith(e[:-1])}
    _known(named - wild, entities, f"clause {clause.id}: entity", clause.condition.origin)


def _kinds_named(names: Iterable[str], facts: Iterable[RuleFacts]) -> set[str]:
    """Of these names, those that a rule of many entities (`code.*`) may find."""
    stems = tuple(fact.entity[:-1] for fact in facts if fact.entity.endswith("*"))
    return {name for name in names if name.startswith(stems)} if stems else set()


def _known(names: Iterable[str], known: set[str], what: str, at: str) -> None:
    for name in sorted(names):
        if name not in known and not ("*" in name and any(fnmatchcase(k, name) for k in known)):
            raise PolicyError(
                "EXC-POL-010",
                f'{what} "{name}" stands in no pack of this profile.',
                at=at,
                hint=closest(name, known),
            )
