"""A receiver of OTLP over HTTP that reads the protobuf gets the lines as they stand in the file."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from excise.audit.sinks.feeder import SinkFault
from excise.audit.sinks.otlp import LOGS, TRACES, Otlp
from excise.audit.sinks.target import parse_target
from excise.audit.spans import Spans, numbers_of

LINE = {
    "schema": 1,
    "time": "2026-01-02T03:04:05.678Z",
    "stage": "request",
    "action": "block",
    "model": "m",
    "usage": {"input": 3},
    "id": "x",
    "rulings": [{"rule": "a.b", "severity": "high"}],
}


class Collector(ThreadingHTTPServer):
    daemon_threads = True
    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[tuple[str, ExportLogsServiceRequest]] = []
        self.traces: list[ExportTraceServiceRequest] = []


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        if self.path == "/v1/traces":
            self.server.traces.append(ExportTraceServiceRequest.FromString(body))
            return self.answer(self.server.status)
        request = ExportLogsServiceRequest.FromString(body)
        poisoned = any("poison" in text for text in bodies(request))
        if not poisoned:
            self.server.requests.append((self.path, request))
        return self.answer(400 if poisoned else self.server.status)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *_: Any) -> None: ...


def bodies(request: ExportLogsServiceRequest) -> list[str]:
    records = request.resource_logs[0].scope_logs[0].log_records
    return [each.body.string_value for each in records]


def open_logs(collector: Collector) -> Otlp:
    return Otlp(parse_target(f"otlp+http://127.0.0.1:{collector.server_address[1]}"), LOGS)


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    threading.Thread(target=made.serve_forever, args=(0.05,), daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def test_lines_are_log_records_with_the_names_of_the_conventions(collector: Collector) -> None:
    otlp = open_logs(collector)
    line = json.dumps(LINE).encode()
    otlp.send([line, line])
    for status, lasting in ((401, True), (404, True), (429, False)):
        collector.status = status
        with pytest.raises(SinkFault, match=str(status)) as fault:
            otlp.send([line])
        assert (fault.value.lasting, fault.value.lost) == (lasting, 0)
    otlp.close()
    path, request = collector.requests[0]
    records = request.resource_logs[0].scope_logs[0].log_records
    assert (path, [each.body.string_value for each in records]) == (
        "/v1/logs",
        [line.decode()] * 2,
    )
    assert (records[0].severity_number, records[0].event_name) == (17, "excise.request")
    assert records[0].time_unix_nano == 1767323045678 * 1_000_000
    named = {each.key: each.value for each in records[0].attributes}
    assert named["gen_ai.request.model"].string_value == "m"
    assert named["gen_ai.usage.input_tokens"].int_value == 3
    assert "excise.rulings" not in named
    assert records[0].trace_id == numbers_of("x").trace.to_bytes(16)
    assert records[0].span_id == numbers_of("x").span.to_bytes(8)


def test_an_exchange_is_a_span(collector: Collector) -> None:
    target = parse_target(f"otlp-traces+http://127.0.0.1:{collector.server_address[1]}")
    otlp = Otlp(target, TRACES)
    otlp.send(Spans().pick([json.dumps(LINE).encode()]))
    collector.status = 503
    with pytest.raises(SinkFault, match="503"):
        otlp.send(Spans().pick([json.dumps(LINE).encode()]))
    otlp.close()
    resource = collector.traces[0].resource_spans[0]
    (span,) = resource.scope_spans[0].spans
    assert span.trace_id == numbers_of("x").trace.to_bytes(16)
    assert (span.name, span.kind, span.status.code, span.status.message) == (
        "chat m", span.SPAN_KIND_CLIENT, span.status.STATUS_CODE_ERROR, "block",
    )  # fmt: skip
    assert span.start_time_unix_nano == span.end_time_unix_nano == 1767323045678 * 1_000_000
    named = {each.key: each.value for each in span.attributes}
    assert named["gen_ai.usage.input_tokens"].int_value == 3
    assert [event.name for event in span.events] == ["excise.finding"]
    service = {each.key: each.value.string_value for each in resource.resource.attributes}
    assert service["service.name"] == "excise"


def test_a_line_that_is_refused_does_not_hold_up_the_others(collector: Collector) -> None:
    otlp = open_logs(collector)
    lines = [json.dumps(LINE | {"id": f"x{number}"}) for number in range(9)]
    lines[4] = json.dumps(LINE | {"id": "poison"})
    with pytest.raises(SinkFault) as fault:
        otlp.send([line.encode() for line in lines])
    otlp.close()
    assert (fault.value.lasting, fault.value.lost) == (True, 1)
    taken = [text for _, request in collector.requests for text in bodies(request)]
    assert taken == lines[:4] + lines[5:]


@pytest.mark.parametrize("line", [b"no json", b"[]", b'{"time": 5}', b"\xff", b"{}"])
def test_a_line_that_cannot_be_read_goes_on_as_it_is(collector: Collector, line: bytes) -> None:
    otlp = open_logs(collector)
    good = json.dumps(LINE)
    otlp.send([line, good.encode()])
    otlp.close()
    assert bodies(collector.requests[0][1]) == [line.decode("utf-8", "replace"), good]
