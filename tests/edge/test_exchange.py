"""Flow ↔ Exchange: nothing is lost on the way in, nothing else changes on the way out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy import http
from mitmproxy.test import tflow, tutils

from excise.edge.exchange import (
    new_id,
    read_head,
    replace_body,
    rewrite_request,
    to_answer,
    to_exchange,
    to_headers,
    to_response,
)
from excise.model import Reply

FIELDS = st.lists(
    st.tuples(st.text("abcXYZ-", min_size=1, max_size=8).map(str.encode), st.binary(max_size=12)),
    max_size=6,
)


def _flow(*fields: tuple[bytes, bytes], path: bytes = b"/v1/x?q=1") -> http.HTTPFlow:
    request = tutils.treq(method=b"POST", path=path, content=b"body", headers=http.Headers(fields))
    flow = tflow.tflow(req=request)
    flow.client_conn.peername = ("192.0.2.9", 5)
    return flow


def test_a_flow_becomes_an_exchange() -> None:
    exchange = to_exchange(_flow((b"X-Name", b"v")), "id", "llm.test")
    assert (exchange.method, exchange.host, exchange.target) == ("POST", "llm.test", "/v1/x?q=1")
    assert (exchange.headers, exchange.body) == ((("x-name", "v"),), b"body")
    assert (exchange.principal.id, exchange.address) == ("address:192.0.2.9", "192.0.2.9")


def test_ids_sort_by_time_and_differ() -> None:
    ids = [new_id() for _ in range(50)]
    assert len(set(ids)) == 50
    assert all(len(each) == 32 for each in ids)
    assert [each[:12] for each in ids] == sorted(each[:12] for each in ids)


@given(FIELDS)
def test_writing_back_what_was_read_changes_no_byte(fields: list[tuple[bytes, bytes]]) -> None:
    flow = _flow(*fields)
    exchange = to_exchange(flow, "id", "llm.test")
    rewrite_request(flow.request, exchange, (*exchange.headers,), exchange.target)
    assert flow.request.headers.fields == tuple(fields)
    assert flow.request.data.path == b"/v1/x?q=1"


@given(FIELDS.filter(bool), st.data())
def test_an_edited_header_keeps_its_spelling(
    fields: list[tuple[bytes, bytes]], data: st.DataObject
) -> None:
    """Only the value of the edited one changes, bytes that are no UTF-8 elsewhere included."""
    place = data.draw(st.integers(0, len(fields) - 1))
    flow = _flow(*fields)
    exchange = to_exchange(flow, "id", "llm.test")
    edited = list(exchange.headers)
    edited[place] = (edited[place][0], "cut")
    rewrite_request(flow.request, exchange, tuple(edited), "/v1/y")
    want = [(n, b"cut" if i == place else v) for i, (n, v) in enumerate(fields)]
    assert flow.request.headers.fields == tuple(want)
    assert flow.request.data.path == b"/v1/y"


@pytest.mark.parametrize(
    ("fields", "hosts", "upgrade", "length", "kept"),
    [
        ([(b"Host", b"a"), (b"HOST", b"b, c")], ("a", "b", " c"), "", -1, 2),
        ([(b"Content-Length", b"12")], (), "", 12, 1),
        ([(b"Content-Length", b"+1")], (), "", -1, 1),
        ([(b"Upgrade", b"WebSocket")], (), "websocket", -1, 1),
        ([(b"TE", b"trailers"), (b"x", b"y"), (b"Alt-Svc", b"h3")], (), "", -1, 1),
        ([(b"Proxy-Authorization", b"s"), (b"proxy-connection", b"x")], (), "", -1, 0),
    ],
)
def test_a_head_is_read_in_one_pass(
    fields: list[tuple[bytes, bytes]],
    hosts: tuple[str, ...],
    upgrade: str,
    length: int,
    kept: int,
) -> None:
    head = read_head(http.Headers(fields))
    assert (head.hosts, head.upgrade, head.length) == (hosts, upgrade, length)
    assert len(head.kept) == kept


@pytest.mark.parametrize(
    ("value", "coded"),
    [(b"chunked", False), (b" Chunked ", False), (b"gzip, chunked", True), (b"x", True)],
)
def test_a_coding_for_the_way_is_told(value: bytes, coded: bool) -> None:
    head = read_head(http.Headers([(b"Transfer-Encoding", value)]))
    assert head.is_coded is coded and len(head.kept) == 1


def test_an_override_is_read_and_goes_no_further() -> None:
    head = read_head(http.Headers([(b"x", b"y"), (b"X-Excise-Override", b"t; because=r")]))
    assert head.override == "t; because=r"
    assert head.kept == ((b"x", b"y"),)


def test_a_head_without_any_of_it_is_kept_as_it_is() -> None:
    headers = http.Headers([(b"x", b"y")])
    assert read_head(headers).kept is headers.fields


def test_an_answer_carries_its_body_only_where_it_was_collected() -> None:
    response = tutils.tresp(content=b"abc")
    assert to_answer(response, whole=True).body == b"abc"
    assert to_answer(response, whole=False).body == b""
    assert to_answer(response, whole=False).status == 200


def test_a_reply_is_never_to_be_retried() -> None:
    response = to_response(Reply(status=400, headers=(("content-type", "x/y"),), body=b"abc"))
    assert to_headers(response.headers) == (
        ("content-type", "x/y"),
        ("content-length", "3"),
        ("x-should-retry", "false"),
    )
    kept = Reply(status=429, headers=(("x-should-retry", "true"),), body=b"")
    assert to_response(kept).headers["x-should-retry"] == "true"


def test_a_new_body_tells_its_length_where_one_was_told() -> None:
    flow = _flow((b"content-length", b"4"))
    replace_body(flow.request, b"longer")
    assert flow.request.headers["content-length"] == "6"
    chunked = _flow((b"transfer-encoding", b"chunked"))
    replace_body(chunked.request, b"longer")
    assert "content-length" not in chunked.request.headers
