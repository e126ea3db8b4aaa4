"""The HTTP layer: hooks run in place, answers stream through the firewall, sizes are bounded.

mitmproxy's own streaming takes a synchronous callable whose faults let the stream go on, and gives
it no way to end or cut an answer. Here each chunk goes through a `GuardedStream` inside the layer;
only where something must be on disk first does the layer wait. Relies on the internals that
tests/edge/test_contract.py pins.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from mitmproxy import flow as mflow
from mitmproxy import hooks, http
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import http as mhttp
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    RequestData,
    RequestProtocolError,
    RequestTrailers,
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
    ResponseProtocolError,
    ResponseTrailers,
)
from mitmproxy.proxy.layers.http._hooks import HttpErrorHook, HttpResponseHook
from mitmproxy.proxy.utils import ReceiveBuffer

from excise.edge.http1 import Http1Server
from excise.edge.http2 import kept_trailers
from excise.edge.lane import find_lane
from excise.edge.passage import PASSAGE, End, Passage, Release
from excise.edge.tarpit import DRIP, DRIPS

Run = Callable[[hooks.Hook], Awaitable[None] | None]
Commands = layer.CommandGenerator[None]


@dataclass
class WaitHook(commands.StartHook):
    """Waits for work that a hook has begun, with this stream alone paused."""

    name = "excise_wait"
    work: Awaitable[None]


def passage_of(flow: http.HTTPFlow) -> Passage | None:
    """What the edge knows of this flow."""
    return flow.metadata.get(PASSAGE)


class ExciseStream(mhttp.HttpStream):
    """One request and its answer."""

    def __init__(
        self,
        context: Context,
        stream_id: int,
        run: Run | None,
        opaque: Callable[[str, int], bool],
    ) -> None:
        super().__init__(context, stream_id)
        self._run = run
        self._opaque = opaque
        self.ahead: Release | None = None  # of the piece that comes next, where that is known

    def _handle_event(self, event: events.Event) -> Commands:
        # Pieces of a body are most events, and lead to a hook only where a stream ends early.
        state: Callable[[events.Event], Commands] = self._with_hooks
        if isinstance(event, ResponseData):
            state = self.server_state
        elif isinstance(event, RequestData):
            state = self.client_state
        return state(event)

    def _with_hooks(self, event: events.Event) -> Commands:
        """Hooks that need not wait run in place: a task and a round trip less for each."""
        inner = super()._handle_event(event)
        reply = None
        while True:
            try:
                command = inner.send(reply)
            except StopIteration:
                return
            reply = None
            # A hook whose `blocking` is a layer comes from a child, which awaits the completion.
            if (
                self._run is not None
                and command.blocking is True
                and isinstance(command, commands.StartHook)
            ):
                rest = self._run(command)
                if rest is None:
                    continue
                command = WaitHook(rest)
            reply = yield command

    def handle_connect_regular(self) -> Commands:
        """Open at once what will not be read, so that a dead host is told as 502; wait for the
        client's first bytes in front of everything else."""
        if self.flow.response:  # refused
            yield from super().handle_connect_finish()
            return
        if self._opaque(self.flow.request.host, self.flow.request.port):
            error = yield commands.OpenConnection(self.context.server)
            if error:
                self.flow.response = http.Response.make(502, b"", {"connection": "close"})
        self.child_layer = layer.NextLayer(self.context, ask_on_start=True)
        yield from self.handle_connect_finish()

    def handle_connect_finish(self) -> Commands:
        """Answer the CONNECT; from then on the layer around us hands events straight through."""
        yield from super().handle_connect_finish()
        opened = self.flow.response is not None and self.flow.response.status_code < 300
        if opened and self.child_layer is not None:
            self.around.tunnel = self.child_layer

    # -- bodies ----------------------------------------------------------------------------

    def check_body_size(self, request: bool) -> layer.CommandGenerator[bool]:
        """Nothing here: what is too large is dropped as it comes and refused when it has ended,
        so that the client reads the refusal in the provider's own shape."""
        yield from ()
        return False

    def _collect(self, body: ReceiveBuffer, data: bytes) -> None:
        passage = passage_of(self.flow)
        if passage is None or passage.oversize or passage.shed:
            return
        body += data
        passage.shed = not passage.hold(len(data))
        passage.oversize = len(body) > passage.limit
        if passage.shed or passage.oversize:
            body.clear()
            passage.let_go()

    def state_consume_request_body(self, event: events.Event) -> Commands:
        """Collect the body up to the ceiling; beyond it only count on a refusal."""
        if isinstance(event, RequestData):
            self._collect(self.request_body_buf, event.data)
        elif not isinstance(event, RequestTrailers):
            yield from super().state_consume_request_body(event)

    def state_consume_response_body(self, event: events.Event) -> Commands:
        """The same on the way back."""
        if isinstance(event, ResponseData):
            self._collect(self.response_body_buf, event.data)
        elif isinstance(event, ResponseTrailers):
            self._keep(event)
        else:
            yield from super().state_consume_response_body(event)

    def _keep(self, event: ResponseTrailers) -> None:
        if self.flow.response is not None and self.context.client.alpn == b"h2":
            self.flow.response.trailers = kept_trailers(self.flow.response, event.trailers)

    @property
    def streams(self) -> bool:
        """Whether pieces of an answer are to come and go on to the client."""
        return bool(self.server_state == self.state_stream_response_body)

    @property
    def is_pipe(self) -> bool:
        """Whether this is a CONNECT, beside whose pipe nothing happens."""
        return self.child_layer is not None and self.around.is_pipe

    @property
    def around(self) -> ExciseLayer:
        """The HTTP layer that this is a stream of."""
        parent = self.context.layers[self.context.layers.index(self) - 1]
        assert isinstance(parent, ExciseLayer)
        return parent

    def start_response_stream(self) -> Commands:
        """Send the head; what follows goes straight on where it can."""
        yield from super().start_response_stream()
        passage = passage_of(self.flow)
        if passage is not None and passage.stream is not None and not passage.opaque:
            lane = find_lane(self, passage.stream, self.around)
            if lane is not None:
                lane.open()

    def state_stream_response_body(self, event: events.Event) -> Commands:
        """Pass each chunk through the firewall before the client may have it."""
        passage = passage_of(self.flow)
        if passage is None or passage.opaque or passage.stream is None:
            if passage is None or not passage.opaque:
                yield from self._abort(cancel=True)
                return
            yield from super().state_stream_response_body(event)
        elif isinstance(event, ResponseData):
            release, self.ahead = self.ahead or passage.stream.feed(event.data), None
            yield from self._release(release, final=False)
        elif isinstance(event, ResponseTrailers):
            self._keep(event)
        elif isinstance(event, ResponseEndOfMessage):
            yield from self._release(passage.stream.finish(), final=True)

    def _release(self, release: Release, *, final: bool) -> Commands:
        yield from self._send(release)
        if release.end is End.ABORTED:
            yield from self._abort(cancel=not final)
        elif release.end is End.CLOSED and not final:
            yield from self._cancel_upstream()
            yield from self.send_response(already_streamed=True)
        elif final:
            yield from self.send_response(already_streamed=True)

    def _send(self, release: Release) -> Commands:
        if release.wait is not None:
            yield WaitHook(release.wait())
        if release.data:  # an empty chunk would end a chunked answer
            yield mhttp.SendHttp(ResponseData(self.stream_id, release.data), self.context.client)

    def send_response(self, already_streamed: bool = False) -> Commands:
        """A refusal that has a place in the tarpit goes out byte by byte, until its client goes."""
        passage = passage_of(self.flow)
        if passage is None or passage.tarpit is None or self.flow.response is None:
            yield from super().send_response(already_streamed)
            return
        pit, response = passage.tarpit, self.flow.response
        yield HttpResponseHook(self.flow)
        self.server_state = self.state_done
        client = self.context.client
        try:
            yield mhttp.SendHttp(ResponseHeaders(self.stream_id, response, False), client)
            for _ in range(DRIPS):
                yield WaitHook(pit.pause())
                if self._paused_event_queue:  # the request is over, so this can only be its end
                    return
                yield mhttp.SendHttp(ResponseData(self.stream_id, DRIP), client)
            yield mhttp.SendHttp(ResponseData(self.stream_id, response.raw_content or b""), client)
        finally:
            pit.leave()
        yield from self.flow_done()

    # -- WebSockets --------------------------------------------------------------------------

    def flow_done(self) -> Commands:
        """Both sides have agreed to change the protocol: from here on a layer of ours."""
        passage = passage_of(self.flow)
        changed = self.flow.response is not None and self.flow.response.status_code == 101
        if not changed or passage is None or passage.opaque or self.flow.websocket is None:
            yield from super().flow_done()
            return
        if passage.socket is None:
            # Upstream changed the protocol, and nobody had asked for what can be read.
            yield commands.CloseConnection(self.context.client)
            self.client_state = self.server_state = self.state_errored
            return
        self.child_layer = passage.socket(self.context, self.flow)
        self._handle_event = self.passthrough  # type: ignore[method-assign]
        yield from self.child_layer.handle_event(events.Start())
        yield mhttp.SendHttp(ResponseEndOfMessage(self.stream_id), self.context.client)

    def _cancel_upstream(self) -> Commands:
        yield mhttp.SendHttp(
            RequestProtocolError(self.stream_id, "ended", ErrorCode.CANCEL),
            self.context.server,
        )

    def _abort(self, *, cancel: bool) -> Commands:
        self.flow.error = mflow.Error("ended by the firewall")
        rest = self._run(HttpErrorHook(self.flow)) if self._run else None
        if rest is not None:
            yield WaitHook(rest)
        yield mhttp.SendHttp(
            ResponseProtocolError(self.stream_id, "ended", ErrorCode.KILL),
            self.context.client,
        )
        if cancel:
            yield from self._cancel_upstream()
        self.client_state = self.server_state = self.state_errored
        self.flow.live = False

    def handle_protocol_error(
        self, event: RequestProtocolError | ResponseProtocolError
    ) -> Commands:
        """Upstream died in the middle of a stream: what is decided goes out, then the cut."""
        if (
            isinstance(event, ResponseProtocolError)
            and self.server_state == self.state_stream_response_body
            and (passage := passage_of(self.flow)) is not None
            and passage.stream is not None
        ):
            yield from self._send(passage.stream.lost())
        yield from super().handle_protocol_error(event)


