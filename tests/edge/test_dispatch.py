"""The dispatcher: whatever a hook raises, the strictest answer the event can give, nothing raw."""

from __future__ import annotations

import asyncio
import logging
from types import SimpleNamespace
from typing import Any

import pytest
from mitmproxy import exceptions, hooks, http, options
from mitmproxy.connection import Server
from mitmproxy.proxy import layer, server_hooks
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import tls
from mitmproxy.proxy.layers.http import _hooks
from mitmproxy.test import tflow

from excise.edge.dispatch import Dispatcher, plain_refusal, positions
from excise.edge.faults import ANSWERS, Fault
from excise.edge.layers import RefusedLayer
from excise.errors import StateError
from excise.model import RefusalClass

FAULTS: list[type[BaseException]] = [
    ValueError, MemoryError, RecursionError, TimeoutError, asyncio.CancelledError, SystemExit,
    GeneratorExit, BaseException,
]  # fmt: skip


class _Host:
    """What the manager needs of a master."""

    def __init__(self) -> None:
        self.options = options.Options()
        self.commands = SimpleNamespace(collect_commands=lambda addon: None)


@pytest.fixture
def dispatcher() -> Dispatcher:
    made = Dispatcher(_Host())
    made.seen = []  # type: ignore[attr-defined]
    made.on_fault = made.seen.append  # type: ignore[attr-defined]
    made.new_reference = lambda: f"ref{len(made.seen)}"  # type: ignore[attr-defined]
    made.refuse = lambda flow, fault: plain_refusal(fault.reference)
    return made


def _addon(name: str, hook: str, call: Any) -> Any:
    return SimpleNamespace(name=name, **{hook: call})


def _raiser(kind: type[BaseException]) -> Any:
    def hook(*_: Any) -> None:
        raise kind("PLANTED")

    return hook


def _late(kind: type[BaseException]) -> Any:
    async def hook(*_: Any) -> None:
        await asyncio.sleep(0)
        raise kind("PLANTED")

    return hook


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("make", [_raiser, _late])
@pytest.mark.parametrize(
    "event", [_hooks.HttpRequestHeadersHook, _hooks.HttpRequestHook, _hooks.HttpResponseHook]
)
async def test_a_flow_is_refused_and_stays_refused(
    dispatcher: Dispatcher,
    caplog: pytest.LogCaptureFixture,
    kind: type[BaseException],
    make: Any,
    event: Any,
) -> None:
    """Later add-ons and later hooks of the flow do not get to change it."""
    later: list[str] = []
    hook = event.name
    dispatcher.add(_addon("a", hook, make(kind)), _addon("b", hook, lambda f: later.append("b")))
    flow = tflow.tflow(resp=hook == "response")
    await dispatcher.trigger_event(event(flow))
    assert flow.response is not None
    assert (flow.response.status_code, flow.response.headers["x-should-retry"]) == (400, "false")
    assert b"ref0" in (flow.response.content or b"")
    assert later == []
    assert dispatcher.faults == {hook: 1}
    assert dispatcher.seen == [Fault("ref0", hook, kind.__name__)]  # type: ignore[attr-defined]
    assert "PLANTED" not in caplog.text


@pytest.mark.parametrize("event", [_hooks.HttpRequestHeadersHook, _hooks.HttpResponseHeadersHook])
def test_a_refused_flow_stays_refused(dispatcher: Dispatcher, event: Any) -> None:
    """mitmproxy goes on with it: what upstream answers must not take the refusal's place."""
    later: list[Any] = []
    dispatcher.add(_addon("a", event.name, _raiser(KeyError)))
    dispatcher.add(_addon("b", "response", later.append))
    flow = tflow.tflow(resp=True)
    dispatcher.run(event(flow))
    flow.response = http.Response.make(200, b"unread")
    dispatcher.run(_hooks.HttpResponseHook(flow))
    assert flow.response is not None
    assert (flow.response.status_code, later, dispatcher._doomed) == (400, [], {})


