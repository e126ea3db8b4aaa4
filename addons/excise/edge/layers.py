"""Layers for connections that are not read: a relay that looks once, and a closed door."""

from __future__ import annotations

from collections.abc import Callable

from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.tcp import TCPLayer

from excise.edge.discovery import Discovery
from excise.edge.shape import Watch
from excise.edge.sniff import Look, Speech, look


class RefusedLayer(layer.Layer):
    """Closes the client's connection and drops whatever still arrives."""

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if isinstance(event, events.Start):
            yield commands.CloseConnection(self.context.client)
        else:
            yield from ()


class PeekTunnel(layer.Layer):
    """Relays bytes unread, after one look at the first ones the client sends.

    The relay opens at once, so that protocols in which the server speaks first work; the client's
    bytes are held until they show whom they are meant for. `allowed` says no where a tunnel to a
    harmless name turns out to carry a handshake for an LLM host. Where `discovery` watches, it is
    told how much went by, and when.
    """

    def __init__(
        self,
        context: Context,
        allowed: Callable[[Look], bool],
        discovery: Discovery | None = None,
    ) -> None:
        super().__init__(context)
        self._discovery = discovery
        self._allowed = allowed
        self._relay = TCPLayer(context, ignore=True)
        self._held = b""
        self._decided = False
        self._watch: Watch | None = None

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if (
            not self._decided
            and isinstance(event, events.DataReceived)
            and event.connection is self.context.client
        ):
            self._held += event.data
            seen = look(self._held)
            if seen.speech is Speech.UNDECIDED:
                return
            if seen.speech is Speech.BROKEN or not self._allowed(seen):
                self._handle_event = self._dropped  # type: ignore[method-assign]
                yield commands.CloseConnection(self.context.client)
                return
            self._decided = True
            self._begin(seen)
            event = events.DataReceived(event.connection, self._held)
            self._held = b""
        yield from self._relay.handle_event(event)
        if self._decided:
            watched = self._watch is not None
            handle = self._watched if watched else self._relay.handle_event
            self._handle_event = handle  # type: ignore[method-assign]

    def _begin(self, seen: Look) -> None:
        if self._discovery is not None:
            host = seen.name.partition(", ")[0] or (self.context.server.address or ("",))[0]
            self._watch = self._discovery.watch(self.context.client, host)

    def _watched(self, event: events.Event) -> layer.CommandGenerator[None]:
        if isinstance(event, events.DataReceived) and self._watch and self._discovery:
            tell = (
                self._watch.sent
                if event.connection is self.context.client
                else self._watch.received
            )
            tell(len(event.data), self._discovery.now())
        return self._relay.handle_event(event)

    def _dropped(self, event: events.Event) -> layer.CommandGenerator[None]:
        yield from ()
