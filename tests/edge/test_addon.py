"""The hooks, one by one; whole exchanges are in tests/live."""

from __future__ import annotations

import inspect

import pytest
from edge.fakes import FakeFirewall, FakeHosts, FakeTrail, FakeVault
from mitmproxy import http
from mitmproxy.test import tflow, tutils

from excise.edge.addon import Addon
from excise.edge.gate import Gate
from excise.edge.layer import passage_of
from excise.edge.threads import IN_PLACE_BYTES


@pytest.fixture
def addon() -> Addon:
    firewall, trail, vault = FakeFirewall(), FakeTrail(), FakeVault()
    made = Addon(
        firewall=lambda: firewall,
        gate=Gate(FakeHosts(), run=None),
        trail=trail,
        vault=vault,
        note=lambda where, fault: "ref",
    )
    made.fakes = (firewall, trail, vault)  # type: ignore[attr-defined]
    return made


def _flow(host: str = "llm.test", body: bytes = b"{}", **headers: str) -> http.HTTPFlow:
    fields = [(b"host", host.encode()), (b"content-length", str(len(body)).encode())]
    fields += [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    request = tutils.treq(
        host=host, port=443, scheme=b"https", method=b"POST", content=body,
        headers=http.Headers(fields),
    )  # fmt: skip
    flow = tflow.tflow(req=request)
    flow.client_conn.sni = None
    flow.response = None
    return flow


async def _ask(addon: Addon, flow: http.HTTPFlow) -> None:
    addon.requestheaders(flow)
    if (rest := addon.request(flow)) is not None:
        await rest


async def test_a_clean_request_goes_on_without_waiting(addon: Addon) -> None:
    flow = _flow(accept_encoding="gzip, br", upgrade="h2c", proxy_authorization="Basic eHg=")
    addon.requestheaders(flow)
    assert addon.request(flow) is None
    assert flow.response is None
    assert flow.request.headers["accept-encoding"] == "identity"
    assert "upgrade" not in flow.request.headers
    assert "proxy-authorization" not in flow.request.headers


@pytest.mark.parametrize(("host", "path"), [("plain.test", "/path"), ("llm.test", "/other")])
async def test_other_traffic_is_not_touched(addon: Addon, host: str, path: str) -> None:
    """That of other hosts, and what an LLM host does besides."""
    flow = _flow(host, accept_encoding="gzip", upgrade="websocket")
    flow.request.path = path
    await _ask(addon, flow)
    assert (flow.response, flow.request.stream) == (None, True)
    assert flow.request.headers["accept-encoding"] == "gzip"
    flow.response = tutils.tresp()
    addon.responseheaders(flow)
    assert flow.response.stream is True
    assert addon.response(flow) is None
    assert addon.fakes[0].seen == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("body", "headers", "status", "reason"),
    [
        (b"BLOCK", {}, 400, "policy"),
        (b"{}", {"upgrade": "websocket"}, 426, "uninspectable:websocket"),
        (b"{}", {"Host": "plain.test"}, 400, "host-mismatch"),
        (b"{}", {"transfer-encoding": "gzip, chunked"}, 400, "uninspectable:encoding-unknown"),
    ],
)
async def test_refusals_are_on_disk_before_they_are_given(
    addon: Addon, body: bytes, headers: dict[str, str], status: int, reason: str
) -> None:
    flow = _flow(body=body, **headers)
    addon.requestheaders(flow)
    rest = addon.request(flow)
    assert rest is not None
    assert flow.response is not None
    assert flow.response.content == b""  # denied until the record is written
    await rest
    assert flow.response.status_code == status
    assert reason.encode() in (flow.response.content or b"")
    assert addon.fakes[1].committed  # type: ignore[attr-defined]


