"""Streamed answers: read as they pass, ended cleanly, never let through unread."""

from __future__ import annotations

import http.client
import itertools
import threading
import time
from typing import Any

import pytest
from live.rig import Rig, drain

from excise.edge import layer
from excise.edge.lane import Lane, find_lane

pytestmark = pytest.mark.live


def _stream(rig: Rig, path: str, *events: bytes) -> tuple[bytes, bool]:
    """What the client got, and whether the answer ended properly."""
    rig.events[:] = events
    client = rig.connect()
    client.request("POST", f"/v1/{path}", b"{}", {"content-type": "application/json"})
    answer = client.getresponse()
    assert answer.status == 200
    data = b""
    try:
        while piece := answer.read1(65536):
            data += piece
    except (http.client.IncompleteRead, OSError) as fault:
        return data + getattr(fault, "partial", b""), False
    finally:
        client.close()
    return data, True


@pytest.mark.parametrize(
    ("events", "got", "whole"),
    [
        ([b"data: a\n\n", b"data: b\n\n"], b"data: a\n\ndata: b\n\n", True),
        ([b"data: PLANTED\n\n", b"data: b\n\n"], b"data: [CUT]\n\ndata: b\n\n", True),
        ([b"data: DISK\n\n"], b"data: DISK\n\n", True),
        ([b"data: HOLD\n\n", b"data: b\n\n"], b"data: HOLD\n\ndata: b\n\n", True),
        ([b"data: a\n\n", b"data: HOLD\n\n"], b"data: a\n\ndata: HOLD\n\n", True),
        ([b"data: a\n\n", b"STOP PLANTED", b"PLANTED"], b"data: a\n\ndata: stopped\n\n", True),
    ],
)
def test_events_pass_the_firewall(
    shared: Rig, events: list[bytes], got: bytes, whole: bool
) -> None:
    assert _stream(shared, "stream", *events) == (got, whole)


