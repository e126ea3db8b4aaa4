"""HTTP/1: trailers are dropped, error pages quote nobody, heads and bodies leave together."""

from __future__ import annotations

import json

import h11
import pytest
from h11._receivebuffer import ReceiveBuffer
from mitmproxy import options
from mitmproxy.connection import ConnectionState
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import http as mhttp
from mitmproxy.proxy.layers.http import _events, _http1
from mitmproxy.test import tflow, tutils

from excise.edge import http1
from excise.edge.http1 import HEAD_CEILING, Http1Client, Http1Server, TrailerlessReader


def _read(data: bytes) -> list[object]:
    buffer, reader, found = ReceiveBuffer(), TrailerlessReader(), []
    buffer += data
    while (event := reader(buffer)) is not None:
        found.append(event)
        if isinstance(event, h11.EndOfMessage):
            break
    return found


def test_trailers_are_dropped() -> None:
    *data, end = _read(b"3\r\nabc\r\n0\r\nx-note: PLANTED\r\n\r\n")
    assert b"".join(bytes(each.data) for each in data) == b"abc"  # type: ignore[attr-defined]
    assert list(end.headers) == []  # type: ignore[attr-defined]


def test_a_body_that_ends_early_is_still_an_error() -> None:
    with pytest.raises(h11.ProtocolError):
        TrailerlessReader().read_eof()


def test_other_bodies_are_read_as_before() -> None:
    http1.install()
    assert isinstance(_http1.make_body_reader(None), TrailerlessReader)
    assert type(_http1.make_body_reader(-1)).__name__ == "Http10Reader"
    assert type(_http1.make_body_reader(5)).__name__ == "ContentLengthReader"
    assert mhttp.Http1Client is Http1Client


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Certificate verify failed: self-signed certificate", True),
        ("[Errno 111] Connect call failed", True),
        ("unexpected server response: b'PLANTED'", False),
        ("Cannot parse HTTP response: PLANTED", False),
        ('Upstream proxy "x\\ refused', True),
        ("", False),
    ],
)
def test_an_error_page_names_the_cause_and_quotes_nobody(message: str, shown: bool) -> None:
    head, _, body = http1.make_error_response(502, message).partition(b"\r\n\r\n")
    assert b" 502 " in head.split(b"\r\n")[0]
    assert b"connection: close" in head
    told = json.loads(body)["error"]["message"]
    assert (told == message) is shown
    assert "PLANTED" not in told


def _context() -> Context:
    context = Context(tflow.tclient_conn(), options.Options())
    context.client.state = context.server.state = ConnectionState.OPEN
    return context


def _sent(side: Http1Server | Http1Client, *given: _events.HttpEvent) -> list[bytes]:
    done = [command for event in given for command in side.handle_event(event)]
    return [command.data for command in done if isinstance(command, commands.SendData)]


def test_a_whole_request_leaves_in_one_write() -> None:
    client = Http1Client(_context())
    list(client.handle_event(events.Start()))
    request = tutils.treq(content=b"body")
    sent = _sent(
        client,
        _events.RequestHeaders(1, request, end_stream=False),
        _events.RequestData(1, b"body"),
        _events.RequestEndOfMessage(1),
    )
    assert len(sent) == 1
    assert sent[0].endswith(b"\r\n\r\nbody")


@pytest.mark.parametrize(
    ("stream", "end", "writes"), [(False, False, 1), (True, False, 2), (False, True, 1)]
)
def test_a_whole_answer_leaves_in_one_write_a_stream_at_once(
    stream: bool, end: bool, writes: int
) -> None:
    server = Http1Server(_context())
    list(server.handle_event(events.Start()))
    server.request = tutils.treq()
    response = tutils.tresp(content=b"")
    response.stream = stream
    sent = _sent(server, _events.ResponseHeaders(1, response, end_stream=end))
    if not end:
        sent += _sent(server, _events.ResponseData(1, b"data"))
    assert len(sent) == writes
    assert b"".join(sent).startswith(b"HTTP/1.1 200")


def test_a_held_head_is_not_lost_when_no_body_comes() -> None:
    server = Http1Server(_context())
    list(server.handle_event(events.Start()))
    server.request = tutils.treq()
    assert _sent(server, _events.ResponseHeaders(1, tutils.tresp(), end_stream=False)) == []
    error = _events.ResponseProtocolError(1, "x", _events.ErrorCode.KILL)
    sent = _sent(server, error)
    assert len(sent) == 1
    assert sent[0].startswith(b"HTTP/1.1 200")


def test_a_head_that_never_ends_is_cut() -> None:
    context = _context()
    server = Http1Server(context)
    list(server.handle_event(events.Start()))
    data = b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * (HEAD_CEILING // 6)
    out = list(server.handle_event(events.DataReceived(context.client, data)))
    assert b" 431 " in next(c.data for c in out if isinstance(c, commands.SendData))
    assert any(isinstance(command, commands.CloseConnection) for command in out)
    more = list(server.handle_event(events.DataReceived(context.client, b"z")))
    assert more == []


@pytest.mark.parametrize("blank", [b"\n", b"\r\n", b"\r\n\n\r\n"])
def test_a_blank_line_in_front_of_a_request_does_not_hold_it_up(blank: bytes) -> None:
    context = _context()
    server = Http1Server(context)
    list(server.handle_event(events.Start()))
    data = blank + b"POST http://a.test/v1 HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n"
    out = list(server.handle_event(events.DataReceived(context.client, data)))
    assert any(isinstance(getattr(c, "event", None), _events.RequestHeaders) for c in out)


def test_what_follows_a_broken_body_is_not_its_rest() -> None:
    context = _context()
    server = Http1Server(context)
    list(server.handle_event(events.Start()))
    head = b"POST http://a.test/v1 HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
    out = []
    for data in (head + b"1\r\n{}", b"\r\n0\r\n\r\n"):
        out += list(server.handle_event(events.DataReceived(context.client, data)))
    told = [type(each.event) for each in out if hasattr(each, "event")]
    assert _events.RequestEndOfMessage not in told
    assert told[-1] is _events.RequestProtocolError
    assert sum(isinstance(each, commands.CloseConnection) for each in out) == 1
