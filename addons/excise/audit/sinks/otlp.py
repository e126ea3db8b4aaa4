"""Lines as OpenTelemetry log records, and exchanges as spans, by OTLP over HTTP.

The body of a record is the line as it stands in the file; attributes are its fields by the names
of `audit.mapping`, lists of objects apart.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Final, NamedTuple

from excise.audit.mapping import flat, to_otel
from excise.audit.sinks.feeder import SinkFault
from excise.audit.sinks.target import Target
from excise.audit.spans import Span, nanoseconds, numbers_of
from excise.errors import ConfigError

_TIMEOUT: Final = 10.0
_UNREADABLE: Final = frozenset({400, 413, 422})  # a request of fewer records may be taken
_FOR_NOW: Final = frozenset({408, 425, 429})
_EXPORTERS: Final = "opentelemetry.exporter.otlp.proto.http."


class Signal(NamedTuple):
    """What is sent: to which path, by which of the library's exporters, made of which lines."""

    path: str
    module: str
    exporter: str
    render: Callable[[bytes, Any], Any]  # a line and the resource → a record


class Otlp:
    """A collector that takes OTLP over HTTP."""

    def __init__(self, target: Target, signal: Signal) -> None:
        """Raises `ConfigError` where the extra `sinks` is not installed."""
        try:
            # Imported where it is asked for: it takes tens of megabytes.
            import requests
            from opentelemetry.sdk.resources import Resource

            exporter: Any = getattr(import_module(_EXPORTERS + signal.module), signal.exporter)
        except ImportError:
            raise ConfigError(
                "EXC-CFG-004", "needs the OpenTelemetry SDK.", at=target.name,
                hint="Install the extra `sinks`.",
            ) from None  # fmt: skip
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # the sink tells of faults
        scheme = target.scheme.partition("+")[2]
        host = f"[{target.host}]" if ":" in target.host else target.host
        path = signal.path if target.path == "/" else target.path
        ca = target.files.get("ca")
        self._status = 0  # of the last answer; the exporter tells only whether it was a good one
        session = self._session = requests.Session()
        session.hooks["response"].append(self._heard)
        self._exporter = exporter(
            endpoint=f"{scheme}://{host}:{target.port}{path}",
            certificate_file=str(ca) if ca else None,
            timeout=_TIMEOUT,
            session=session,
        )
        self._render = signal.render
        self._resource = Resource({"service.name": "excise"})

    def send(self, lines: Sequence[bytes]) -> None:
        """Export them as one request; what the collector will never take is parted from the rest,
        which is sent all the same."""
        records = [self._render(line, self._resource) for line in lines]
        if refused := self._export(records):
            raise SinkFault("refused for what they are", lasting=True, lost=refused)

    def _export(self, records: Sequence[Any]) -> int:
        """Send them; how many were refused for what they are. Raises `SinkFault` where it was not
        for that."""
        self._status = 0
        if self._exporter.export(records).name == "SUCCESS":
            return 0
        if self._status not in _UNREADABLE:
            why = f"status {self._status}" if self._status else "no answer"
            raise SinkFault(why, lasting=400 <= self._status < 500 and self._status not in _FOR_NOW)
        if len(records) == 1:
            return 1
        half = len(records) // 2
        return self._export(records[:half]) + self._export(records[half:])

    def _heard(self, answer: Any, *_: Any, **__: Any) -> None:
        self._status = answer.status_code

    def close(self) -> None:
        """Let go of connections."""
        self._exporter.shutdown()
        self._session.close()


def render_log(line: bytes, resource: Any) -> Any:
    """A line of the trail as a log record, in the trace of its exchange."""
    from opentelemetry._logs import LogRecord, SeverityNumber
    from opentelemetry.sdk._logs import ReadableLogRecord

    body = line.decode("utf-8", "replace")
    try:
        record = json.loads(line)
        told, moment = to_otel(record), nanoseconds(record["time"])
    except (ValueError, KeyError, TypeError, AttributeError):
        # It goes on as it is: one line that nobody can read must not hold up the others.
        return ReadableLogRecord(LogRecord(body=body), resource)
    made = LogRecord(
        timestamp=moment,
        observed_timestamp=moment,
        severity_text=told["severity_text"],
        severity_number=SeverityNumber(told["severity_number"]),
        event_name=told["event_name"],
        body=body,
        attributes=flat(told["attributes"]),
    )
    if exchange := record.get("id"):
        made.trace_id, made.span_id = numbers_of(exchange)
    return ReadableLogRecord(made, resource)


def render_span(line: bytes, resource: Any) -> Any:
    """A span of `audit.spans` as the library has it."""
    from opentelemetry.sdk.trace import Event, ReadableSpan
    from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

    told = Span(*json.loads(line))
    flags = TraceFlags(TraceFlags.SAMPLED)
    parent = SpanContext(told.trace, told.parent, False, flags) if told.parent else None
    return ReadableSpan(
        told.name,
        context=SpanContext(told.trace, told.span, False, flags),
        parent=parent,
        resource=resource,
        kind=SpanKind.CLIENT,
        attributes=told.attributes,
        events=[Event(name, attributes, when) for when, name, attributes in told.events],
        status=Status(StatusCode.ERROR, told.error) if told.error else Status(),
        start_time=told.start,
        end_time=told.end,
    )


LOGS: Final = Signal("/v1/logs", "_log_exporter", "OTLPLogExporter", render_log)
TRACES: Final = Signal("/v1/traces", "trace_exporter", "OTLPSpanExporter", render_span)
