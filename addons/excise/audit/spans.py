"""A span for each exchange, made of the lines that tell of it: the one of its request and those of
its answer.

Names are those of OpenTelemetry's conventions for generative AI (semantic conventions 1.37). What
is said stands in the lines, already masked. Trace and span have numbers that follow from the
exchange's id, so that log records of the same lines carry the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import takewhile
from typing import Any, Final, NamedTuple

from excise.audit.fields import EXCHANGE_STAGES, Stage
from excise.audit.mapping import Record, flat, to_otel
from excise.model import REFUSING, Action

MOST: Final = 2000  # exchanges whose answer is awaited; beyond, the oldest is told without one
LONGEST: Final = 600 * 10**9  # nanoseconds; the same
_SWITCHING: Final = 101
_EVENT: Final = "excise.finding"
# What an answer adds; the rest of its line is said of the request already.
_ANSWERED: Final = ("status", "usage", "upstream", "reference", "fault")
_LISTS: Final = ("rulings", "reasons", "anomalies", "missing")
_SUMS: Final = ("edits", "restored")
_WORST: Final = ("action", "would")
_OWN: Final = ("stage", "direction", "seq", "prev", "timings")
_ERROR: Final = 400

_OPERATIONS: Final = {
    **dict.fromkeys(("gemini-content", "gemini-stream", "gemini-live"), "generate_content"),
    **dict.fromkeys(
        ("bedrock-agents", "mistral-conversations", "openai-assistants"), "invoke_agent"
    ),
    **dict.fromkeys(("grpc", "generic-json"), ""),
    "mcp-jsonrpc": "execute_tool",
}


class Numbers(NamedTuple):
    """Trace and span of an exchange."""

    trace: int  # 128 bits
    span: int  # 64 bits


class Span(NamedTuple):
    """One span; times are nanoseconds since 1970. `parent` is 0 for the exchange itself, and its
    span for a line that came when that was told already."""

    trace: int
    span: int
    parent: int
    name: str
    start: int
    end: int
    error: str  # empty where it went well
    attributes: dict[str, Any]
    events: list[tuple[int, str, dict[str, Any]]]  # when, name, attributes


class _Open(NamedTuple):
    record: Record
    start: int
    end: int
    events: list[tuple[int, str, dict[str, Any]]]


def numbers_of(exchange: str, seq: int = 0) -> Numbers:
    """The numbers of an exchange; with `seq`, of one line of it."""
    digest = hashlib.sha256(exchange.encode()).digest()
    own = hashlib.sha256(f"{exchange} {seq}".encode()).digest()[:8] if seq else digest[16:24]
    return Numbers(int.from_bytes(digest[:16]) or 1, int.from_bytes(own) or 1)


def nanoseconds(moment: str) -> int:
    """Of a line's time, which counts milliseconds. Raises `ValueError`."""
    return round(datetime.fromisoformat(moment).timestamp() * 1000) * 1_000_000


