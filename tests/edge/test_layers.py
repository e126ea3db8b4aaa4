"""The relay that looks once, and the closed door; driven without sockets."""

from __future__ import annotations

import pytest
from edge.test_sniff import HELLO
from mitmproxy import options
from mitmproxy.connection import ConnectionState
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.test import tflow

from excise.edge.discovery import Discovery, Sight
from excise.edge.layers import PeekTunnel, RefusedLayer
from excise.edge.sniff import Look


def _context() -> Context:
    context = Context(tflow.tclient_conn(), options.Options())
    context.client.state = context.server.state = ConnectionState.OPEN
    context.server.timestamp_start = 1.0  # already open
    return context


def _sent(out: list[commands.Command], to: object) -> bytes:
    return b"".join(c.data for c in out if isinstance(c, commands.SendData) and c.connection is to)


def _closes(out: list[commands.Command]) -> bool:
    return any(isinstance(each, commands.CloseConnection) for each in out)


def _tunnel(context: Context, allow: bool) -> tuple[PeekTunnel, list[Look]]:
    seen: list[Look] = []

    def allowed(look: Look) -> bool:
        seen.append(look)
        return allow

    tunnel = PeekTunnel(context, allowed)
    list(tunnel.handle_event(events.Start()))
    return tunnel, seen


@pytest.mark.parametrize("cut", [1, 3, 5, 60, len(HELLO) - 1])
def test_bytes_pass_once_they_have_shown_whom_they_are_for(cut: int) -> None:
    context = _context()
    tunnel, seen = _tunnel(context, True)
    first = list(tunnel.handle_event(events.DataReceived(context.client, HELLO[:cut])))
    second = list(tunnel.handle_event(events.DataReceived(context.client, HELLO[cut:])))
    third = list(tunnel.handle_event(events.DataReceived(context.client, b"more")))
    assert _sent(first, context.server) == b""
    assert _sent(second, context.server) == HELLO
    assert _sent(third, context.server) == b"more"
    assert [look.name for look in seen] == ["llm.test"]


def test_what_is_not_allowed_never_passes() -> None:
    context = _context()
    tunnel, _ = _tunnel(context, False)
    out = list(tunnel.handle_event(events.DataReceived(context.client, HELLO)))
    out += list(tunnel.handle_event(events.DataReceived(context.client, b"more")))
    out += list(tunnel.handle_event(events.DataReceived(context.server, b"back")))
    assert _sent(out, context.server) == b""
    assert _sent(out, context.client) == b""
    assert _closes(out)


def test_a_server_may_speak_first() -> None:
    context = _context()
    tunnel, _ = _tunnel(context, True)
    out = list(tunnel.handle_event(events.DataReceived(context.server, b"220 hello\r\n")))
    assert _sent(out, context.client) == b"220 hello\r\n"
    out = list(tunnel.handle_event(events.DataReceived(context.client, b"EHLO x\r\n")))
    assert _sent(out, context.server) == b"EHLO x\r\n"


def test_a_broken_hello_never_passes() -> None:
    context = _context()
    tunnel, seen = _tunnel(context, True)
    broken = b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"
    out = list(tunnel.handle_event(events.DataReceived(context.client, broken)))
    assert (_sent(out, context.server), _closes(out), seen) == (b"", True, [])


def test_the_closed_door_closes_and_swallows() -> None:
    context = _context()
    refused = RefusedLayer(context)
    assert _closes(list(refused.handle_event(events.Start())))
    assert list(refused.handle_event(events.DataReceived(context.client, HELLO))) == []


def test_where_discovery_watches_every_piece_is_told_and_passes() -> None:
    told: list[Sight] = []
    context = _context()
    eyes = Discovery(told.append, every=True, clock=lambda: 1.0)
    tunnel = PeekTunnel(context, lambda look: True, eyes)
    out = list(tunnel.handle_event(events.Start()))
    for data in (HELLO, b"more"):
        out += list(tunnel.handle_event(events.DataReceived(context.client, data)))
    out += list(tunnel.handle_event(events.DataReceived(context.server, b"back")))
    assert (_sent(out, context.server), _sent(out, context.client)) == (HELLO + b"more", b"back")
    eyes.close(context.client)
    assert told[0].host == "llm.test" and told[0].shape is not None
    assert told[0].shape.received == 4
