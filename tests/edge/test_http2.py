"""What goes on of the fields behind an answer, and what HTTP/2 has no field for."""

from __future__ import annotations

import pytest
from mitmproxy import http
from mitmproxy.proxy.layers.http import _http2
from mitmproxy.test import tflow, tutils

from excise.edge.http2 import end_after, format_error, install, kept_trailers

Fields = tuple[tuple[bytes, bytes], ...]
FINE: Fields = ((b"grpc-status", b"0"),)


@pytest.mark.parametrize(
    ("kind", "trailers", "kept"),
    [
        ("application/grpc", FINE, FINE),
        ("application/grpc+proto", ((b"GRPC-Status", b"0"), (b"x-note", b"n")), FINE),
        ("application/grpc", ((b"grpc-message", b"x" * 9000), *FINE), None),
        ("application/grpc", (*FINE, (b"grpc-message", b"x" * 9000)), FINE),
        ("application/grpc", ((b"x-note", b"n"),), None),
        ("application/json", FINE, None),
    ],
)
def test_the_outcome_of_a_call_is_kept(kind: str, trailers: Fields, kept: Fields | None) -> None:
    answer = tutils.tresp(headers=http.Headers(content_type=kind))
    found = kept_trailers(answer, http.Headers(trailers))
    assert (found.fields if found is not None else None) == kept


@pytest.mark.parametrize(("version", "told"), [("HTTP/1.1", True), ("HTTP/2.0", False)])
def test_a_connection_is_ended_where_there_is_a_field_for_it(version: str, told: bool) -> None:
    flow = tflow.tflow(resp=True)
    flow.request.http_version = version
    end_after(flow)
    assert flow.response is not None
    assert (flow.response.headers.get("connection") == "close") is told


def test_error_pages_say_nothing_of_the_peer() -> None:
    install()
    assert _http2.format_error is format_error  # type: ignore[attr-defined]
    assert format_error(502, "PLANTED") == b"<html><body>502</body></html>"
