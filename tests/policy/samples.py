"""Rules, findings and policies for the tests of policy."""

from __future__ import annotations

from collections.abc import Iterable

from excise.model import (
    Action,
    Direction,
    Finding,
    Kind,
    Mode,
    Part,
    Principal,
    Role,
    Segment,
    Severity,
    Span,
)
from excise.policy.build import Policy, build_policy
from excise.policy.facts import RuleFacts
from excise.policy.load import parse_profile
from excise.policy.situation import Situation, Turn

HEAD = """\
profile: sample
title: A sample
level: 2
packs: [{pack: pii}, {pack: secret}, {pack: lab, mode: shadow}]
uninspectable: {otherwise: alert}
on-fault: block
"""


def facts(rule: str, **changes: object) -> RuleFacts:
    """A rule as policy sees it, with the entity of its own name."""
    base = {
        "id": rule,
        "pack": rule.partition(".")[0],
        "entity": rule,
        "kind": Kind.PERSONAL,
        "severity": Severity.HIGH,
        "level": 1,
        "action": Action.REDACT,
        "directions": frozenset(Direction),
        "parts": frozenset(),
    }
    return RuleFacts(**{**base, **changes})  # type: ignore[arg-type]


RULES = (
    facts("pii.email"),
    facts("pii.phone", severity=Severity.LOW, weight=2.0),
    facts("secret.key", kind=Kind.SECRET, action=Action.BLOCK, weight=5.0),
    facts("lab.idea", kind=Kind.BUSINESS, action=Action.BLOCK, detector="subject"),
)


def policy(clauses: str = "", rules: Iterable[RuleFacts] = RULES, head: str = HEAD) -> Policy:
    """The sample profile with these clauses, as YAML list items."""
    text = f"{head}clauses:\n{clauses}" if clauses else head
    return build_policy(parse_profile(text, "p.yaml"), rules, "p.yaml", text.encode(), salt=b"s")


def found(
    *rules: str, older: bool = False, role: Role = Role.USER
) -> tuple[Segment, list[Finding]]:
    """A segment in which these rules found their entities."""
    by_id = {each.id: each for each in RULES}
    segment = Segment("text", role, Part.PROMPT, 0, ("messages", 0 if older else 2, "content"))
    return segment, [
        Finding(r.entity, r.id, Span(0, 4), 1.0, r.severity, r.kind, r.detector)
        for r in (by_id[name] for name in rules)
    ]


def situation(**facts: object) -> Situation:
    """A request by nobody in particular; the newest message is the third."""
    base: dict[str, object] = {
        "direction": Direction.REQUEST,
        "principal": Principal(id=str(facts.pop("user", "x")), group=str(facts.pop("group", ""))),
        "turn": Turn("messages", 2),
    }
    return Situation(**{**base, **facts})  # type: ignore[arg-type]


MODES = tuple(Mode)
