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


class Otlp:
    """A collector that takes OTLP over HTTP."""

    def __init__(self, target: Target) -> None:
        """Raises `ConfigError` where the extra `sinks` is not installed."""
        try:
            # Imported where it is asked for: it takes tens of megabytes.
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
        self._exporter: Any = OTLPLogExporter(
            endpoint=f"{scheme}://{host}:{target.port}{path}",
            certificate_file=str(ca) if ca else None,
            timeout=_TIMEOUT,
        )
        self._resource = Resource({"service.name": "excise"})

    def send(self, lines: Sequence[bytes]) -> None:
        """Export them as one request."""
        from opentelemetry.sdk._logs.export import LogRecordExportResult

        done = self._exporter.export([self._record(line) for line in lines])
        if done is not LogRecordExportResult.SUCCESS:
            raise SinkFault("the collector did not take them")

    def close(self) -> None:
        """Let go of connections."""
        self._exporter.shutdown()

    def _record(self, line: bytes) -> Any:
        from opentelemetry._logs import LogRecord, SeverityNumber
        from opentelemetry.sdk._logs import ReadableLogRecord

        told = to_otel(json.loads(line))
        moment = int(datetime.fromisoformat(told["timestamp"]).timestamp() * 1000) * 1_000_000
        record = LogRecord(
            timestamp=moment,
            observed_timestamp=moment,
            severity_text=told["severity_text"],
            severity_number=SeverityNumber(told["severity_number"]),
            event_name=told["event_name"],
            body=line.decode(),
            attributes=flat(told["attributes"]),
        )
        return ReadableLogRecord(record, self._resource)


def flat(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Those whose values are scalars or lists of scalars."""
    return {
        name: value
        for name, value in attributes.items()
        if not any(
            isinstance(each, Mapping) for each in (value if isinstance(value, list) else [value])
        )
    }
