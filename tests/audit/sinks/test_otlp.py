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

from excise.audit.sinks.feeder import SinkFault
from excise.audit.sinks.otlp import Otlp, flat
from excise.audit.sinks.target import parse_target

LINE = {
    "schema": 1,
    "time": "2026-01-02T03:04:05.678Z",
    "stage": "request",
    "action": "block",
    "model": "m",
    "usage": {"input": 3},
    "rulings": [{"rule": "a.b", "severity": "high"}],
}


class Collector(ThreadingHTTPServer):
    daemon_threads = True
    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[tuple[str, ExportLogsServiceRequest]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        self.server.requests.append((self.path, ExportLogsServiceRequest.FromString(body)))
        self.send_response(self.server.status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *_: Any) -> None: ...


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    threading.Thread(target=made.serve_forever, args=(0.05,), daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def test_lines_are_log_records_with_the_names_of_the_conventions(collector: Collector) -> None:
    otlp = Otlp(parse_target(f"otlp+http://127.0.0.1:{collector.server_address[1]}"))
    line = json.dumps(LINE).encode()
    otlp.send([line, line])
    collector.status = 400
    with pytest.raises(SinkFault):
        otlp.send([line])
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


def test_objects_stay_in_the_body() -> None:
    assert flat({"a": 1, "b": ["x"], "c": [{"d": 1}], "e": {"f": 1}}) == {"a": 1, "b": ["x"]}
