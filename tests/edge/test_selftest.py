"""A test of the proxy by itself: who may ask for it, what it says, and that it leaves no trace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from edge.fakes import FakeHosts, FakeTrail
from mitmproxy.test import tflow, tutils

from excise.edge.exchange import PRINCIPAL
from excise.edge.selftest import (
    ASKER,
    HEADER,
    Marker,
    SelfTest,
    StandIn,
    Unrecorded,
    Verdict,
    own_address,
    signed,
)

TOKEN = "0f" * 16


def asked(token: str, planted: str = "VALUE", content: bytes = b"VALUE") -> Any:
    flow = tflow.tflow(req=tutils.treq(content=content))
    flow.request.headers[HEADER] = f"{token} {planted}"
    Marker(TOKEN).requestheaders(flow)
    return flow


@pytest.mark.parametrize("token", ["", "x", TOKEN[:-1], TOKEN.upper()])
def test_without_the_token_nobody_is_let_in(token: str) -> None:
    """The header goes nowhere, whoever sends it."""
    flow = asked(token)
    assert HEADER not in flow.request.headers
    assert PRINCIPAL not in flow.metadata
    StandIn(TOKEN).request(flow)
    assert flow.response is None


def test_without_a_test_no_token_fits() -> None:
    """Not even an empty one."""
    flow = tflow.tflow()
    flow.request.headers[HEADER] = " VALUE"
    Marker("").http_connect(flow)
    assert PRINCIPAL not in flow.metadata


@pytest.mark.parametrize(
    ("content", "said"), [(b"has VALUE in it", "open"), (b"has [CUT] in it", "held")]
)
def test_the_stand_in_says_what_it_saw(content: bytes, said: str) -> None:
    """Signed, over the value that was planted."""
    flow = asked(TOKEN, content=content)
    assert flow.metadata[PRINCIPAL] is ASKER
    stand_in = StandIn(TOKEN)
    stand_in.request(flow)
    assert flow.response.status_code == 200
    stand_in.response(flow)
    assert flow.response.headers[HEADER] == signed(TOKEN, "VALUE", said)


def test_a_value_in_the_path_or_a_header_came_through_too() -> None:
    """Whatever would have left is looked at."""
    for where in ("path", "header"):
        flow = asked(TOKEN, content=b"")
        if where == "path":
            flow.request.path = "/v1?x=VALUE"
        else:
            flow.request.headers["x-note"] = "VALUE"
        StandIn(TOKEN).request(flow)
        StandIn(TOKEN).response(flow)
        assert flow.response.headers[HEADER] == signed(TOKEN, "VALUE", "open")


def test_a_refusal_is_signed_and_stays() -> None:
    """What somebody in front decided is not changed."""
    flow = asked(TOKEN)
    flow.response = tutils.tresp(status_code=400)
    StandIn(TOKEN).request(flow)
    StandIn(TOKEN).response(flow)
    assert (flow.response.status_code, flow.response.headers[HEADER]) == (
        400,
        signed(TOKEN, "VALUE", "held"),
    )


async def test_tests_leave_no_line() -> None:
    """Others do."""
    trail = FakeTrail()
    quiet = Unrecorded(trail)
    for who in (ASKER.id, "user:ann"):
        await quiet.commit({"principal": {"id": who}})
        quiet.offer({"principal": {"id": who}})
    quiet.offer({"stage": "fault"})
    written = [*trail.committed, *trail.offered]
    assert [each.get("principal", {}).get("id") for each in written] == [
        "user:ann", "user:ann", None,
    ]  # fmt: skip


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 401 No\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"])
async def test_an_answer_of_anybody_else_is_a_hole_and_none_is_silence(answer: bytes) -> None:
    """Whoever answers without the token was reached past us."""
    import asyncio

    class Known:
        def find(self, host: str) -> object:
            return host

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer.replace(b"200", b"403"))
        writer.close()

    server = await asyncio.start_server(say, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    test = SelfTest(TOKEN, Path("none"), lambda: None, Known())  # type: ignore[arg-type, return-value]
    want = Verdict.OPEN if answer else Verdict.SILENT
    assert await test.run("127.0.0.1", port) is want
    server.close()
    unread = SelfTest(TOKEN, Path("none"), lambda: None, FakeHosts())  # type: ignore[arg-type, return-value]
    assert await unread.run("127.0.0.1", 1) is Verdict.HELD
    assert TOKEN not in repr(test)


@pytest.mark.parametrize(
    ("listening", "want"),
    [("", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("10.1.2.3", "10.1.2.3")],
)
def test_the_way_to_oneself(listening: str, want: str) -> None:
    """Every address means this machine's own."""
    assert own_address(listening) == want
