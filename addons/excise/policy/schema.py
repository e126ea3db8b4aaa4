"""A policy as values: which packs act, how, and what is done about what they find.

A profile file says it, `load` reads it, `build` joins it with the rules, `decide` applies it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from excise.model import Action, Direction, Kind, Mode, Part, Role, Severity, ToolClass
from excise.policy.expression import Expression
from excise.policy.fields import About

JUDGED_PARTS: Final = frozenset(
    {Part.PROMPT, Part.DOCUMENT, Part.TOOL_RESULT, Part.EMBEDDING_INPUT, Part.COMPLETION}
)
"""What a judge reads: language, and no names, arguments or fields."""


class Scope(StrEnum):
    """Which turns of a chat, which sends all of itself each time, a refusal may come from."""

    NEW = "new"  # what stands in an older turn is redacted instead, so that no session locks
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """Conditions of a clause; an empty set asks nothing. Names may hold `*`.

    The first eight ask about a finding, the others about the exchange.
    """

    rules: frozenset[str] = frozenset()
    packs: frozenset[str] = frozenset()
    entities: frozenset[str] = frozenset()
    kinds: frozenset[Kind] = frozenset()
    severities: frozenset[Severity] = frozenset()
    roles: frozenset[Role] = frozenset()
    parts: frozenset[Part] = frozenset()
    tool_classes: frozenset[ToolClass] = frozenset()  # of the call that was found
    directions: frozenset[Direction] = frozenset()
    groups: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()
    providers: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    paths: frozenset[str] = frozenset()  # of the URL, without its query
    apps: frozenset[str] = frozenset()
    tools: frozenset[str] = frozenset()

    @property
    def asks_of_findings(self) -> bool:
        """Whether some condition is about a finding."""
        return bool(
            self.rules
            or self.packs
            or self.entities
            or self.kinds
            or self.severities
            or self.roles
            or self.parts
            or self.tool_classes
        )


class How(StrEnum):
    """What stands in the place of a value that is cut out."""

    PLACEHOLDER = "placeholder"  # put back into the answer for whoever sent the value
    MASK = "mask"  # its label alone; nothing leads back
    SUBSTITUTE = "substitute"  # an invented value of the same form, the same for the same value


class Override(NamedTuple):
    """A refusal that its user may overrule once, for a reason."""

    minutes: int
    justified: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One sentence of a profile: when this holds, do that.

    It speaks of each finding that it fits where a condition is about findings, and otherwise of
    the exchange as a whole. Beyond `percent` of the principals it is in shadow.
    """

    id: str
    when: When
    then: Action
    condition: Expression | None = None  # `if`; both must hold
    mode: Mode = Mode.ENFORCE
    scope: Scope = Scope.NEW
    percent: int = 100
    tell: str = ""  # what a refused user is told besides
    how: How = How.PLACEHOLDER  # `redact`
    valid: bool = False  # `redact` by substitutes: they pass the checks that the value passes
    text: str = ""  # `fallback`: the answer; `steer`: what the system prompt is told besides
    retry_after: int = 60  # `limit`: seconds
    override: Override | None = None
    origin: str = field(default="", compare=False)

    @property
    def is_about_findings(self) -> bool:
        """Whether it speaks of findings one by one."""
        if self.when.asks_of_findings:
            return True
        return self.condition is not None and self.condition.about is About.FINDING


@dataclass(frozen=True, slots=True, kw_only=True)
class PackUse:
    """A pack that the profile switches on; single rules of it may be in another mode."""

    name: str
    mode: Mode | None = None  # None: as the pack itself asks
    enforce: frozenset[str] = frozenset()  # rules, whatever the mode of the pack
    shadow: frozenset[str] = frozenset()
    origin: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A test case that a profile carries: these findings must come to this.

    A rule of many entities (`code.*`) may be followed by the one it found: `rule=code.python`.
    """

    name: str
    rules: tuple[str, ...]
    direction: Direction
    group: str
    user: str = ""
    model: str = ""
    role: Role = Role.USER
    part: Part = Part.PROMPT
    older: bool = False
    tokens: int = 0
    action: Action
    would: Action | None = None
    clause: str
    origin: str = field(default="", compare=False)


class Sockets(StrEnum):
    """What is done about WebSockets whose dialect is known; all others are refused."""

    READ = "read"  # a refused message is answered with the dialect's error, the socket stays
    CLOSE = "close"  # the same, and then the socket is closed
    REFUSE = "refuse"  # the upgrade is answered with 426, so that clients stay on HTTPS


class Images(StrEnum):
    """What is done about the metadata of pictures that leave: positions, names, comments."""

    STRIP = "strip"  # taken out; the picture itself stays as it is
    KEEP = "keep"  # searched, and what would be cut out stops the message


class Pinning(StrEnum):
    """What becomes of a tool's definition that changed: it is told once and then known, or told
    until somebody accepts it."""

    FOLLOW = "follow"
    HOLD = "hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What calls of tools may do besides what the pack `tools` says."""

    hosts: frozenset[str] = frozenset()  # lower case; data may go to them and all below them
    paths: tuple[str, ...] = ()  # folders below which may be written; empty: see `tool_guard`
    pins: Pinning = Pinning.FOLLOW

    @property
    def holds(self) -> bool:
        """Whether a changed definition is told until it is accepted."""
        return self.pins is Pinning.HOLD


class Grey(NamedTuple):
    """Scores of a classifier that leave open what a text is: from `low` to below `high`."""

    low: float
    high: float

    def holds(self, score: float) -> bool:
        """Whether a score lies in it."""
        return self.low <= score < self.high


def is_grey(zones: Mapping[str, Grey], worst: Mapping[str, float]) -> bool:
    """Whether some classifier leaves open what a text is, by the highest score of each; where no
    zone is named, every text is open."""
    return not zones or any(zone.holds(worst.get(name, 0.0)) for name, zone in zones.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Which texts of new turns a judge is asked about: those for which all of this holds."""

    directions: frozenset[Direction] = frozenset({Direction.REQUEST})
    parts: frozenset[Part] = JUDGED_PARTS
    # By classifier (`injection`, `topics`, `unsafe`); one is enough, empty asks about every text.
    # What an answer says piece by piece has no score: there it asks nothing.
    grey: Mapping[str, Grey] = field(default_factory=lambda: {"injection": Grey(0.2, 0.9)})
    condition: Expression | None = None  # `if`, about the exchange


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
    require: frozenset[str] = frozenset()  # detectors without whose answer nothing passes
    images: Images = Images.STRIP
    tools: Tools = Tools()
    judge: Judged = Judged()
    note: str = ""  # put behind the system prompt of a request that holds placeholders
    cases: tuple[Case, ...] = ()
    origin: str = field(default="", compare=False)

    def unread(self, reason: str) -> Action:
        """What is done about a body that cannot be read."""
        return self.uninspectable_by_reason.get(reason, self.uninspectable)
