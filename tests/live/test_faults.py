"""Whatever raises, nothing unread passes, and nothing raw is logged."""

from __future__ import annotations

import asyncio
import logging

import pytest
from live.rig import Rig, drain

from excise.edge import hostlog
from excise.errors import ExciseError
from excise.model import Exchange

pytestmark = pytest.mark.live


class _Stray(BaseException):
    """Neither an Exception nor anything asyncio knows."""


@pytest.mark.parametrize(
    "kind",
    [
        ValueError, MemoryError, RecursionError, TimeoutError, asyncio.CancelledError,
        SystemExit, GeneratorExit, StopIteration, _Stray,
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [10, 300_000])
def test_a_firewall_that_raises_refuses(shared: Rig, kind: type[BaseException], size: int) -> None:
    """In place and in a thread: 400, not to be retried, and upstream sees nothing."""

    def inspect(exchange: Exchange) -> None:
        raise kind("PLANTED-IN-TEXT")

    before = len(shared.upstream.received)
    shared.firewall.inspect = inspect
    try:
        status, headers, answer = shared.post("/v1/fault", b"PLANTED".ljust(size, b"."))
    finally:
        shared.firewall.inspect = lambda exchange: None
    assert (status, headers["x-should-retry"]) == (400, "false")
    assert b"PLANTED" not in answer
    assert len(shared.upstream.received) == before
    fault = shared.trail.offered[-1]
    assert fault["reference"].encode() in answer
    assert fault["where"] == "request"
    status, _, _ = shared.post("/v1/after", b"fine")
    assert status == 200


def test_an_answer_that_cannot_be_judged_is_not_given(shared: Rig) -> None:
    status, _, answer = shared.post("/v1/echo", b"ANSWER-BOOM")
    assert status == 400
    assert b"ANSWER-BOOM" not in answer


@pytest.mark.parametrize(
    ("hook", "owner"),
    [
        ("next_layer", "gate"),
        ("client_connected", "gate"),
        ("requestheaders", "addon"),
        ("request", "addon"),
        ("responseheaders", "addon"),
        ("response", "addon"),
    ],
)
def test_every_hook_of_ours_fails_closed(
    rig: Rig, hook: str, owner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hook that raises lets nothing through: neither the request nor an unread answer."""

    def broken(*_: object) -> None:
        raise KeyError("PLANTED-IN-TEXT")

    monkeypatch.setattr(getattr(rig.master, owner), hook, broken)
    rig.master.dispatcher._index.clear()
    try:
        status, _, answer = rig.post("/v1/hook", b'{"text": "PLANTED"}')
    except OSError:
        status, answer = 0, b""
    assert status in (0, 400)
    assert b"PLANTED" not in answer
    assert b"got" not in answer
    if hook not in ("response", "responseheaders"):
        assert not rig.upstream.received
    assert rig.master.dispatcher.faults[hook] >= 1


def test_a_broken_trail_refuses(shared: Rig) -> None:
    before = len(shared.upstream.received)
    shared.trail.broken = True
    try:
        answers = [shared.post("/v1/t", body)[0] for body in (b"clean", b"PLANTED", b"BLOCK")]
    finally:
        shared.trail.broken = False
    assert answers == [400, 400, 400]
    assert len(shared.upstream.received) == before


def test_nothing_raw_reaches_the_log(
    rig: Rig, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Faults of ours, of the host and of its peers, all with text in their messages."""
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    hostlog.install()
    rig.post("/v1/x", b"BOOM PLANTED")
    rig.post("/v1/nonsense", b"PLANTED")
    connection = rig.tls("llm.test:443", "llm.test")
    connection.sendall(b"PLANTED-HEAD without end")
    connection.close()
    logging.getLogger("mitmproxy.proxy.server").error("crashed on %r", b"PLANTED")
    try:
        raise ExciseError("EXC-CFG-001", "PLANTED")
    except ExciseError:
        logging.getLogger("asyncio").exception("PLANTED")
    shown = capsys.readouterr()
    assert "fault" in shown.err
    assert "PLANTED" not in shown.err + shown.out
    assert "UPSTREAM-NONSENSE" not in shown.err


def test_upstream_nonsense_is_not_shown(shared: Rig) -> None:
    """mitmproxy's error page would quote the bytes nobody has read."""
    status, _, answer = shared.post("/v1/nonsense", b"x")
    assert status == 502
    assert b"UPSTREAM-NONSENSE" not in answer


def test_a_head_without_end_is_cut(shared: Rig) -> None:
    connection = shared.raw()
    connection.sendall(b"GET http://llm.test/ HTTP/1.1\r\n")
    try:
        for _ in range(40):
            connection.sendall(b"x-filler: " + b"a" * 9000 + b"\r\n")
    except OSError:
        return
    assert b" 431 " in drain(connection)


def test_a_body_over_the_ceiling_is_refused_natively(rig: Rig) -> None:
    """Told by its length or found out while it comes: the client reads the refusal."""
    rig.master.addon._limit = 100_000
    status, _, answer = rig.post("/v1/big", b"x" * 200_000)
    assert (status, b"uninspectable:size" in answer) == (400, True)
    connection = rig.tls("llm.test:443", "llm.test")
    connection.sendall(
        b"POST /v1/big HTTP/1.1\r\nhost: llm.test\r\nconnection: close\r\n"
        b"transfer-encoding: chunked\r\n\r\n"
    )
    for _ in range(10):
        connection.sendall(b"%x\r\n%s\r\n" % (30_000, b"y" * 30_000))
    connection.sendall(b"0\r\n\r\n")
    answer = drain(connection)
    assert b" 400 " in answer
    assert b"uninspectable:size" in answer
    assert not rig.upstream.received
