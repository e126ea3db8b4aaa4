"""The values that stages hand to each other; none of them does anything to the world.

The way of an exchange: `Exchange` → codec → `Segment`s → detectors → `Finding`s → policy →
`Decision` → enforce → `Edit`s or a `Refusal`. What holds raw text never shows it in a `repr`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Direction(StrEnum):
    """Which way a message travels: to the model, or back."""

    REQUEST = "request"
    RESPONSE = "response"


class Role(StrEnum):
    """Who speaks in a segment."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class Part(StrEnum):
    """What a segment is to the model."""

    PROMPT = "prompt"
    DOCUMENT = "document"
    TOOL_DEFINITION = "tool-definition"
    TOOL_ARGUMENTS = "tool-arguments"
    TOOL_RESULT = "tool-result"
    EMBEDDING_INPUT = "embedding-input"
    COMPLETION = "completion"
    REASONING = "reasoning"
    METADATA = "metadata"


class Place(StrEnum):
    """Which piece of a message a segment was read from."""

    BODY = "body"
    HEADER = "header"
    TARGET = "target"  # path and query of the URL, as sent
    INSIDE = "inside"  # in bytes of the body that are no text, such as a PDF; never edited


class Severity(StrEnum):
    """The harm if a finding is true."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Kind(StrEnum):
    """What sort of concern a rule serves."""

    SECRET = "secret"
    PERSONAL = "personal"
    PAYMENT = "payment"
    INSTRUCTION = "instruction"
    CODE = "code"
    BUSINESS = "business"
    ABUSE = "abuse"


class Action(StrEnum):
    """What is done about an exchange. Declared mildest first; `rank` orders them."""

    ALLOW = "allow"
    LOG = "log"
    ALERT = "alert"
    REDACT = "redact"
    STEER = "steer"
    FALLBACK = "fallback"
    LIMIT = "limit"
    TARPIT = "tarpit"
    BLOCK = "block"

    @property
    def rank(self) -> int:
        """0 for the mildest; the worst action of several wins."""
        return _RANK[self]


_RANK = {action: rank for rank, action in enumerate(Action)}


# What answers in place of the model, or ends its answer.
REFUSING = frozenset({Action.FALLBACK, Action.LIMIT, Action.TARPIT, Action.BLOCK})


class Mode(StrEnum):
    """Whether a rule acts, or only says what it would have done."""

    ENFORCE = "enforce"
    SHADOW = "shadow"


class Span(NamedTuple):
    """Half-open range of code points in a segment's text, as received."""

    start: int
    end: int


Path = tuple[str | int, ...]


class Segment(NamedTuple):
    """One piece of text with its role, its part and its address.

    `token` counts within `place`: for a body the ordinal of the JSON token (strings and long
    numbers, keys included, in document order), for headers the ordinal of the header, for the
    target the ordinal of its piece. `path` says the same for people. `label` is the object key in
    whose field the text stands where the dialect gives that field no meaning of its own
    (`password` in tool arguments): detectors read it as context in front of the text, spans never
    count it.
    """

    text: str
    role: Role
    part: Part
    token: int
    path: Path = ()
    label: str = ""
    place: Place = Place.BODY

    def __repr__(self) -> str:
        where = "/".join(map(str, self.path))
        return f"<Segment {self.place} {where} {self.role} {self.part} {len(self.text)} chars>"

    def saying(self, text: str) -> Segment:
        """The same place with another text. A third of what `_replace` takes; streams do it for
        each piece."""
        return tuple.__new__(Segment, (text, *self[1:]))


class Finding(NamedTuple):
    """Something a detector saw in a segment; `span` always points into the text as received."""

    entity: str
    rule: str
    span: Span
    score: float
    severity: Severity
    kind: Kind
    detector: str = "pattern"


class Edit(NamedTuple):
    """Replace `span` of one segment's text by `text`."""

    token: int
    span: Span
    text: str
    place: Place = Place.BODY

    def __repr__(self) -> str:
        return f"<Edit {self.place} {self.token} {self.span.start}-{self.span.end}>"