@pytest.mark.parametrize("path", ["stream", "torn"])
def test_pieces_go_straight_until_the_answer_is_over(
    shared: Rig, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """And lead to the same where the way changes in the middle."""
    opened: list[Lane] = []
    seen: list[bytes] = []
    straight = Lane._pass

    def open_lane(*args: Any) -> Lane | None:
        lane = find_lane(*args)
        assert lane is not None
        opened.append(lane)
        return lane

    def count(lane: Lane, data: bytes) -> Any:
        seen.append(data)
        return straight(lane, data)

    monkeypatch.setattr(layer, "find_lane", open_lane)
    monkeypatch.setattr(Lane, "_pass", count)
    events = [b"data: %d\n\n" % n for n in range(10)]
    events[5:5] = [b"data: PLANTED\n\n", b"data: DISK\n\n"]
    data, whole = _stream(shared, path, *events)
    # The stand-in of the firewall judges pieces as they come, so torn ones only pass through.
    wanted = b"".join(events)
    assert (data, whole) == (
        wanted.replace(b"PLANTED", b"[CUT]") if path == "stream" else data,
        True,
    )
    assert data.replace(b"[CUT]", b"PLANTED") == wanted
    assert len(opened) == 1
    assert len(seen) > (3 if path == "stream" else 0)
    left = vars(opened[0]._root)
    until = time.monotonic() + 5
    while "handle_event" in left and time.monotonic() < until:
        time.sleep(0.01)
    assert "handle_event" not in left


def test_events_are_not_held_until_the_end(shared: Rig) -> None:
    shared.events[:] = [b"data: 1\n\n"] * 20
    client = shared.connect()
    client.request("POST", "/v1/stream", b"{}")
    answer = client.getresponse()
    assert answer.read1(65536)
    assert len(shared.upstream.received) > 0
    started = time.monotonic()
    rest = answer.read()
    assert rest.count(b"data") > 10
    assert time.monotonic() - started > 0.1
    client.close()


def test_what_must_be_on_disk_is_there_before_it_is_released(shared: Rig) -> None:
    before = len(shared.trail.committed)
    _stream(shared, "stream", b"data: DISK\n\n")
    assert shared.trail.committed[before]["what"] == "stream"


def test_a_fault_ends_the_stream_natively(shared: Rig) -> None:
    data, whole = _stream(shared, "stream", b"data: a\n\n", b"BOOM PLANTED", b"data: PLANTED\n\n")
    assert data.startswith(b"data: a\n\ndata: closed ")
    assert whole
    assert b"PLANTED" not in data


def test_a_fault_without_a_native_ending_cuts_the_stream(shared: Rig) -> None:
    shared.firewall.stream_closes = False
    try:
        data, whole = _stream(shared, "stream", b"data: a\n\n", b"BOOM PLANTED", b"x")
    finally:
        shared.firewall.stream_closes = True
    assert (data, whole) == (b"data: a\n\n", False)


def test_a_trail_that_breaks_in_the_middle_cuts_the_stream(rig: Rig) -> None:
    rig.events[:] = [b"data: a\n\n", b"data: DISK\n\n", b"data: b\n\n"]
    client = rig.connect()
    client.request("POST", "/v1/stream", b"{}")
    answer = client.getresponse()
    rig.trail.broken = True
    data = b""
    with pytest.raises((http.client.IncompleteRead, OSError)):
        while piece := answer.read1(65536):
            data += piece
    assert b"DISK" not in data
    client.close()


def test_an_upstream_that_dies_leaves_what_is_decided_and_a_cut(shared: Rig) -> None:
    data, whole = _stream(shared, "cut", b"data: a\n\n", b"data: HOLD\n\n")
    assert (data, whole) == (b"data: a\n\ndata: HOLD\n\n", False)


def test_trailers_of_an_answer_are_dropped(shared: Rig) -> None:
    """mitmproxy would crash on them and leave the client hanging."""
    assert _stream(shared, "trailers") == (b"data: x\n\n", True)


def test_trailers_of_a_request_do_not_leave(shared: Rig) -> None:
    connection = shared.tls("llm.test:443", "llm.test")
    connection.sendall(
        b"POST /v1/echo HTTP/1.1\r\nhost: llm.test\r\nconnection: close\r\ntrailer: x-note\r\n"
        b"transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx-note: PLANTED\r\n\r\n"
    )
    assert b" 200 " in drain(connection)
    got = shared.upstream.received[-1]
    assert (got.body, got.header("x-note"), got.header("trailer")) == (b"hello", "", "")


@pytest.mark.parametrize(
    ("method", "rest", "left"),
    [
        (b"POST", b"transfer-encoding: chunked\r\n\r\n4;x=PLANTED\r\nabPL\r\n"
         b'7;y="PLANTED"\r\nANTEDcd\r\n0;z=PLANTED\r\n\r\n', [b"ab[CUT]cd"]),
        (b"POST", b"expect: 100-continue\r\ncontent-length: 7\r\n\r\nPLANTED", [b"[CUT]"]),
        (b"GET", b"content-length: 7\r\n\r\nPLANTED", [b"[CUT]"]),
        (b"POST", b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n"
         b"7\r\nPLANTED\r\n0\r\n\r\n", []),
        (b"POST", b"content-length: 7\r\ncontent-length: 9\r\n\r\nPLANTEDab", []),
        (b"POST", b"transfer-encoding: gzip, chunked\r\n\r\n7\r\nPLANTED\r\n0\r\n\r\n", []),
        (b"POST", b"transfer-encoding: chunked\r\n\r\n0x7\r\nPLANTED\r\n0\r\n\r\n", []),
    ],
    ids=itertools.count(),
)  # fmt: skip
def test_requests_in_odd_framings(
    shared: Rig, method: bytes, rest: bytes, left: list[bytes]
) -> None:
    """What can be read in one way alone is read, and leaves without what stood around it."""
    before = len(shared.upstream.received)
    connection = shared.tls("llm.test:443", "llm.test")
    head = b" /v1/echo HTTP/1.1\r\nhost: llm.test\r\nconnection: close\r\n"
    connection.sendall(method + head + rest)
    drain(connection)
    got = shared.upstream.received[before:]
    assert [each.body for each in got] == left
    assert not any("PLANTED" in str(each.headers) for each in got)


def test_a_connection_carries_many_exchanges(shared: Rig) -> None:
    """Keep-alive, upstream too: `--resolve` does not part a connection from its name."""
    before = shared.upstream.connections
    client = shared.connect()
    for number in range(12):
        client.request("POST", "/v1/echo", b'{"n": %d}' % number)
        assert client.getresponse().read() == b'{"got": "{\\"n\\": %d}"}' % number
    client.close()
    assert shared.upstream.connections == before + 1


def test_a_client_that_leaves_does_not_disturb_others(shared: Rig) -> None:
    shared.events[:] = [b"data: 1\n\n"] * 20
    client = shared.connect()
    client.request("POST", "/v1/stream", b"{}")
    client.getresponse().read1(10)
    client.close()
    assert shared.post("/v1/echo", b"still here")[0] == 200


def test_stopping_finishes_what_is_under_way(rig: Rig) -> None:
    """In flight: answered. New on an open connection: refused. New connection: not accepted."""
    busy, idle = rig.connect(), rig.connect()
    idle.request("POST", "/v1/echo", b"{}")
    idle.getresponse().read()
    busy.request("POST", "/v1/slow", b"{}")
    time.sleep(0.2)
    stopping = threading.Thread(target=rig.stop)
    stopping.start()
    time.sleep(0.1)
    idle.request("POST", "/v1/echo", b"PLANTED")
    assert idle.getresponse().status == 503
    with pytest.raises(OSError, match="refused"):
        rig.raw()
    assert busy.getresponse().read() == b'{"slow": true}'
    for client in (busy, idle):
        client.close()
    stopping.join(10)
    assert not stopping.is_alive()
    assert len(rig.upstream.received) == 2