def test_an_upgrade_that_is_read_goes_on_with_what_can_be_undone(addon: Addon) -> None:
    flow = _flow(
        upgrade="WebSocket, h2c",
        sec_websocket_extensions="x-other, permessage-deflate; client_max_window_bits",
    )
    flow.request.path = "/v1/socket"
    addon.requestheaders(flow)
    assert addon.request(flow) is None
    assert flow.response is None
    assert flow.request.headers["upgrade"] == "websocket"
    offered = flow.request.headers["sec-websocket-extensions"]
    assert offered == "permessage-deflate; client_max_window_bits"


async def test_large_bodies_do_not_hold_up_the_loop(addon: Addon) -> None:
    import threading

    where: list[bool] = []
    main = threading.get_ident()
    addon.fakes[0].inspect = lambda e: where.append(threading.get_ident() == main)  # type: ignore[attr-defined]
    await _ask(addon, _flow(body=b"x" * (IN_PLACE_BYTES + 1)))
    await _ask(addon, _flow(body=b"x"))
    assert where == [False, True]


async def test_our_own_answers_are_not_inspected(addon: Addon) -> None:
    flow = _flow(body=b"BLOCK")
    await _ask(addon, flow)
    given = flow.response
    addon.responseheaders(flow)
    assert addon.response(flow) is None
    assert flow.response is given
    assert addon.fakes[0].answers == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("length", "coding"), [("10", ""), ("", ""), ("10", "gzip")]
)  # fmt: skip
async def test_a_stream_tells_no_length_and_no_coding(
    addon: Addon, length: str, coding: str
) -> None:
    flow = _flow()
    await _ask(addon, flow)
    fields = {"content-type": "text/event-stream", "alt-svc": "h3", "trailer": "x"}
    flow.response = http.Response.make(200, b"", fields)
    del flow.response.headers["content-length"]
    if length:
        flow.response.headers["content-length"] = length
    if coding:
        flow.response.headers["content-encoding"] = coding
    addon.responseheaders(flow)
    assert flow.response.stream is True
    for name in ("content-length", "content-encoding", "alt-svc", "trailer"):
        assert name not in flow.response.headers
    passage = passage_of(flow)
    assert passage is not None
    assert passage.stream is not None


async def test_an_answer_too_large_to_keep_is_refused(addon: Addon) -> None:
    flow = _flow()
    await _ask(addon, flow)
    flow.response = tutils.tresp(headers=http.Headers([(b"content-length", b"99999999999")]))
    addon.responseheaders(flow)
    rest = addon.response(flow)
    assert rest is not None
    await rest
    assert flow.response.status_code == 400
    assert b"uninspectable:size" in (flow.response.content or b"")


async def test_what_is_under_way_is_counted_until_it_has_ended(addon: Addon) -> None:
    flow = _flow(body=b"BLOCK")
    await _ask(addon, flow)
    assert addon.active == {flow.id}
    assert addon.response(flow) is None
    assert addon.active == set()
    other = _flow()
    await _ask(addon, other)
    addon.error(other)
    assert addon.active == set()


async def test_a_stopping_proxy_refuses_and_says_that_a_retry_may_help(addon: Addon) -> None:
    addon.draining = True
    flow = _flow()
    await _ask(addon, flow)
    assert flow.response is not None
    assert (flow.response.status_code, flow.response.headers["connection"]) == (503, "close")


@pytest.mark.parametrize("host", ["llm.test", "plain.test"])
def test_websocket_messages_are_dropped_and_not_kept(addon: Addon, host: str) -> None:
    flow = tflow.twebsocketflow()
    assert flow.websocket is not None
    flow.request.host = host
    flow.request.headers["host"] = host
    addon.requestheaders(flow)
    addon.websocket_message(flow)
    assert len(flow.websocket.messages) == 1
    assert flow.websocket.messages[0].dropped is (host == "llm.test")


def test_hooks_are_short() -> None:
    """A hook joins; it does not decide."""
    hooks = [
        "requestheaders", "request", "responseheaders", "response", "error", "websocket_message",
    ]  # fmt: skip
    lengths = {name: len(inspect.getsource(getattr(Addon, name)).splitlines()) for name in hooks}
    assert {name: n for name, n in lengths.items() if n > 24} == {}
