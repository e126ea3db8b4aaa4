"""The HTTP layer, driven without sockets: hooks in place, waits where asked, bounded bodies.

What clients see of it is in tests/live.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import pytest
from mitmproxy import hooks, http, options
from mitmproxy.addons import proxyserver
from mitmproxy.connection import ConnectionState
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import HTTPMode
from mitmproxy.test import taddons, tflow

from excise.edge.layer import ExciseLayer, WaitHook, passage_of
from excise.edge.passage import PASSAGE, Passage


async def _work() -> None:
    return None


class _Hooks:
    """Runs hooks as the dispatcher does, from a table."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.waits: set[str] = set()
        self.limit = 100

    def __call__(self, hook: hooks.Hook) -> Awaitable[None] | None:
        self.seen.append(hook.name)
        flow = hook.args()[0]
        if hook.name == "requestheaders":
            flow.metadata[PASSAGE] = Passage(limit=self.limit)
        if hook.name == "request":
            flow.response = http.Response.make(400, b"refused")
        return _work() if hook.name in self.waits else None


@pytest.fixture
def opts() -> Any:
    with taddons.context(proxyserver.Proxyserver()) as host:
        yield host.options


def _layer(opts: options.Options, run: _Hooks) -> tuple[ExciseLayer, Context]:
    context = Context(tflow.tclient_conn(), opts)
    context.client.state = ConnectionState.OPEN
    context.client.alpn = None
    made = ExciseLayer(context, HTTPMode.regular, run, lambda host, port: False)
    assert list(made.handle_event(events.Start())) == []
    return made, context


def _post(body: bytes) -> bytes:
    return b"POST http://llm.test/x HTTP/1.1\r\nhost: llm.test\r\ncontent-length: %d\r\n\r\n%s" % (
        len(body),
        body,
    )


def _answer(out: list[commands.Command]) -> bytes:
    return b"".join(each.data for each in out if isinstance(each, commands.SendData))


def test_hooks_run_in_place(opts: Any) -> None:
    run = _Hooks()
    made, context = _layer(opts, run)
    out = list(made.handle_event(events.DataReceived(context.client, _post(b"x"))))
    assert run.seen == ["requestheaders", "request", "responseheaders", "response"]
    assert _answer(out).startswith(b"HTTP/1.1 400")
    assert not [each for each in out if isinstance(each, commands.StartHook)]


def test_what_must_wait_pauses_the_stream(opts: Any) -> None:
    run = _Hooks()
    run.waits.add("request")
    made, context = _layer(opts, run)
    out = list(made.handle_event(events.DataReceived(context.client, _post(b"x"))))
    waits = [each for each in out if isinstance(each, WaitHook)]
    assert (len(waits), _answer(out)) == (1, b"")
    waits[0].work.close()  # type: ignore[attr-defined]
    out = list(made.handle_event(events.HookCompleted(waits[0])))
    assert _answer(out).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(("size", "oversize"), [(100, False), (101, True)])
def test_a_body_beyond_its_ceiling_is_not_kept(opts: Any, size: int, oversize: bool) -> None:
    run = _Hooks()
    kept: list[tuple[bytes, bool]] = []

    def note(hook: hooks.Hook) -> Awaitable[None] | None:
        flow = hook.args()[0]
        if hook.name == "request":
            passage = passage_of(flow)
            assert passage is not None
            kept.append((flow.request.data.content, passage.oversize))
        return run(hook)

    made, context = _layer(opts, note)  # type: ignore[arg-type]
    list(made.handle_event(events.DataReceived(context.client, _post(b"x" * size))))
    assert kept == [(b"" if oversize else b"x" * size, oversize)]


def test_a_flow_that_nobody_vouched_for_keeps_no_body(opts: Any) -> None:
    """Where `requestheaders` failed there is no passage, and what follows is dropped."""
    bodies: list[bytes] = []

    def run(hook: hooks.Hook) -> None:
        flow = hook.args()[0]
        if hook.name == "request":
            bodies.append(flow.request.data.content)
            flow.response = http.Response.make(400)

    made, context = _layer(opts, run)  # type: ignore[arg-type]
    list(made.handle_event(events.DataReceived(context.client, _post(b"PLANTED"))))
    assert bodies == [b""]
