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
        request = ExportLogsServiceRequest.FromString(body)
        poisoned = any("poison" in text for text in bodies(request))
        if not poisoned:
            self.server.requests.append((self.path, request))
        self.send_response(400 if poisoned else self.server.status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *_: Any) -> None: ...


def bodies(request: ExportLogsServiceRequest) -> list[str]:
    records = request.resource_logs[0].scope_logs[0].log_records
    return [each.body.string_value for each in records]


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


def test_objects_stay_in_the_body() -> None:
    assert flat({"a": 1, "b": ["x"], "c": [{"d": 1}], "e": {"f": 1}}) == {"a": 1, "b": ["x"]}


def test_a_line_that_is_refused_does_not_hold_up_the_others(collector: Collector) -> None:
    otlp = Otlp(parse_target(f"otlp+http://127.0.0.1:{collector.server_address[1]}"))
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
    otlp = Otlp(parse_target(f"otlp+http://127.0.0.1:{collector.server_address[1]}"))
    good = json.dumps(LINE)
    otlp.send([line, good.encode()])
    otlp.close()
    assert bodies(collector.requests[0][1]) == [line.decode("utf-8", "replace"), good]


def test_numbers_beyond_the_protocol_are_texts() -> None:
    assert flat({"a": 2**63, "b": 2**63 - 1}) == {"a": str(2**63), "b": 2**63 - 1}
