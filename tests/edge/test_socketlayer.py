"""Frames in, frames out: the layer driven by hand, both sides on wsproto."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from edge.test_socket import Guard
from mitmproxy import http
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.test import taddons, tflow
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage
from wsproto.extensions import PerMessageDeflate
from wsproto.frame_protocol import CloseReason

from excise.edge.layer import WaitHook
from excise.edge.socketlayer import BoundedDeflate, Side, SocketLayer, Stop, kept_offers


def _peer(kind: ConnectionType, deflate: bool) -> Connection:
    extensions = [PerMessageDeflate()] if deflate else []
    for each in extensions:
        each._enabled = True
    return Connection(kind, list(extensions))


class Wire:
    """A client and a server with the layer between them."""

    def __init__(self, deflate: bool = False, extensions: str = "permessage-deflate") -> None:
        self.guard = Guard()
        flow = tflow.tflow()
        headers = {"sec-websocket-extensions": extensions} if deflate else {}
        flow.response = http.Response.make(101, b"", headers)
        with taddons.context() as context:
            options = context.options
        self.context = Context(tflow.tclient_conn(), options)
        self.client = _peer(ConnectionType.CLIENT, deflate)
        self.server = _peer(ConnectionType.SERVER, deflate)
        self.hung_up: list[Any] = []
        self.layer = SocketLayer(self.context, flow, self.guard.socket)
        self._run(events.Start())

    def _run(self, event: events.Event) -> None:
        for command in self.layer._handle_event(event):
            if isinstance(command, WaitHook):
                asyncio.run(self._await(command.work))
            elif isinstance(command, commands.SendData):
                to_client = command.connection is self.context.client
                (self.client if to_client else self.server).receive_data(command.data)
            elif isinstance(command, commands.CloseConnection):
                self.hung_up.append(command.connection)

    @staticmethod
    async def _await(work: Any) -> None:
        await work

    def from_client(self, event: Any) -> list[Any]:
        self._run(events.DataReceived(self.context.client, self.client.send(event)))
        return list(self.server.events())

    def from_server(self, event: Any) -> list[Any]:
        self._run(events.DataReceived(self.context.server, self.server.send(event)))
        return list(self.client.events())

    def raw_from_client(self, data: bytes) -> list[Any]:
        self._run(events.DataReceived(self.context.client, data))
        return list(self.client.events())

    def lost(self, connection: Any) -> None:
        self._run(events.ConnectionClosed(connection))


@pytest.mark.parametrize("deflate", [False, True])
def test_messages_pass_the_firewall_in_both_directions(deflate: bool) -> None:
    wire = Wire(deflate)
    for send in (wire.from_client, wire.from_server):
        assert send(TextMessage("a PLANTED b")) == [TextMessage("a [CUT] b")]
        assert send(BytesMessage(b"\xff PLANTED")) == [BytesMessage(b"\xff [CUT]")]


@pytest.mark.parametrize("deflate", [False, True])
def test_a_message_in_frames_is_one_message(deflate: bool) -> None:
    wire = Wire(deflate)
    whole = "a PLANTED \N{EURO SIGN}"
    for piece in whole[:-1]:
        assert wire.from_client(TextMessage(piece, message_finished=False)) == []
    got = wire.from_client(TextMessage(whole[-1]))
    assert got == [TextMessage("a [CUT] \N{EURO SIGN}")]


def test_a_refused_message_is_answered_and_the_next_passes() -> None:
    wire = Wire()
    assert wire.from_client(TextMessage("BLOCK")) == []
    assert list(wire.client.events()) == [TextMessage("refused")]
    assert wire.from_client(TextMessage("x")) == [TextMessage("x")]
    assert wire.from_client(TextMessage("BLOCK CLOSE")) == [CloseConnection(1001, "")]
    refused, closed = wire.client.events()
    assert (refused.data, closed.code) == ("refused", 1008)
    assert len(wire.hung_up) == 2


def test_a_socket_is_closed_when_the_proxy_stops() -> None:
    wire = Wire()
    wire._run(Stop(tflow.tflow(), None))
    assert [(each.code, each.reason) for each in wire.client.events()] == [
        (1001, "The proxy is stopping.")
    ]
    assert [each.code for each in wire.server.events()] == [1001]
    assert wire.guard.trail.offered == [{"what": "end"}]
    wire._run(Stop(tflow.tflow(), None))
    assert len(wire.hung_up) == 2


def test_a_fault_closes_both_sides_and_nothing_follows() -> None:
    wire = Wire()
    (closed,) = wire.from_server(TextMessage("BOOM"))
    assert closed.code == 1011
    assert [each.code for each in wire.server.events()] == [1001]
    assert len(wire.hung_up) == 2
    assert wire.raw_from_client(b"\x81\x01x") == []


def test_control_frames_pass_and_closes_keep_their_codes() -> None:
    wire = Wire()
    assert wire.from_client(Ping(b"hi")) == [Ping(bytearray(b"hi"))]
    assert wire.from_client(Ping(b"PLANTED")) == [Ping(bytearray())]
    assert wire.from_server(CloseConnection(4007, "so")) == [CloseConnection(4007, "so")]
    assert wire.guard.trail.offered[-1] == {"what": "end"}


def test_a_close_without_a_code_stays_without() -> None:
    (closed,) = Wire().from_client(CloseConnection(CloseReason.NO_STATUS_RCVD))
    assert closed.code == CloseReason.NO_STATUS_RCVD


def test_a_connection_that_breaks_is_not_called_closed() -> None:
    wire = Wire()
    wire.lost(wire.context.server)
    assert list(wire.client.events()) == []
    assert len(wire.hung_up) == 2


@pytest.mark.parametrize("deflate", [False, True])
def test_a_message_beyond_the_ceiling_closes(deflate: bool) -> None:
    wire = Wire(deflate)
    wire.from_client(TextMessage("x" * 5000))
    assert [each.code for each in wire.client.events()] == [1009]
    assert wire.guard.trail.committed[0]["reason"] == "uninspectable:size"


@pytest.mark.parametrize(
    ("data", "code"), [(b"\x83\x80\0\0\0\0", 1002), (b"\xf1\x80\0\0\0\0", 1002),
                       (b"\x81\x81\0\0\0\0\xff", 1007)]
)  # fmt: skip
def test_what_is_no_frame_closes(data: bytes, code: int) -> None:
    wire = Wire()
    assert [each.code for each in wire.raw_from_client(data)] == [code]


def test_an_extension_that_nobody_reads_closes() -> None:
    wire = Wire(deflate=True, extensions="x-other")
    assert wire.guard.noted == [("websocket", "ValueError")]
    assert len(wire.hung_up) == 2


@pytest.mark.parametrize(
    ("header", "kept"),
    [
        ("permessage-deflate", "permessage-deflate"),
        ("x-webkit-deflate-frame", ""),
        ("a; b, permessage-deflate; client_max_window_bits",
         "permessage-deflate; client_max_window_bits"),
        ("", ""),
    ],
)  # fmt: skip
def test_which_extensions_are_offered_on(header: str, kept: str) -> None:
    assert kept_offers(header) == kept


def test_a_bomb_is_stopped_while_it_inflates() -> None:
    packer = _peer(ConnectionType.CLIENT, True)
    side = Side(ConnectionType.SERVER, tflow.tserver_conn(), "permessage-deflate", 1000)
    side.receive_data(packer.send(TextMessage("x" * 999)) + packer.send(TextMessage("y" * 10**7)))
    seen: list[Any] = list(side.events())
    assert sum(len(each.data) for each in seen if isinstance(each, TextMessage)) < 2000
    assert seen[-1].code == CloseReason.MESSAGE_TOO_BIG
    assert BoundedDeflate(5).name == "permessage-deflate"