async def test_a_refusal_that_fails_too_is_still_one(dispatcher: Dispatcher) -> None:
    dispatcher.refuse = _raiser(ValueError)
    dispatcher.on_fault = _raiser(ValueError)
    dispatcher.add(_addon("a", "request", _raiser(KeyError)))
    flow = tflow.tflow()
    await dispatcher.trigger_event(_hooks.HttpRequestHook(flow))
    assert flow.response is not None
    assert flow.response.status_code == 400


async def test_an_outage_is_told_as_one(dispatcher: Dispatcher) -> None:
    """To whoever words the refusal, in the hook that failed and in those after it."""
    told: list[Fault] = []

    def refuse(flow: http.HTTPFlow, fault: Fault) -> http.Response:
        told.append(fault)
        return plain_refusal(fault.reference)

    async def keep(flow: http.HTTPFlow) -> None:
        raise StateError("EXC-STA-006", "PLANTED")

    dispatcher.refuse = refuse
    dispatcher.add(_addon("a", "request", keep))
    flow = tflow.tflow()
    await dispatcher.trigger_event(_hooks.HttpRequestHook(flow))
    await dispatcher.trigger_event(_hooks.HttpResponseHook(flow))
    assert told == [Fault("ref0", "request", "StateError", RefusalClass.AWAY)] * 2


async def test_a_hook_that_never_returns_is_refused(dispatcher: Dispatcher) -> None:
    async def stuck(flow: http.HTTPFlow) -> None:
        await asyncio.Event().wait()

    dispatcher.deadline = 0.01
    dispatcher.add(_addon("a", "request", stuck))
    flow = tflow.tflow()
    await dispatcher.trigger_event(_hooks.HttpRequestHook(flow))
    assert flow.response is not None
    assert dispatcher.seen[0].kind == "TimeoutError"  # type: ignore[attr-defined]


