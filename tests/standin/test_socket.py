"""The stand-in's sockets, over real TLS and without a proxy."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator

import pytest
from live.wsclient import WsClient
from socket_cases import CASES, Case
from wsproto.events import CloseConnection, Ping, Pong

from excise.standin.received import Received
from excise.standin.server import StandIn
from excise.standin.socket import asks_for_socket

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with StandIn(tmp_path_factory.mktemp("standin")) as server:
        yield server


def dial(standin: StandIn, case: Case, **options: bool) -> WsClient:
    trust = ssl.create_default_context(cafile=str(standin.ca))
    return WsClient(standin.port, trust, case.host, case.target, direct=True, **options)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("deflate", [False, True])
def test_each_dialect_is_answered(standin: StandIn, case: Case, deflate: bool) -> None:
    with dial(standin, case, deflate=deflate) as client:
        client.send(case.ask("hello there"))
        events = client.until("response.completed", "response.done", "turnComplete")
    assert case.hear(events) == "You said: hello there"
    assert json.loads(standin.received[-1].body) == case.ask("hello there")
    assert standin.received[-1].method == "MESSAGE"


def test_it_can_be_steered(standin: StandIn) -> None:
    case = CASES[1]
    with dial(standin, case) as client:
        client.control(Ping(payload=b"x"))
        assert client.next() == Pong(payload=bytearray(b"x"))
        client.send(case.ask("standin:binary standin:ping"))
        assert client.next() == Ping(payload=bytearray(b"are you there"))
        assert client.next() == b"\x00\xff\xfe"
    with dial(standin, case) as client:
        client.send(case.ask("standin:close=4001"))
        assert int(client.next().code) == 4001
    with dial(standin, case) as client:
        client.send(case.ask("standin:break"))
        assert int(client.next().code) == 1006
    with dial(standin, case) as client:
        client.control(CloseConnection(code=1000))
        assert int(client.next().code) == 1000


@pytest.mark.parametrize(("upgrade", "asks"), [("WebSocket", True), ("h2c", False), ("", False)])
def test_which_requests_ask_for_a_socket(upgrade: str, asks: bool) -> None:
    request = Received(number=0, method="GET", target="/", headers=(("upgrade", upgrade),))
    assert asks_for_socket(request) is asks