class Spans:
    """Joins lines to spans. For one thread."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._open: dict[str, _Open] = {}  # by exchange, oldest first

    def pick(self, lines: Sequence[bytes]) -> list[bytes]:
        """The spans that are over now that these lines were written, as JSON. What awaits an
        answer when the proxy stops is told without one."""
        return [json.dumps(span).encode("ascii") for line in lines for span in self._take(line)]

    def _take(self, line: bytes) -> list[Span]:
        try:
            return list(self._told_by(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError):
            return []  # nobody can read it; the log has it as it stands

    def _told_by(self, record: Record) -> Iterator[Span]:
        stage, now = record["stage"], nanoseconds(record["time"])
        exchange = record.get("id", "")
        if stage == Stage.STOP:
            yield from self._over(self._open)
        elif exchange and stage in (*EXCHANGE_STAGES, Stage.FAULT):
            yield from self._exchange(exchange, record, now)
            yield from self._over(self._late(now))

    def _exchange(self, exchange: str, record: Record, now: int) -> Iterator[Span]:
        before = self._open.pop(exchange, None)
        here = _opened(record, now)
        whole = here if before is None else _joined(before, here)
        if not _ends(record):
            self._open[exchange] = whole
        elif before is not None or record["stage"] in (Stage.REQUEST, Stage.FAULT):
            yield _span(exchange, whole)
        elif record.get("rulings") or record.get("status") != _SWITCHING:
            yield _span(exchange, whole, late=True)

    def _late(self, now: int) -> list[str]:
        """Those that are waited for no longer."""
        surplus = max(0, len(self._open) - self._most)
        old = takewhile(lambda item: now - item[1].start > LONGEST, self._open.items())
        return list(self._open)[: max(surplus, sum(1 for _ in old))]

    def _over(self, exchanges: Iterable[str]) -> Iterator[Span]:
        for exchange in list(exchanges):
            yield _span(exchange, self._open.pop(exchange))


def _ends(record: Record) -> bool:
    """Whether no other line of this exchange is to come."""
    if record["stage"] == Stage.REQUEST:
        return record.get("action") in REFUSING
    if record["stage"] != Stage.STREAM:
        return True
    # A socket goes on after an answer, whose last line alone says what it took.
    over = "ended" in record.get("upstream", {})
    return over or (record.get("status") == _SWITCHING and "usage" in record)


def _opened(record: Record, now: int) -> _Open:
    took = round(record.get("timings", {}).get("total", 0) * 1_000_000)
    # Of a stream it is the sum over its pieces, which says nothing of when it began.
    start = now if record["stage"] == Stage.STREAM else now - took
    findings = [
        (now, _EVENT, {"excise.direction": record.get("direction", ""), **_prefixed(each)})
        for each in record.get("rulings", ())
    ]
    return _Open(record, start, now, findings)


def _joined(before: _Open, here: _Open) -> _Open:
    one, other = before.record, here.record
    record = {
        **one,
        **{name: other[name] for name in _ANSWERED if name in other},
        **{name: [*one.get(name, ()), *other[name]] for name in _LISTS if name in other},
        **{name: one.get(name, 0) + other[name] for name in _SUMS if name in other},
        **{
            name: max(one.get(name, other[name]), other[name], key=_rank)
            for name in _WORST
            if name in other
        },
    }
    return _Open(record, before.start, here.end, [*before.events, *here.events])


def _rank(action: str) -> int:
    return Action(action).rank


def _span(exchange: str, told: _Open, *, late: bool = False) -> Span:
    record = told.record
    trace, first = numbers_of(exchange)
    operation = _operation(record)
    named = [operation, record.get("model", "")] if operation else [record.get("host", "")]
    said = {name: value for name, value in record.items() if name not in _OWN}
    attributes = flat(to_otel(said)["attributes"])
    if operation:
        attributes["gen_ai.operation.name"] = operation
    if error := _error(record):
        attributes["error.type"] = error
    return Span(
        trace=trace,
        span=numbers_of(exchange, record.get("seq", 0)).span if late else first,
        parent=first if late else 0,
        name=" ".join(filter(None, named)) or "exchange",
        start=told.start,
        end=told.end,
        error=error,
        attributes=attributes,
        events=told.events,
    )


def _operation(record: Record) -> str:
    """`gen_ai.operation.name`, or "" where nobody knows."""
    path = record.get("path", "").partition("?")[0].lower()
    last = path.rpartition("/")[2]
    if "embed" in last:
        return "embeddings"
    if last == "generate" or (last == "completions" and "/chat/" not in path):
        return "text_completion"
    return _OPERATIONS.get(record.get("dialect", ""), "chat")


def _error(record: Record) -> str:
    if fault := record.get("fault"):
        return str(fault.get("kind", "fault"))
    action = record.get("action", "")
    if action in REFUSING:
        return str(action)
    status = record.get("status", 0)
    return str(status) if status >= _ERROR else ""


def _prefixed(ruling: Mapping[str, Any]) -> dict[str, Any]:
    return {f"excise.{name}": value for name, value in ruling.items()}
