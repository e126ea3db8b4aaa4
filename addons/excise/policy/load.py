"""Profile text → `Profile`. Errors carry file, line and the mend."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any, Final

from excise.errors import REASONS, PolicyError
from excise.model import Action, Decision, Direction, Kind, Mode, Part, Role, Severity, ToolClass
from excise.policy.build import Policy
from excise.policy.expression import parse_expression
from excise.policy.judging import judged
from excise.policy.schema import (
    Case,
    Clause,
    How,
    Images,
    Judged,
    Override,
    PackUse,
    Pinning,
    Profile,
    Scope,
    Sockets,
    Tools,
    When,
)
from excise.strict import Node, parse_yaml

# What a clause may ask for, and what may be done about whatever could not be read or failed.
BUILT: Final = frozenset(Action)
PLAIN: Final = frozenset({Action.ALLOW, Action.LOG, Action.ALERT, Action.REDACT, Action.BLOCK})


def parse_profile(
    text: str, origin: str, read_base: Callable[[str, str], Profile] | None = None
) -> Profile:
    """A profile from its YAML. `read_base` gives one that it extends by name, told where that is
    said. Raises `PolicyError`."""
    node = parse_yaml(text, origin)
    if "extends" not in node:
        return _profile(node, None)
    name, at = node.text("extends"), node.at("extends")
    if read_base is None:
        raise PolicyError("EXC-POL-010", f'nothing "{name}" to extend here.', at=at)
    return _profile(node, read_base(name, at))


def _profile(node: Node, base: Profile | None) -> Profile:
    """What a profile says, over what one that it extends says: packs and clauses of the same name,
    and whatever other key it has, take the place of those below; its cases are its own."""
    packs = tuple(map(_pack_use, node.nodes("packs", *(() if base is None else ((),)))))
    clauses = tuple(map(_clause, node.nodes("clauses", ())))
    _unique(node, "packs", [use.name for use in packs])
    _unique(node, "clauses", [clause.id for clause in clauses])
    own: dict[str, Any] = {
        "name": node.text("profile"),
        "title": node.text("title"),
        "cases": tuple(map(_case, node.nodes("cases", ()))),
        "origin": node.at(),
    }
    for key, read in _KEYS.items():
        if base is None or key in node:
            own |= read(node)
    node.done(also=_KEYS)
    if base is None:
        return Profile(packs=packs, clauses=clauses, **own)
    return replace(
        base,
        packs=_over(base.packs, packs, lambda use: use.name),
        clauses=_over(base.clauses, clauses, lambda clause: clause.id),
        **own,
    )


def _over[T](below: tuple[T, ...], own: tuple[T, ...], name: Callable[[T], str]) -> tuple[T, ...]:
    """What is below, with what is named alike replaced where it stands, and then the rest."""
    mine = {name(each): each for each in own}
    known = [mine.pop(name(each), each) for each in below]
    return (*known, *mine.values())


def _unread(node: Node) -> dict[str, Any]:
    unread = node.node("uninspectable")
    said = {
        "uninspectable": _action(unread, "otherwise"),
        "uninspectable_by_reason": {key: _action(unread, key) for key in unread if key in REASONS},
    }
    unread.done(also=REASONS)
    return said


# The keys of a profile that stand for themselves → what they say.
_KEYS: Final[Mapping[str, Callable[[Node], dict[str, Any]]]] = {
    "level": lambda node: {"level": node.integer("level", 1)},
    "uninspectable": _unread,
    "on-fault": lambda node: {"on_fault": _action(node, "on-fault")},
    "require": lambda node: {"require": frozenset(node.texts("require", ()))},
    "sockets": lambda node: {
        "sockets": Sockets(node.choice("sockets", frozenset(Sockets), default=Sockets.READ))
    },
    "tools": lambda node: {"tools": _tools(node.node("tools")) if "tools" in node else Tools()},
    "judge": lambda node: {"judge": judged(node.node("judge")) if "judge" in node else Judged()},
    "images": lambda node: {
        "images": Images(node.choice("images", frozenset(Images), default=Images.STRIP))
    },
    "note": lambda node: {"note": node.text("note", "")},
}


def _tools(node: Node) -> Tools:
    tools = Tools(
        hosts=frozenset(host.lower().strip(".") for host in node.texts("hosts", ())),
        paths=tuple(node.texts("paths", ())),
        pins=Pinning(node.choice("pins", frozenset(Pinning), default=Pinning.FOLLOW)),
    )
    node.done()
    return tools


def _unique(node: Node, key: str, names: list[str]) -> None:
    for number, name in enumerate(names):
        if name in names[:number]:
            raise PolicyError("EXC-POL-007", f'"{name}" stands twice in {key}.', at=node.at(key))


def _action(node: Node, key: str, known: frozenset[Action] = PLAIN) -> Action:
    return Action(node.choice(key, [action.value for action in Action if action in known]))


def _mode(node: Node) -> Mode:
    return Mode(node.choice("mode", Mode, Mode.ENFORCE))


def _pack_use(node: Node) -> PackUse:
    use = PackUse(
        name=node.text("pack"),
        mode=Mode(node.choice("mode", Mode)) if "mode" in node else None,
        enforce=frozenset(node.texts("enforce", ())),
        shadow=frozenset(node.texts("shadow", ())),
        origin=node.at(),
    )
    node.done(also=("mode",))
    if both := sorted(use.enforce & use.shadow):
        raise PolicyError(
            "EXC-POL-015",
            f'"{both[0]}" is both enforced and in shadow; keep one.',
            at=node.at("shadow"),
        )
    return use


def _words[E: StrEnum](node: Node, key: str, enum: type[E]) -> frozenset[E]:
    return frozenset(map(enum, node.choices(key, enum, ())))


def _clause(node: Node) -> Clause:
    then = _action(node, "then", BUILT)
    when = _when(node.node("when")) if "when" in node else When()
    clause = Clause(
        id=node.text("id"),
        when=_of_requests(when, then, node),
        then=then,
        condition=(parse_expression(node.text("if"), node.at("if")) if "if" in node else None),
        mode=_mode(node),
        scope=Scope(node.choice("scope", Scope, Scope.NEW)),
        percent=node.integer("percent", 100),
        tell=node.text("tell", ""),
        how=How(node.choice("how", How, How.PLACEHOLDER)),
        valid=node.flag("valid", False),
        text=node.text("text", ""),
        retry_after=node.integer("retry-after", 60),
        override=_override(node.node("override")) if "override" in node else None,
        origin=node.at(),
    )
    node.done(also=("when", "if", "override"))
    _fits_its_action(clause, node)
    _makes_sense(clause, node)
    return clause


# What only some actions read, and which those are.
_READ_BY: Final = {
    "how": frozenset({Action.REDACT}),
    "valid": frozenset({Action.REDACT}),
    "text": frozenset({Action.FALLBACK, Action.STEER}),
    "retry-after": frozenset({Action.LIMIT}),
    "override": frozenset({Action.BLOCK, Action.FALLBACK}),
}
_ASKED_ONLY: Final = frozenset({Action.STEER, Action.LIMIT, Action.TARPIT})
MAX_TEXT: Final = 4000
JUSTIFICATIONS: Final = ("required", "optional")


def _of_requests(when: When, then: Action, node: Node) -> When:
    """Some actions are about requests alone, said or not."""
    if then not in _ASKED_ONLY:
        return when
    if Direction.RESPONSE in when.directions:
        raise PolicyError(
            "EXC-POL-015",
            f'"{then}" is about requests, and the clause is about responses.',
            at=node.at("when"),
            hint="Answers can be blocked, redacted or replaced by a fallback.",
        )
    return replace(when, directions=frozenset({Direction.REQUEST}))


def _override(node: Node) -> Override:
    minutes = node.integer("minutes", 15)
    word = node.choice("justification", JUSTIFICATIONS, JUSTIFICATIONS[0])
    if not 1 <= minutes <= 24 * 60:
        raise PolicyError(
            "EXC-POL-006", f"{minutes} minutes; wanted 1 to 1440.", at=node.at("minutes")
        )
    node.done()
    return Override(minutes, word == "required")


def _fits_its_action(clause: Clause, node: Node) -> None:
    """Refuse what an action does not read, and the want of what it needs."""
    for key, actions in _READ_BY.items():
        if key in node and clause.then not in actions:
            raise PolicyError(
                "EXC-POL-015",
                f'clause {clause.id} says {key}:, and "{clause.then}" does not read it.',
                at=node.at(key),
                hint=f"It belongs to {' and '.join(sorted(actions))}.",
            )
    if clause.then in _READ_BY["text"] and not clause.text:
        raise PolicyError(
            "EXC-POL-004", f'clause {clause.id}: "{clause.then}" needs text:.', at=node.at()
        )
    if len(clause.text) > MAX_TEXT:
        raise PolicyError(
            "EXC-POL-012",
            f"{len(clause.text)} characters; wanted at most {MAX_TEXT}.",
            at=node.at("text"),
        )
    if clause.valid and clause.how is not How.SUBSTITUTE:
        raise PolicyError(
            "EXC-POL-015",
            f"clause {clause.id} says valid:, which only substitutes can be.",
            at=node.at("valid"),
            hint="how: substitute",
        )
    if not 1 <= clause.retry_after <= 86_400:
        raise PolicyError(
            "EXC-POL-006",
            f"{clause.retry_after} seconds; wanted 1 to 86400.",
            at=node.at("retry-after"),
        )


def _makes_sense(clause: Clause, node: Node) -> None:
    """Refuse what a clause can say and cannot mean."""
    if clause.condition is None and clause.when == When():
        raise PolicyError(
            "EXC-POL-004",
            f'clause {clause.id} has no condition; wanted "when", "if" or both.',
            at=node.at(),
            hint='when: {rules: ["*"]} speaks of every finding.',
        )
    if not 0 <= clause.percent <= 100:
        raise PolicyError(
            "EXC-POL-006", f"{clause.percent} percent; wanted 0 to 100.", at=node.at("percent")
        )
    if clause.is_about_findings or clause.then not in (Action.REDACT, Action.ALLOW):
        return
    why = (
        "nothing says what to cut out"
        if clause.then is Action.REDACT
        else "what other clauses and rules say stands all the same"
    )
    raise PolicyError(
        "EXC-POL-015",
        f'clause {clause.id} says "{clause.then}" of the whole exchange: {why}.',
        at=node.at("then"),
        hint='Name findings, such as when: {entities: ["pii.*"]}, or another action.',
    )


def _when(node: Node) -> When:
    when = When(
        rules=frozenset(node.texts("rules", ())),
        packs=frozenset(node.texts("packs", ())),
        entities=frozenset(node.texts("entities", ())),
        kinds=_words(node, "kinds", Kind),
        severities=_words(node, "severities", Severity),
        directions=_words(node, "directions", Direction),
        roles=_words(node, "roles", Role),
        parts=_words(node, "parts", Part),
        tool_classes=_words(node, "tool-classes", ToolClass),
        groups=frozenset(node.texts("groups", ())),
        users=frozenset(node.texts("users", ())),
        models=frozenset(node.texts("models", ())),
        providers=frozenset(node.texts("providers", ())),
        hosts=frozenset(node.texts("hosts", ())),
        paths=frozenset(node.texts("paths", ())),
        apps=frozenset(node.texts("apps", ())),
        tools=frozenset(node.texts("tools", ())),
    )
    node.done()
    return when


def _case(node: Node) -> Case:
    expect = node.node("expect")
    case = Case(
        name=node.text("name"),
        rules=node.texts("findings", ()),
        direction=Direction(node.choice("direction", Direction, Direction.REQUEST)),
        group=node.text("group", ""),
        user=node.text("user", ""),
        model=node.text("model", ""),
        role=Role(node.choice("role", Role, Role.USER)),
        part=Part(node.choice("part", Part, Part.PROMPT)),
        older=node.flag("older", False),
        tokens=node.integer("tokens", 0),
        action=Action(expect.choice("action", Action)),
        would=Action(expect.choice("would", Action)) if "would" in expect else None,
        clause=expect.text("clause", ""),
        origin=node.at(),
    )
    expect.done(also=("would",))
    node.done()
    return case


def check_cases(policy: Policy, outcome: Mapping[str, Decision]) -> list[str]:
    """Sentences about the cases of a profile that did not come out as written; empty when all did.

    `outcome` maps each case's name to what was decided.
    """
    faults = []
    for case in policy.profile.cases:
        decision = outcome[case.name]
        spoke = {r.clause for r in decision.rulings} | {s.clause for s in decision.clauses}
        start = f'case "{case.name}"'
        if decision.action is not case.action:
            faults.append(f"{start}: expected {case.action}, decided {decision.action}.")
        elif case.would is not None and decision.would is not case.would:
            faults.append(f"{start}: expected would {case.would}, got {decision.would}.")
        elif case.clause and case.clause not in spoke:
            faults.append(f"{start}: clause {case.clause} did not speak.")
    return faults
