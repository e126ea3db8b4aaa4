"""Lines as OpenTelemetry log records, by OTLP over HTTP. The body is the line as it stands in the
file; attributes are its fields by the names of `audit.mapping`, lists of objects apart."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from excise.audit.mapping import to_otel
from excise.audit.sinks.feeder import SinkFault
from excise.audit.sinks.target import Target
from excise.errors import ConfigError

_TIMEOUT: Final = 10.0
_PATH: Final = "/v1/logs"
_UNREADABLE: Final = frozenset({400, 413, 422})  # a request of fewer records may be taken
_FOR_NOW: Final = frozenset({408, 425, 429})


class Otlp:
    """A collector that takes OTLP over HTTP."""

    def __init__(self, target: Target) -> None:
        """Raises `ConfigError` where the extra `sinks` is not installed."""
        try:
            # Imported where it is asked for: it takes tens of megabytes.
            import requests
            from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
            from opentelemetry.sdk.resources import Resource
        except ImportError:
            raise ConfigError(
                "EXC-CFG-004", "needs the OpenTelemetry SDK.", at=target.name,
                hint="Install the extra `sinks`.",
            ) from None  # fmt: skip
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # the sink tells of faults
        scheme = target.scheme.removeprefix("otlp+")
        host = f"[{target.host}]" if ":" in target.host else target.host
        path = _PATH if target.path == "/" else target.path
        ca = target.files.get("ca")
        self._status = 0  # of the last answer; the exporter tells only whether it was a good one
        session = requests.Session()
        session.hooks["response"].append(self._heard)
        self._exporter: Any = OTLPLogExporter(
            endpoint=f"{scheme}://{host}:{target.port}{path}",
            certificate_file=str(ca) if ca else None,
            timeout=_TIMEOUT,
            session=session,
        )
        self._resource = Resource({"service.name": "excise"})

    def send(self, lines: Sequence[bytes]) -> None:
        """Export them as one request; what the collector will never take is parted from the rest,
        which is sent all the same."""
        if refused := self._export([self._record(line) for line in lines]):
            raise SinkFault("refused for what they are", lasting=True, lost=refused)

    def _export(self, records: Sequence[Any]) -> int:
        """Send them; how many were refused for what they are. Raises `SinkFault` where it was not
        for that."""
        from opentelemetry.sdk._logs.export import LogRecordExportResult

        self._status = 0
        if self._exporter.export(records) is LogRecordExportResult.SUCCESS:
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

    def _record(self, line: bytes) -> Any:
        from opentelemetry._logs import LogRecord, SeverityNumber
        from opentelemetry.sdk._logs import ReadableLogRecord

        try:
            told = to_otel(json.loads(line))
            moment = int(datetime.fromisoformat(told["timestamp"]).timestamp() * 1000) * 1_000_000
        except (ValueError, KeyError, TypeError, AttributeError):
            # It goes on as it is: one line that nobody can read must not hold up the others.
            return ReadableLogRecord(
                LogRecord(body=line.decode("utf-8", "replace")), self._resource
            )
        record = LogRecord(
            timestamp=moment,
            observed_timestamp=moment,
            severity_text=told["severity_text"],
            severity_number=SeverityNumber(told["severity_number"]),
            event_name=told["event_name"],
            body=line.decode("utf-8", "replace"),
            attributes=flat(told["attributes"]),
        )
        return ReadableLogRecord(record, self._resource)


def flat(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Those whose values are scalars or lists of scalars; numbers beyond 64 bits as texts."""
    return {
        name: str(value) if isinstance(value, int) and abs(value) >= 2**63 else value
        for name, value in attributes.items()
        if not any(
            isinstance(each, Mapping) for each in (value if isinstance(value, list) else [value])
        )
    }
