"""What policy may know of an exchange besides what was found in it. Values only; who fills them
in computes what some expression reads and leaves the rest empty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from excise.model import Direction, Part, Principal, Role, Segment

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Turn(NamedTuple):
    """Where the newest turn of a resent chat begins: `key` names the list of its messages.

    What stands in that list before `first`, or in a list named in `past`, is history; system texts
    are nobody's turn.
    """

    key: str = ""
    first: int = 0
    past: frozenset[str] = frozenset()

    def is_older(self, segment: Segment) -> bool:
        """Whether a segment stands in a turn that was sent before."""
        path = segment.path
        if segment.role is Role.SYSTEM or len(path) < 2 or not isinstance(path[1], int):
            return False
        return path[0] in self.past or (path[0] == self.key and path[1] < self.first)


NO_TURN = Turn()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """Calibrated scores of classifiers, 0 to 1; a class that is absent scores 0."""

    topics: Mapping[str, float] = field(default_factory=dict)
    unsafe: Mapping[str, float] = field(default_factory=dict)  # `S1` … `S14`
    injection: float = 0.0


NO_SIGNALS = Signals()


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What is remembered of the conversation so far."""

    turns: int = 0
    risk: float = 0.0  # summed over its turns, fading
    drift: float = 0.0  # 0 to 1: how much more suspicious its turns are than usual, summed up
    volume: float = 0.0  # 0 to 1: how much larger
    refused: int = 0  # turns that were refused, fading


NO_SESSION = Session()


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """One message of an exchange, as expressions and the conditions of clauses see it."""

    direction: Direction
    principal: Principal
    stage: str = ""  # `request`, `response` or `stream`
    client: str = ""  # network address
    app: str = ""  # product name of the user agent, lower case
    provider: str = ""
    host: str = ""
    path: str = ""
    model: str = ""
    stream: bool = False
    size: int = 0  # bytes of the body as it came
    tokens: int = 0  # of all texts, estimated
    turns: int = 0  # messages of the chat
    roles: frozenset[Role] = frozenset()
    parts: frozenset[Part] = frozenset()
    tools: frozenset[str] = frozenset()  # names of the tools offered
    turn: Turn = NO_TURN
    signals: Signals = NO_SIGNALS
    session: Session = NO_SESSION
    moment: datetime = _EPOCH  # UTC
