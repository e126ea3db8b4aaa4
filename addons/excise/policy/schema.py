"""A policy as values: which packs act, how, and what is done about what they find.

A profile file says it, `load` reads it, `decide` applies it. Rules reach policy only as
`RuleFacts`, so that policy knows nothing of patterns or detectors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from excise.model import Action, Direction, Kind, Mode, Part, Role, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFacts:
    """What policy must know of a rule: where it looks and what it does by itself."""

    id: str
    pack: str
    entity: str
    kind: Kind
    severity: Severity
    level: int
    action: Action
    directions: frozenset[Direction]
    parts: frozenset[Part]  # empty: every part


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """Conditions of a clause; an empty set asks nothing. Entities and rules may end in `*`."""

    rules: frozenset[str] = frozenset()
    packs: frozenset[str] = frozenset()
    entities: frozenset[str] = frozenset()
    kinds: frozenset[Kind] = frozenset()
    severities: frozenset[Severity] = frozenset()
    directions: frozenset[Direction] = frozenset()
    roles: frozenset[Role] = frozenset()
    parts: frozenset[Part] = frozenset()
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One sentence of a profile: when this holds of a finding, do that."""

    id: str
    when: When
    then: Action
    mode: Mode = Mode.ENFORCE


@dataclass(frozen=True, slots=True, kw_only=True)
class PackUse:
    """A pack that the profile switches on."""

    name: str
    mode: Mode = Mode.ENFORCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A test case that a profile carries: these findings must come to this."""

    name: str
    rules: tuple[str, ...]
    direction: Direction
    group: str
    action: Action
    clause: str


class Sockets(StrEnum):
    """What is done about WebSockets whose dialect is known; all others are refused."""

    READ = "read"  # a refused message is answered with the dialect's error, the socket stays
    CLOSE = "close"  # the same, and then the socket is closed
    REFUSE = "refuse"  # the upgrade is answered with 426, so that clients stay on HTTPS


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A profile as written."""

    name: str
    title: str
    packs: tuple[PackUse, ...]
    level: int
    clauses: tuple[Clause, ...]
    uninspectable: Action
    uninspectable_by_reason: Mapping[str, Action]
    on_fault: Action
    sockets: Sockets = Sockets.READ
    cases: tuple[Case, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A profile joined with the rules of its packs, ready to decide."""

    profile: Profile
    rules: Mapping[str, RuleFacts]
    digest: str
    modes: Mapping[str, Mode] = field(default_factory=dict)  # by pack
    mild: frozenset[str] = frozenset()  # rules that by themselves only record
