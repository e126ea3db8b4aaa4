"""What the firewall says of a message, as values for the edge to carry out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from excise.catalogue import Host
from excise.codecs.base import Dialect
from excise.detectors.guests import Guest
from excise.model import Decision, Exchange, Reply
from excise.policy.situation import NO_SESSION, Session

Record = dict[str, Any]
Headers = tuple[tuple[str, str], ...]


class Thought(Protocol):
    """What only rules in shadow want to know of a message; not asked yet."""

    @property
    def names(self) -> tuple[str, ...]:
        """Detectors that are to be asked."""
        ...

    @property
    def size(self) -> int:
        """About how many characters it holds."""
        ...

    def __call__(self) -> Record | None:
        """Ask them, which may block for seconds; an audit line where there is something to say."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the way back must know of the way out."""

    exchange: Exchange
    host: Host
    dialect: Dialect
    model: str = ""
    stream: bool = False
    waited: float = 0.0  # seconds that its detectors have had
    tokens: int = 0  # of the request's texts, estimated, where a limit needs to know
    session: Session = NO_SESSION  # what was remembered before this exchange
    prompt: str = field(default="", repr=False)  # redacted: what a judge of the answer is told
    hidden: bool = False  # whether head fields must be searched before they reach the trail
    guests: tuple[Guest, ...] = field(default=(), repr=False)  # detectors that read the answer
    recalled: bytes = b""  # by what its request was known again; then nobody has met the guests


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestOutcome:
    """What to do with a request: answer it with `reply`, or send it on as given here."""

    context: Context
    decision: Decision
    record: Record
    reply: Reply | None
    target: str
    headers: Headers
    body: bytes = field(repr=False)
    changed: bool
    kept: Mapping[str, str] = field(repr=False)  # placeholder → value, for the principal's vault
    afterthought: Thought | None = None
    steady: bool = False  # whether the same bytes would be judged the same again


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseOutcome:
    """What to do with a whole answer: replace it by `reply`, or pass `body` on."""

    decision: Decision
    record: Record
    reply: Reply | None
    body: bytes = field(repr=False)
    changed: bool
    afterthought: Thought | None = None
    steady: bool = False  # whether the same bytes would be judged the same again
