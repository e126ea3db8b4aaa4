"""Builds one audit line. Pure; what it returns holds no text that a detector matched.

Whatever others choose (paths, object keys, model names, user agents) is cut to a length, freed of
what does not print, and shown only in a form that such a thing has; the caller's `mask` has
already taken, or takes, what the detectors found in it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from excise import __version__
from excise.audit.fields import (
    MAX_AGENT,
    MAX_EXCERPT,
    MAX_HOST,
    MAX_MODEL,
    MAX_NAME,
    MAX_PATH,
    MAX_RULINGS,
    SCHEMA_VERSION,
    TIMINGS,
    Stage,
)
from excise.audit.trajectory import Trajectory
from excise.audit.words import QUERY_WORDS, WIRE_WORDS
from excise.model import Decision, Direction, Path, Principal, Ruling, Usage
from excise.sensitive import fingerprint

Record = dict[str, Any]
Mask = Callable[[str], str]
Excerpt = Callable[[Ruling], str]

_HIDDEN: Final = "*"
_NONE: Final[Mapping[str, Any]] = MappingProxyType({})
_SHORT: Final = 1024  # characters of what clients choose, up to which a head is remembered
_MODEL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]*")
_HOST: Final = re.compile(r"[A-Za-z0-9._:\[\]-]+")
_METHOD: Final = re.compile(r"[A-Z]{1,16}")
_WORD: Final = re.compile(r"[A-Za-z0-9_.:*/+@-]{1,128}")
# A target that is shown as it is, however it is taken apart.
_PLAIN: Final = re.compile(r"[A-Za-z0-9._:/-]{0,64}")
_DEPTH: Final = 12
# The first product of a user agent (RFC 9110 §10.1.5), without its version.
_FAMILY: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}(?=[/ ]|$)")
# Fields that come and go with the message, or that the proxy sets itself.
_VARYING: Final = frozenset(
    {"accept-encoding", "content-length", "cookie", "transfer-encoding", "idempotency-key"}
    | {"traceparent", "tracestate", "x-request-id", "x-stainless-retry-count"}
)


class Facts(NamedTuple):
    """What is known of an exchange besides the decision on it.

    `timings` are milliseconds by the names in `TIMINGS`; `bytes_in` and `bytes_out` count the body
    on the wire. `target`, `model` and `user_agent` may be raw where `build_record` is given a mask.
    """

    stage: Stage
    id: str = ""
    reference: str = ""
    direction: Direction | None = None
    principal: Principal | None = None
    address: str = ""
    user_agent: str = ""
    header_names: tuple[str, ...] = ()
    trajectory: Trajectory | None = None
    provider: str = ""
    host: str = ""
    method: str = ""
    target: str = ""
    dialect: str = ""
    model: str = ""
    stream: bool | None = None
    status: int | None = None
    anomalies: Sequence[str] = ()
    edits: int = 0
    restored: int = 0
    bytes_in: int | None = None
    bytes_out: int | None = None
    usage: Usage | None = None
    cost: float | None = None  # US dollars
    tariff: str = ""  # which price counted
    timings: Mapping[str, float] = _NONE
    upstream_status: int | None = None
    upstream_ended: str = ""
    overruled: Sequence[str] = ()  # clauses that the user lifted, and why
    because: str = ""
    fault: str = ""
    fault_where: str = ""
    notice: Mapping[str, str | int] = _NONE
    shape: Mapping[str, float] = _NONE
    profile: str = ""
    policy: str = ""
    worker: str = ""


def build_record(
    facts: Facts,
    decision: Decision | None = None,
    *,
    key: bytes = b"",
    mask: Mask = str,
    excerpt: Excerpt = lambda _: "",
    time: datetime | None = None,
) -> Record:
    """One line as a dictionary that fits the schema; empty fields are left out.

    `key` keys the fingerprints. `mask` returns a text without what detectors found in it;
    `excerpt` the masked text around a finding, or "". Without `time` the writer puts in the moment
    at which it is handed the record.
    """
    head = _head(facts, key, mask)
    record: Record = {
        "schema": SCHEMA_VERSION,
        "time": render_time(time) if time else "",
        "stage": str(facts.stage),
        "id": printable(facts.id, 64),
        "reference": printable(facts.reference, 64),
        "direction": str(facts.direction) if facts.direction else "",
        "principal": head.principal,
        "client": head.client,
        "conversation": _conversation(facts.trajectory, key),
        **head.request,
        "stream": facts.stream,
        **(_judgement(decision, key, excerpt) if decision else {}),
        **_effects(facts),
        "notice": dict(facts.notice),
        "shape": {name: round(value, 4) for name, value in facts.shape.items()},
        "profile": printable(facts.profile, MAX_NAME),
        "policy": printable(facts.policy, 64),
        "version": __version__,
        "worker": printable(facts.worker, 32),
    }
    if facts.stage is Stage.SHADOW:
        del record["action"]  # nothing was done
    return _filled(record)


def render_time(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + (
        f"{moment.microsecond // 1000:03d}Z"
    )


def printable(text: str, limit: int) -> str:
    """The text on one line: what does not print becomes `?`, what is too long is cut with `…`."""
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(char if _shows(char) else "?" for char in cut)


def render_path(path: Path) -> str:
    """A JSON path for people: `messages/0/content`; keys that are no wire word become `*`."""
    pieces = [
        str(piece) if isinstance(piece, int) or piece in WIRE_WORDS else _HIDDEN
        for piece in path[:_DEPTH]
    ]
    if len(path) > _DEPTH:
        pieces.append("…")
    return printable("/".join(pieces), MAX_PATH)


def render_target(target: str, mask: Mask = str) -> str:
    """A request target without values: path pieces masked, query fields by name alone."""
    if mask is str and _PLAIN.fullmatch(target):
        return target
    path, _, query = target.partition("?")
    path = path.partition("#")[0]
    whole = unquote(path)
    pieces = "/".join(printable(mask(unquote(piece)), 64) for piece in path.split("/"))
    # What was found may hold a slash itself, so that no piece alone shows it.
    if mask(whole) != whole and pieces == whole:
        pieces = mask(whole)
    names = sorted({_query_name(field) for field in query.split("&") if field})
    return printable(pieces + ("?" + "&".join(names) if names else ""), MAX_PATH)


def summarise(
    rulings: Iterable[Ruling], key: bytes, excerpt: Excerpt = lambda _: ""
) -> tuple[list[Record], int]:
    """Rulings as the trail shows them, equal ones counted, and how many the limit left out."""
    counted: dict[tuple[object, ...], Record] = {}
    for ruling in rulings:
        entry = _ruling(ruling, key)
        score = entry.pop("score")
        kind = tuple(entry.values())
        same = counted.get(kind)
        if same is None:
            same = counted[kind] = {**entry, "score": score, "count": 0}
            if shown := excerpt(ruling):
                same["excerpt"] = printable(shown, MAX_EXCERPT)
        same["score"] = max(same["score"], score)
        same["count"] += 1
    entries = list(counted.values())
    return entries[:MAX_RULINGS], max(0, len(entries) - MAX_RULINGS)


def _ruling(ruling: Ruling, key: bytes) -> Record:
    finding, segment = ruling.finding, ruling.segment
    entry: Record = {
        "rule": _word(finding.rule),
        "entity": _word(finding.entity),
        "kind": str(finding.kind),
        "severity": str(finding.severity),
        "action": str(ruling.action),
        "mode": str(ruling.mode),
        "clause": printable(ruling.clause, MAX_NAME),
        "detector": _word(finding.detector),
        "place": str(segment.place),
        "role": str(segment.role),
        "part": str(segment.part),
        "path": render_path(segment.path),
        "score": min(1.0, max(0.0, round(finding.score, 4))),
        "fingerprint": fingerprint(key, segment.text[finding.span.start : finding.span.end]),
    }
    if ruling.older:
        entry["older"] = True
    if ruling.because:
        entry["because"] = printable(ruling.because, 300)
    return entry


def _judgement(decision: Decision, key: bytes, excerpt: Excerpt) -> Record:
    rulings, left_out = summarise(decision.rulings, key, excerpt)
    return {
        "action": str(decision.action),
        "would": str(decision.would),
        "rulings": rulings,
        "rulings_left_out": left_out,
        "clauses": [
            {
                "clause": printable(each.clause, MAX_NAME),
                "action": str(each.action),
                "mode": str(each.mode),
            }
            for each in decision.clauses[:MAX_RULINGS]
        ],
        "risk": {_word(layer): score for layer, score in decision.risk},
        "reasons": _words(decision.reasons),
        "missing": _words(decision.missing),
    }


class _Asked(NamedTuple):
    """Who asks whom, as it came."""

    principal: Principal | None
    address: str
    user_agent: str
    header_names: tuple[str, ...]
    provider: str
    host: str
    method: str
    target: str
    dialect: str
    model: str


class _Head(NamedTuple):
    """What every line tells of it. Lines share these, and nobody changes them."""

    principal: Record
    client: Record
    request: Record


def _head(facts: Facts, key: bytes, mask: Mask) -> _Head:
    """A client says the same of itself with every message, so that is worked out once."""
    asked = _Asked(
        facts.principal,
        facts.address,
        facts.user_agent,
        facts.header_names,
        facts.provider,
        facts.host,
        facts.method,
        facts.target,
        facts.dialect,
        facts.model,
    )
    chosen = len(facts.target) + len(facts.model) + len(facts.user_agent)
    if mask is str and chosen + sum(map(len, facts.header_names)) <= _SHORT:
        return _remembered(asked, key)
    return _describe(asked, key, mask)


@lru_cache(maxsize=256)
def _remembered(asked: _Asked, key: bytes) -> _Head:
    return _describe(asked, key, str)


def _describe(asked: _Asked, key: bytes, mask: Mask) -> _Head:
    return _Head(
        _principal(asked.principal),
        _client(asked, key, mask),
        {
            "provider": printable(asked.provider, MAX_NAME),
            "host": _formed(_HOST, asked.host, MAX_HOST),
            "method": _formed(_METHOD, asked.method, 16),
            "path": render_target(asked.target, mask),
            "dialect": printable(asked.dialect, MAX_NAME),
            "model": _masked_model(asked.model, mask),
        },
    )


def _effects(facts: Facts) -> Record:
    usage, ended = facts.usage, facts.upstream_ended
    return {
        "status": facts.status,
        "anomalies": _words(facts.anomalies),
        "edits": facts.edits,
        "restored": facts.restored,
        "bytes": _filled({"in": facts.bytes_in, "out": facts.bytes_out}),
        "usage": _filled(
            {
                "input": usage.input,
                "output": usage.output,
                "counted": usage.counted,
                "cost": facts.cost,
                "tariff": printable(facts.tariff, MAX_NAME),
            }
        )
        if usage
        else None,
        "timings": {
            name: round(took, 3) if (took := facts.timings[name]) > 0 else 0.0
            for name in TIMINGS
            if name in facts.timings
        },
        "upstream": _filled({"status": facts.upstream_status, "ended": ended}),
        "override": {
            "clauses": [printable(name, MAX_NAME) for name in facts.overruled],
            "because": printable(facts.because, 300),
        }
        if facts.overruled
        else None,
        "fault": _fault(facts),
    }


def _fault(facts: Facts) -> Record:
    if not facts.fault:
        return {}
    return _filled({"kind": _word(facts.fault), "where": printable(facts.fault_where, MAX_NAME)})


def _client(asked: _Asked, key: bytes, mask: Mask) -> Record:
    agent = printable(mask(asked.user_agent), MAX_AGENT)
    family = _FAMILY.match(agent)
    names = ",".join(name for name in asked.header_names if name not in _VARYING)
    return _filled(
        {
            "address": printable(asked.address, 64),
            "user_agent": agent,
            "family": family[0].lower() if family else "",
            "fingerprint": fingerprint(key, names) if names else "",
        }
    )


def _conversation(trajectory: Trajectory | None, key: bytes) -> Record:
    if trajectory is None:
        return {}
    return _filled(
        {
            "step": trajectory.step or None,
            "tool_turns": trajectory.tool_turns or None,
            "sources": [fingerprint(key, source) for source in trajectory.sources],
        }
    )


def _principal(principal: Principal | None) -> Record:
    if principal is None:
        return {}
    return _filled(
        {
            "id": printable(principal.id, MAX_NAME) or _HIDDEN,
            "source": printable(principal.source, MAX_NAME),
            "group": printable(principal.group, MAX_NAME),
        }
    )


def _filled(record: Record) -> Record:
    # What is empty is left out, and so are counts of zero; other zeros and `false` say something.
    return {
        name: value
        for name, value in record.items()
        if value or (value == 0 and name not in _COUNTS)
    }


_COUNTS: Final = frozenset({"edits", "restored", "rulings_left_out"})


def _masked_model(model: str, mask: Mask) -> str:
    masked = mask(model)
    # A mask leaves words in brackets, which no model name has.
    return printable(masked, MAX_MODEL) if masked != model else _formed(_MODEL, model, MAX_MODEL)


def _formed(form: re.Pattern[str], text: str, limit: int) -> str:
    if not text:
        return ""
    return text if len(text) <= limit and form.fullmatch(text) else _HIDDEN


def _query_name(piece: str) -> str:
    name, equals, _ = piece.partition("=")
    return name if equals and name in QUERY_WORDS else _HIDDEN


def _words(words: Iterable[str]) -> list[str]:
    return [_word(word) for word in dict.fromkeys(words)][:16] if words else []


def _word(text: str) -> str:
    return text if _WORD.fullmatch(text) else _HIDDEN


def _shows(char: str) -> bool:
    return char == " " or unicodedata.category(char)[0] not in "CZ"
