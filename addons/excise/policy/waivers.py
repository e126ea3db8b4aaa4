"""Exceptions that an operator grants: what is excused, to whom, why, and until when."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from fnmatch import fnmatchcase
from typing import Any, Final

from excise.errors import PolicyError
from excise.model import Finding, Principal, Segment
from excise.policy.build import is_named
from excise.policy.facts import RuleFacts
from excise.policy.situation import Situation
from excise.sensitive import fingerprint
from excise.strict import Node, parse_yaml

_FINGERPRINT: Final = re.compile(r"[0-9a-f]{16}")
LONGEST: Final = 300  # characters of a reason, as the trail keeps it


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """One exception. An empty set asks nothing; names may hold `*`; the last day is included."""

    fingerprints: frozenset[str] = frozenset()  # keyed, as audit lines show them
    entities: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()
    principals: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    paths: frozenset[str] = frozenset()  # places in the message, as audit lines show them
    because: str
    until: date
    origin: str = field(default="", compare=False)

    def is_over(self, moment: datetime) -> bool:
        """Whether its last day (UTC) is past."""
        return moment.date() > self.until

    def covers(self, segment: Segment, finding: Finding, who: Principal, key: bytes) -> bool:
        """Whether it speaks of this finding; `key` keys the fingerprints."""
        return (
            is_named(self.rules, finding.rule)
            and is_named(self.entities, finding.entity)
            and is_named(self.principals, who.id)
            and is_named(self.groups, who.group)
            and (not self.paths or _is_at(self.paths, segment))
            and (not self.fingerprints or _value_of(segment, finding, key) in self.fingerprints)
        )


def parse_waivers(text: str, origin: str) -> tuple[Waiver, ...]:
    """The exceptions of a file. Raises `PolicyError`."""
    node = parse_yaml(text, origin)
    waivers = tuple(_waiver(item) for item in node.nodes("exceptions"))
    node.done()
    return waivers


@dataclass(frozen=True, slots=True)
class Waivers:
    """All exceptions of an operator; called, they say why a finding is excused, or ""."""

    every: tuple[Waiver, ...]
    key: bytes = field(repr=False)  # of the fingerprints

    def __call__(self, segment: Segment, finding: Finding, situation: Situation) -> str:
        """The reason of the first exception in force that covers a finding."""
        for each in self.every:
            if not each.is_over(situation.moment) and each.covers(
                segment, finding, situation.principal, self.key
            ):
                return each.because
        return ""


def find_idle(waivers: Iterable[Waiver], rules: Iterable[RuleFacts]) -> list[Waiver]:
    """Those that name a rule or an entity which no rule carries."""
    known = list(rules)
    entities = {fact.entity for fact in known}
    stems = tuple(each[:-1] for each in entities if each.endswith("*"))
    return [
        each
        for each in waivers
        if not any(is_named(each.rules, fact.id) for fact in known)
        or not (
            any(is_named(each.entities, entity) for entity in entities)
            or any(name.startswith(stems) for name in each.entities if stems)
        )
    ]


def _waiver(node: Node) -> Waiver:
    waiver = Waiver(
        fingerprints=frozenset(node.texts("fingerprints", ())),
        entities=frozenset(node.texts("entities", ())),
        rules=frozenset(node.texts("rules", ())),
        principals=frozenset(node.texts("principals", ())),
        groups=frozenset(node.texts("groups", ())),
        paths=frozenset(node.texts("paths", ())),
        because=node.text("because"),
        until=_day(node.raw("until"), node),
        origin=node.at(),
    )
    node.done()
    if not (waiver.fingerprints or waiver.entities or waiver.rules):
        raise PolicyError(
            "EXC-POL-004",
            "an exception that names no fingerprints, entities or rules would excuse everything.",
            at=node.at(),
        )
    for each in waiver.fingerprints:
        if not _FINGERPRINT.fullmatch(each):
            raise PolicyError(
                "EXC-POL-012",
                "a fingerprint is 16 hex digits, as the trail shows it.",
                at=node.at("fingerprints"),
                hint="Digits alone must stand in quotes.",
            )
    if not 0 < len(waiver.because.strip()) <= LONGEST:
        raise PolicyError(
            "EXC-POL-012", f"because has 1 to {LONGEST} characters.", at=node.at("because")
        )
    return waiver


def _day(value: Any, node: Node) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise PolicyError(
            "EXC-POL-005", "until is no day; wanted YYYY-MM-DD.", at=node.at("until")
        ) from None


def _is_at(patterns: frozenset[str], segment: Segment) -> bool:
    shown = "/".join(map(str, segment.path))
    return any(fnmatchcase(shown, each) for each in patterns)


def _value_of(segment: Segment, finding: Finding, key: bytes) -> str:
    return fingerprint(key, segment.text[finding.span.start : finding.span.end])
