"""Profile text → `Profile`; profile and rules → `Policy`. Errors carry file, line and the mend."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from excise.errors import REASONS, PolicyError, closest
from excise.model import Action, Direction, Kind, Mode, Part, Role, Severity
from excise.policy.schema import Case, Clause, PackUse, Policy, Profile, RuleFacts, Sockets, When
from excise.strict import Node, parse_yaml

# What the engine carries out; a profile that asks for anything else does not load.
BUILT: Final = frozenset({Action.ALLOW, Action.LOG, Action.ALERT, Action.REDACT, Action.BLOCK})


def parse_profile(text: str, origin: str) -> Profile:
    """A profile from its YAML. Raises `PolicyError`."""
    node = parse_yaml(text, origin)
    unread = node.node("uninspectable")
    profile = Profile(
        name=node.text("profile"),
        title=node.text("title"),
        packs=tuple(_pack_use(item) for item in node.nodes("packs")),
        level=node.integer("level", 1),
        clauses=tuple(_clause(item) for item in node.nodes("clauses", ())),
        uninspectable=_action(unread, "otherwise"),
        uninspectable_by_reason={key: _action(unread, key) for key in unread if key in REASONS},
        on_fault=_action(node, "on-fault"),
        sockets=Sockets(node.choice("sockets", frozenset(Sockets), default=Sockets.READ)),
        cases=tuple(_case(item) for item in node.nodes("cases", ())),
    )
    unread.done(also=REASONS)
    node.done()
    _unique(node, "packs", [use.name for use in profile.packs])
    _unique(node, "clauses", [clause.id for clause in profile.clauses])
    return profile


def build_policy(
    profile: Profile, rules: Iterable[RuleFacts], origin: str, source: bytes
) -> Policy:
    """Join a profile with the rules of its packs; `source` is every byte the policy was made of.

    Raises `PolicyError` where a clause names what no rule carries.
    """
    modes = {use.name: use.mode for use in profile.packs}
    used = {fact.id: fact for fact in rules if fact.pack in modes and fact.level <= profile.level}
    for clause in profile.clauses:
        _known(clause.when.rules, set(used), f"clause {clause.id}: rule", origin)
        _known(
            clause.when.entities,
            {f.entity for f in used.values()} | _kinds_named(clause.when.entities, used.values()),
            f"clause {clause.id}: entity",
            origin,
        )
        _known(clause.when.packs, set(modes), f"clause {clause.id}: pack", origin)
    digest = hashlib.sha256(source).hexdigest()[:16]
    return Policy(
        profile=profile,
        rules=MappingProxyType(used),
        digest=digest,
        modes=MappingProxyType(modes),
        mild=frozenset(f.id for f in used.values() if f.action.rank < Action.REDACT.rank),
    )


def shadowed(profile: Profile) -> Profile:
    """The same profile with every pack in shadow: it sees everything and alters nothing."""
    return replace(
        profile,
        packs=tuple(replace(use, mode=Mode.SHADOW) for use in profile.packs),
        uninspectable=min(profile.uninspectable, Action.ALERT, key=lambda action: action.rank),
        uninspectable_by_reason={
            reason: min(action, Action.ALERT, key=lambda each: each.rank)
            for reason, action in profile.uninspectable_by_reason.items()
        },
    )


def _kinds_named(names: Iterable[str], facts: Iterable[RuleFacts]) -> set[str]:
    """Of these names, those that a rule of many entities (`code.*`) may find."""
    stems = tuple(fact.entity[:-1] for fact in facts if fact.entity.endswith("*"))
    return {name for name in names if name.startswith(stems)} if stems else set()


def _known(names: Iterable[str], known: set[str], what: str, origin: str) -> None:
    for name in names:
        stem = name.removesuffix("*")
        if name not in known and not (
            name.endswith("*") and any(k.startswith(stem) for k in known)
        ):
            raise PolicyError(
                "EXC-POL-010",
                f'{what} "{name}" stands in no pack of this profile.',
                at=origin,
                hint=closest(name, known),
            )


def _unique(node: Node, key: str, names: list[str]) -> None:
    for number, name in enumerate(names):
        if name in names[:number]:
            raise PolicyError("EXC-POL-007", f'"{name}" stands twice in {key}.', at=node.at(key))


def _action(node: Node, key: str, default: Any = None) -> Action:
    words = [action.value for action in Action if action in BUILT]
    return Action(node.choice(key, words, default) if default else node.choice(key, words))


def _mode(node: Node) -> Mode:
    return Mode(node.choice("mode", [mode.value for mode in Mode], Mode.ENFORCE.value))


def _pack_use(node: Node) -> PackUse:
    use = PackUse(name=node.text("pack"), mode=_mode(node))
    node.done()
    return use


def _words[E: StrEnum](node: Node, key: str, enum: type[E]) -> frozenset[E]:
    return frozenset(enum(word) for word in node.choices(key, [item.value for item in enum], ()))


def _clause(node: Node) -> Clause:
    when = node.node("when")
    clause = Clause(
        id=node.text("id"),
        when=When(
            rules=frozenset(when.texts("rules", ())),
            packs=frozenset(when.texts("packs", ())),
            entities=frozenset(when.texts("entities", ())),
            kinds=_words(when, "kinds", Kind),
            severities=_words(when, "severities", Severity),
            directions=_words(when, "directions", Direction),
            roles=_words(when, "roles", Role),
            parts=_words(when, "parts", Part),
            groups=frozenset(when.texts("groups", ())),
        ),
        then=_action(node, "then"),
        mode=_mode(node),
    )
    when.done()
    node.done()
    return clause


def _case(node: Node) -> Case:
    expect = node.node("expect")
    case = Case(
        name=node.text("name"),
        rules=node.texts("findings"),
        direction=Direction(
            node.choice("direction", [d.value for d in Direction], Direction.REQUEST.value)
        ),
        group=node.text("group", ""),
        action=Action(expect.choice("action", [action.value for action in Action])),
        clause=expect.text("clause", ""),
    )
    expect.done()
    node.done()
    return case


def check_cases(policy: Policy, outcome: Mapping[str, tuple[Action, frozenset[str]]]) -> list[str]:
    """Sentences about the cases of a profile that did not come out as written; empty when all did.

    `outcome` maps each case's name to the action decided and the clauses that spoke.
    """
    faults = []
    for case in policy.profile.cases:
        action, clauses = outcome[case.name]
        if action is not case.action:
            faults.append(f'case "{case.name}": expected {case.action}, decided {action}.')
        elif case.clause and case.clause not in clauses:
            faults.append(f'case "{case.name}": clause {case.clause} did not speak.')
    return faults