async def test_a_task_that_is_cancelled_stays_cancelled(dispatcher: Dispatcher) -> None:
    async def slow(flow: http.HTTPFlow) -> None:
        await asyncio.sleep(10)

    dispatcher.add(_addon("a", "request", slow))
    flow = tflow.tflow()
    task = asyncio.create_task(dispatcher.trigger_event(_hooks.HttpRequestHook(flow)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert flow.response is not None


def _context() -> Context:
    return Context(tflow.tclient_conn(), options.Options())


@pytest.mark.parametrize("kind", FAULTS)
def test_next_layer_closes(dispatcher: Dispatcher, kind: type[BaseException]) -> None:
    dispatcher.add(_addon("a", "next_layer", _raiser(kind)))
    asked = layer.NextLayer(_context())
    assert dispatcher.run(layer.NextLayerHook(asked)) is None
    assert isinstance(asked.layer, RefusedLayer)


def test_server_connect_gets_an_error(dispatcher: Dispatcher) -> None:
    dispatcher.add(_addon("a", "server_connect", _raiser(KeyError)))
    data = server_hooks.ServerConnectionHookData(
        server=Server(address=("llm.test", 443)), client=tflow.tclient_conn()
    )
    dispatcher.run(server_hooks.ServerConnectHook(data))
    assert data.server.error


def test_a_connection_whose_handshake_failed_carries_nothing(dispatcher: Dispatcher) -> None:
    """tls_clienthello cannot refuse by itself: what comes after it on that connection does."""
    dispatcher.add(_addon("a", "tls_clienthello", _raiser(KeyError)))
    context = _context()
    hello = SimpleNamespace(
        context=context, ignore_connection=True, establish_server_tls_first=True
    )
    dispatcher.run(tls.TlsClienthelloHook(hello))  # type: ignore[arg-type]
    assert hello.ignore_connection is False
    called: list[Any] = []
    dispatcher.add(_addon("b", "tls_start_client", called.append))
    start = tls.TlsData(context.client, context, ssl_conn=object())  # type: ignore[arg-type]
    dispatcher.run(tls.TlsStartClientHook(start))
    assert (start.ssl_conn, called) == (None, [])
    asked = layer.NextLayer(context)
    dispatcher.run(layer.NextLayerHook(asked))
    assert isinstance(asked.layer, RefusedLayer)
    flow = tflow.tflow()
    flow.client_conn = context.client
    dispatcher.run(_hooks.HttpRequestHook(flow))
    assert flow.response is not None
    dispatcher.run(server_hooks.ClientDisconnectedHook(context.client))
    assert dispatcher._doomed == {}


def test_a_websocket_message_is_dropped(dispatcher: Dispatcher) -> None:
    from mitmproxy.proxy.layers import websocket

    dispatcher.add(_addon("a", "websocket_message", _raiser(KeyError)))
    flow = tflow.twebsocketflow()
    dispatcher.run(websocket.WebsocketMessageHook(flow))
    assert flow.websocket is not None
    assert flow.websocket.messages[-1].dropped


@pytest.mark.parametrize(
    "name", [n for n in ANSWERS if n not in ("tls_start_client", "tls_start_server")]
)
def test_every_answer_names_the_client_or_refuses_itself(name: str) -> None:
    client = SimpleNamespace(id="c1", error=None)
    server = SimpleNamespace(error=None)
    data = SimpleNamespace(
        id="c1", error=None, client=client, server=server, context=SimpleNamespace(client=client),
        ignore_connection=True, establish_server_tls_first=True, valid=True,
    )  # fmt: skip
    doomed = ANSWERS[name](data)
    assert doomed == "c1" or server.error or data.valid is False


@pytest.mark.parametrize("event", [hooks.RunningHook(), hooks.ConfigureHook(set())])
def test_a_start_that_fails_stops_the_start(dispatcher: Dispatcher, event: hooks.Hook) -> None:
    dispatcher.add(_addon("a", event.name, _raiser(KeyError)))
    with pytest.raises(KeyError):
        dispatcher.run(event)


def test_options_errors_are_for_mitmproxy(dispatcher: Dispatcher) -> None:
    def configure(updated: set[str]) -> None:
        raise exceptions.OptionsError("no")

    dispatcher.add(_addon("a", "configure", configure))
    with pytest.raises(exceptions.OptionsError):
        dispatcher.trigger(hooks.ConfigureHook(set()))


async def test_halting_stops_without_a_fault(dispatcher: Dispatcher) -> None:
    later: list[Any] = []
    dispatcher.add(_addon("a", "request", _raiser(exceptions.AddonHalt)))
    dispatcher.add(_addon("b", "request", later.append))
    flow = tflow.tflow()
    await dispatcher.handle_lifecycle(_hooks.HttpRequestHook(flow))
    assert (later, flow.response, dict(dispatcher.faults)) == ([], None, {})


def test_ours_goes_before_what_was_there(dispatcher: Dispatcher) -> None:
    order: list[str] = []
    ours = _addon("b", "request", lambda flow: order.append("ours"))
    ours.goes_first = True
    dispatcher.add(_addon("a", "request", lambda flow: order.append("theirs")), ours)
    dispatcher.run(_hooks.HttpRequestHook(tflow.tflow()))
    assert order == ["ours", "theirs"]


def test_an_addon_that_is_removed_is_not_called(dispatcher: Dispatcher) -> None:
    called: list[Any] = []
    addon = _addon("a", "request", called.append)
    dispatcher.add(addon)
    dispatcher.run(_hooks.HttpRequestHook(tflow.tflow()))
    dispatcher.remove(addon)
    dispatcher.run(_hooks.HttpRequestHook(tflow.tflow()))
    assert len(called) == 1


def test_positions_hold_places_only() -> None:
    planted = "PLANTED"
    try:
        raise ValueError(planted)
    except ValueError as fault:
        shown = positions(fault.__traceback__)
    assert shown.startswith("edge/test_dispatch.py:")
    assert planted not in shown
    assert positions(None) == "nowhere"


def test_the_log_line_is_enough_to_find_the_place(
    dispatcher: Dispatcher, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        dispatcher.add(_addon("a", "request", _raiser(ValueError)))
        dispatcher.run(_hooks.HttpRequestHook(tflow.tflow()))
    assert "fault ref0 in request: ValueError at edge/test_dispatch.py:" in caplog.text
