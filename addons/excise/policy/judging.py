"""When a judge is asked: the key `judge` of a profile, and whether it holds of a message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from excise.errors import PolicyError
from excise.model import Direction, Finding, Mode, Segment
from excise.policy.build import JUDGE, Policy
from excise.policy.decide import listening
from excise.policy.expression import parse_expression
from excise.policy.features import Heard, sum_up
from excise.policy.fields import About, Look
from excise.policy.schema import JUDGED_PARTS, Grey, Judged
from excise.policy.situation import Situation
from excise.strict import Node

CLASSIFIERS: Final = frozenset({"injection", "topics", "unsafe"})
"""Whose scores a grey zone may be of."""


def judged(node: Node) -> Judged:
    """What a profile says of the judge. Raises `PolicyError`."""
    unsaid = Judged()
    made = Judged(
        directions=frozenset(
            map(Direction, node.choices("directions", Direction, tuple(unsaid.directions)))
        ),
        parts=frozenset(
            part
            for part in JUDGED_PARTS
            if part in node.choices("parts", JUDGED_PARTS, tuple(JUDGED_PARTS))
        ),
        grey=_grey(node.node("grey")) if "grey" in node else unsaid.grey,
        condition=parse_expression(node.text("if"), node.at("if")) if "if" in node else None,
    )
    node.done(also=("if", "grey"))
    if made.condition is not None and made.condition.about is About.FINDING:
        raise PolicyError(
            "EXC-POL-015",
            "the judge is asked about texts, not about single findings.",
            at=node.at("if"),
        )
    return made


def _grey(node: Node) -> Mapping[str, Grey]:
    zones = {name: _zone(node, name) for name in sorted(CLASSIFIERS) if name in node}
    node.done(also=CLASSIFIERS)
    return zones


def _zone(node: Node, name: str) -> Grey:
    ends = node.raw(name)
    known = isinstance(ends, list) and len(ends) == 2 and all(map(_is_number, ends))
    if not known or not 0 <= ends[0] <= ends[1] <= 1:
        raise PolicyError(
            "EXC-POL-006", "wanted two scores from 0 to 1, the lower one first.", at=node.at(name)
        )
    return Grey(float(ends[0]), float(ends[1]))


def _is_number(raw: object) -> bool:
    return isinstance(raw, int | float) and not isinstance(raw, bool)


def may_ask(
    policy: Policy,
    found: Iterable[tuple[Segment, Sequence[Finding]]],
    situation: Situation,
) -> bool:
    """Whether the policy lets a judge be asked about this message."""
    if situation.direction not in policy.profile.judge.directions:
        return False
    if policy.profile.judge.condition is None:
        return True
    heard = (
        Heard(segment, finding, facts)
        for segment, findings in found
        for finding in findings
        if (facts := listening(policy, segment, finding, situation.direction)) is not None
        and policy.modes[facts.id] is Mode.ENFORCE
    )
    look = Look(situation, sum_up(heard))
    return JUDGE in policy.judge.of_message(look, found=True).ids
