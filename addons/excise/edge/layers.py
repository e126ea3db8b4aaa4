"""Layers for connections that are not read: a relay that looks once, and a closed door."""

from __future__ import annotations

from collections.abc import Callable

from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.tcp import TCPLayer

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
    harmless name turns out to carry a handshake for an LLM host.
    """

    def __init__(self, context: Context, allowed: Callable[[Look], bool]) -> None:
        super().__init__(context)
        self._allowed = allowed
        self._relay = TCPLayer(context, ignore=True)
        self._held = b""
        self._decided = False

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
            event = events.DataReceived(event.connection, self._held)
            self._held = b""
        yield from self._relay.handle_event(event)
        if self._decided:
            self._handle_event = self._relay.handle_event  # type: ignore[method-assign]

    def _dropped(self, event: events.Event) -> layer.CommandGenerator[None]:
        yield from ()