class ExciseLayer(mhttp.HttpLayer):
    """mitmproxy's HTTP layer with our streams in it."""

    def __init__(
        self,
        context: Context,
        mode: mhttp.HTTPMode,
        run: Run | None,
        opaque: Callable[[str, int], bool],
    ) -> None:
        super().__init__(context, mode)
        self._run = run
        self._opaque = opaque
        self.tunnel: layer.Layer | None = None
        self._through: Callable[[events.Event], Commands] | None = None

    def handle_event(self, event: events.Event) -> Commands:
        """As any layer; but once a CONNECT is answered, its tunnel is all that is left, and what
        mitmproxy would turn into HTTP events and back goes to it directly."""
        if self._through is not None:
            return self._through(event)
        if self.tunnel is not None and self._may_be_pipe():
            self._through = self.tunnel.handle_event
            return self._through(event)
        return super().handle_event(event)

    @property
    def is_pipe(self) -> bool:
        """Whether events go to a tunnel that stands in the place of all else."""
        return self._through is not None

    def _may_be_pipe(self) -> bool:
        outer = self.connections.get(self.context.client)
        return (
            self._paused is None
            and isinstance(outer, Http1Server)
            and outer.state == outer.passthrough
        )

    def _handle_event(self, event: events.Event) -> Commands:
        if isinstance(event, events.Start) and self.context.client.alpn != b"h2":
            self.connections[self.context.client] = Http1Server(self.context.fork())
        yield from super()._handle_event(event)

    def make_stream(self, stream_id: int) -> Commands:
        """Put a stream of ours in the place of mitmproxy's."""
        stream = ExciseStream(self.context.fork(), stream_id, self._run, self._opaque)
        self.streams[stream_id] = stream
        yield from self.event_to_child(stream, events.Start())