class DocumentText(NamedTuple):
    """What a document says, a page or a part each, and why some of it was not read (reasons of
    `Unreadable`)."""

    texts: tuple[str, ...]
    unread: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<DocumentText {len(self.texts)} texts>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who is speaking, as far as the proxy can tell; `id` is safe to log."""

    id: str
    source: str = "address"
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request to an LLM endpoint, free of any type of the host."""

    id: str
    method: str
    host: str
    port: int
    target: str  # path and query, as sent
    headers: tuple[tuple[str, str], ...]  # names in lower case, in order
    body: bytes = field(repr=False)
    principal: Principal
    address: str = ""  # of the client, as the proxy sees it
    override: str = field(default="", repr=False)  # how a refusal is overruled; never sent on

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    def header(self, name: str) -> str:
        """The values of a header joined by ", ", or "" where it is absent."""
        return ", ".join(value for key, value in self.headers if key == name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The head (and, where it was collected, the body) of what upstream answered."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str:
        """The values of a header joined by ", ", or "" where it is absent."""
        return ", ".join(value for key, value in self.headers if key == name)


OVERRIDE_HEADER = "x-excise-override"
"""Tells, in a refusal, the token that lifts it; and in a request, the token and the reason."""


class SocketMessage(NamedTuple):
    """One message of a WebSocket, put together and inflated."""

    data: bytes
    binary: bool

    def __repr__(self) -> str:
        return f"<SocketMessage {len(self.data)} bytes>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens as the provider or we counted them, or an estimate; None where nobody knows."""

    input: int | None = None
    output: int | None = None
    counted: str = "provider"  # or `exact`, or `estimate`


class ToolClass(StrEnum):
    """What a call of a tool would do; found as `tool.<class>`."""

    PAYMENT = "payment"
    SHELL = "shell"
    NETWORK = "network"
    WRITE = "write"
    READ = "read"
    OTHER = "other"
    UNKNOWN = "unknown"  # of a tool that the request does not offer


class RefusalClass(StrEnum):
    """Why an exchange is refused, as far as the client may know."""

    POLICY = "policy"
    ATTACK = "attack"
    TOPIC = "topic"
    LEAK = "leak"
    LIMIT = "limit"
    UNINSPECTABLE = "uninspectable"
    FAULT = "fault"
    OFF = "off"  # the kill switch
    AWAY = "away"  # what must be asked before anything may pass does not answer


class Halt(StrEnum):
    """Why no LLM traffic passes at all."""

    SWITCHED = "kill-switch"
    AWAY = "store-away"  # nobody can tell how the switch stands

    @property
    def refusal(self) -> RefusalClass:
        """In whose words clients are told."""
        return RefusalClass.OFF if self is Halt.SWITCHED else RefusalClass.AWAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What the client is told: never the rule, never the value."""

    cls: RefusalClass
    reference: str
    message: str
    status: int = 400
    retry_after: int = 0  # seconds; 0: nothing is said about it


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A complete HTTP answer of our own."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What policy says of one finding."""

    segment: Segment
    finding: Finding
    action: Action
    mode: Mode
    clause: str
    older: bool = False  # it stands in an earlier turn, where a refusal became a redaction
    because: str = ""  # why the operator had the rule changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """What a clause says of the exchange as a whole, whatever was found in it."""

    clause: str
    action: Action
    mode: Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The worst enforced action, what shadow rules would have done, and all that is behind it."""

    action: Action
    would: Action
    rulings: tuple[Ruling, ...] = ()
    clauses: tuple[Spoken, ...] = ()
    reasons: tuple[str, ...] = ()  # closed words for what no rule found: `uninspectable:encoding`
    missing: tuple[str, ...] = ()  # detectors that did not answer
    risk: tuple[tuple[str, float], ...] = ()  # anomaly score by layer; empty where it is 0
