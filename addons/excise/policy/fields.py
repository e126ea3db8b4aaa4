"""Every field that an expression may read, as one table; the reference page comes from here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple

from excise.model import Direction, Finding, Part, Role, Segment, Severity, ToolClass
from excise.policy.features import Features
from excise.policy.situation import Situation


class About(StrEnum):
    """What must be known before a field has a value."""

    EXCHANGE = "exchange"  # known of a clean exchange, too
    FINDINGS = "findings"  # what was found in all of the message
    FINDING = "finding"  # the one finding that a clause is asked about


class One(NamedTuple):
    """What a clause about single findings is asked about."""

    segment: Segment
    finding: Finding
    older: bool


class Look(NamedTuple):
    """All that fields take their values from."""

    situation: Situation
    features: Features
    one: One | None = None


class Field(NamedTuple):
    """One field: its name, its type in CEL, how it is read, and what it means.

    `words` closes the list of a text's values; `low` and `high` bound a number.
    """

    name: str
    type: str
    about: About
    get: Callable[[Look], Any]
    doc: str
    words: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


TEXT: Final = "string"
WHOLE: Final = "int"
DECIMAL: Final = "double"
FLAG: Final = "bool"
TEXTS: Final = "list(string)"
SCORES: Final = "map(string, double)"
COUNTS: Final = "map(string, int)"
RECORDS: Final = "list(map(string, dyn))"

_WEEK: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_E, _A, _O = About.EXCHANGE, About.FINDINGS, About.FINDING


def _of(look: Look) -> One:
    if look.one is None:
        raise LookupError("a field of one finding, asked without one")
    return look.one


def _score(look: Look, family: str, name: str, signals: Mapping[str, float]) -> float:
    """What a classifier says, or a rule that found it."""
    return max(signals.get(name, 0.0), look.features.max_score(family + name))


def _scores(look: Look, family: str, signals: Mapping[str, float]) -> dict[str, float]:
    found = {e.removeprefix(family) for e in look.features.scores if e.startswith(family)}
    return {name: _score(look, family, name, signals) for name in sorted(found | set(signals))}


def _topic(look: Look, name: str) -> float:
    return _score(look, "topic.", name, look.situation.signals.topics)


def _unsafe(look: Look, name: str) -> float:
    return _score(look, "unsafe.", name, look.situation.signals.unsafe)


_EXCHANGE: Final = (
    Field("principal.id", TEXT, _E, lambda a: a.situation.principal.id, "Who is speaking."),
    Field("principal.group", TEXT, _E, lambda a: a.situation.principal.group,
          "The group that the principal belongs to; empty where none is known."),
    Field("principal.source", TEXT, _E, lambda a: a.situation.principal.source,
          "How the principal is known: `address`, `proxy-user` …"),
    Field("client", TEXT, _E, lambda a: a.situation.client, "Network address of the client."),
    Field("app", TEXT, _E, lambda a: a.situation.app,
          "Product name of the user agent in lower case, such as `claude-cli`."),
    Field("provider", TEXT, _E, lambda a: a.situation.provider,
          "Provider, from the host catalogue."),
    Field("host", TEXT, _E, lambda a: a.situation.host, "Host the exchange is for."),
    Field("path", TEXT, _E, lambda a: a.situation.path, "Path of the URL, without its query."),
    Field("model", TEXT, _E, lambda a: a.situation.model, "Model asked for, as the client spells "
          "it."),
    Field("direction", TEXT, _E, lambda a: str(a.situation.direction), "To the model, or back.",
          words=tuple(Direction)),
    Field("stage", TEXT, _E, lambda a: a.situation.stage,
          "`stream` where a piece of a streamed answer is judged.",
          words=("request", "response", "stream")),
    Field("stream", FLAG, _E, lambda a: a.situation.stream, "Whether the answer is to be a "
          "stream."),
    Field("size", WHOLE, _E, lambda a: a.situation.size, "Bytes of the body as it came.", low=0),
    Field("tokens", WHOLE, _E, lambda a: a.situation.tokens,
          "Tokens of all texts of the message, estimated.", low=0),
    Field("turns", WHOLE, _E, lambda a: a.situation.turns, "Messages in the chat.", low=0),
    Field("roles", TEXTS, _E, lambda a: sorted(a.situation.roles), "Who speaks in the message.",
          words=tuple(Role)),
    Field("parts", TEXTS, _E, lambda a: sorted(a.situation.parts), "What its texts are.",
          words=tuple(Part)),
    Field("tools", TEXTS, _E, lambda a: sorted(a.situation.tools), "Names of the tools offered."),
    Field("session.turns", WHOLE, _E, lambda a: a.situation.session.turns,
          "Requests of this session before this one.", low=0),
    Field("session.risk", DECIMAL, _E, lambda a: a.situation.session.risk,
          "Anomaly score summed over the session, fading.", low=0),
    Field("session.drift", DECIMAL, _E, lambda a: a.situation.session.drift,
          "How much more the turns read like attacks than usual, near misses summed up, of the "
          "session or of its principal; fading.", low=0, high=1),
    Field("session.volume", DECIMAL, _E, lambda a: a.situation.session.volume,
          "The same for the size of what is sent.", low=0, high=1),
    Field("session.refused", WHOLE, _E, lambda a: a.situation.session.refused,
          "Requests of this session that were refused, fading.", low=0),
    Field("time.hour", WHOLE, _E, lambda a: a.situation.moment.hour, "Hour of the day in UTC.",
          low=0, high=23),
    Field("time.weekday", TEXT, _E, lambda a: _WEEK[a.situation.moment.weekday()],
          "Day of the week in UTC.", words=_WEEK),
    Field("topics", SCORES, _E, lambda a: _scores(a, "topic.", a.situation.signals.topics),
          'Score of each subject; `topic("politics")` is 0 where there is none.', low=0, high=1),
    Field("unsafe.scores", SCORES, _E, lambda a: _scores(a, "unsafe.", a.situation.signals.unsafe),
          'Score of each unsafe category; `unsafe("S1")` is 0 where there is none.', low=0, high=1),
    Field("unsafe.categories", TEXTS, _E,
          lambda a: [each for each, score in sorted(
              _scores(a, "unsafe.", a.situation.signals.unsafe).items()) if score >= 0.5],
          "Unsafe categories that score at least 0.5."),
    Field("injection.score", DECIMAL, _E,
          lambda a: max(a.situation.signals.injection, a.features.max_score("injection.*")),
          "How much the message reads like an attack on the model.", low=0, high=1),
)  # fmt: skip

_FOUND: Final = (
    Field("entities", COUNTS, _A, lambda a: dict(a.features.counts),
          'How often each entity was found; `count("pii.email")` is 0 where it was not.', low=1),
    Field("findings", RECORDS, _A, lambda a: list(a.features.findings),
          "What was found, one record for each rule and entity."),
    Field("tool.classes", TEXTS, _A,
          lambda a: [str(each) for each in ToolClass if f"tool.{each}" in a.features.counts],
          "Classes of the calls of tools that were found in an answer.", words=tuple(ToolClass)),
    Field("risk", DECIMAL, _A, lambda a: a.features.risk,
          "Anomaly score: of every rule that fired its weight times its score.", low=0),
    Field("risks", SCORES, _A, lambda a: dict(a.features.layers),
          'The same by layer; `layer("lexical")` is 0 where it saw nothing.', low=0),
)  # fmt: skip

_SINGLE: Final = (
    Field("finding.entity", TEXT, _O, lambda a: _of(a).finding.entity, "What was found."),
    Field("finding.rule", TEXT, _O, lambda a: _of(a).finding.rule, "Which rule found it."),
    Field("finding.severity", TEXT, _O, lambda a: str(_of(a).finding.severity),
          "The harm if it is true.", words=tuple(Severity)),
    Field("finding.score", DECIMAL, _O, lambda a: _of(a).finding.score, "How sure.",
          low=0, high=1),
    Field("finding.role", TEXT, _O, lambda a: str(_of(a).segment.role), "Who speaks there.",
          words=tuple(Role)),
    Field("finding.part", TEXT, _O, lambda a: str(_of(a).segment.part), "What that text is.",
          words=tuple(Part)),
    Field("finding.older", FLAG, _O, lambda a: _of(a).older,
          "Whether it stands in a turn that was sent before."),
)  # fmt: skip

FIELDS: Final[Mapping[str, Field]] = {each.name: each for each in (*_EXCHANGE, *_FOUND, *_SINGLE)}

# The keys of a record of `findings`.
RECORD: Final[Mapping[str, str]] = {
    "entity": TEXT,
    "rule": TEXT,
    "kind": TEXT,
    "severity": TEXT,
    "score": DECIMAL,
    "count": WHOLE,
}


class Function(NamedTuple):
    """A function of one name in quotes: its value is read from a look, as a field's is."""

    type: str
    about: About
    get: Callable[[Look, str], Any]
    doc: str
    names: str  # what the name is of: `entity`, `topic` …
    high: float | None = None


FUNCTIONS: Final[Mapping[str, Function]] = {
    "count": Function(WHOLE, _A, lambda a, name: a.features.count(name),
                      'Findings of an entity: `count("pii.email")`, `count("pii.*")`, or '
                      '`pii.count("email")`.', "entity"),
    "max_score": Function(DECIMAL, _A, lambda a, name: a.features.max_score(name),
                          'The best score of an entity: `max_score("injection.*")`.', "entity", 1),
    "layer": Function(DECIMAL, _A, lambda a, name: dict(a.features.layers).get(name, 0.0),
                      'Anomaly score of one layer: `layer("meaning")`.', "layer"),
    "topic": Function(DECIMAL, _E, _topic,
                      'Score of one subject: `topic("politics") > 0.8`.', "topic", 1),
    "unsafe": Function(DECIMAL, _E, _unsafe,
                       'Score of one unsafe category: `unsafe("S10") > 0.5`.', "category", 1),
}  # fmt: skip
