"""Messages against what was learnt of their endpoint: observed while learning, held to it after.

Whole JSON bodies of both directions. Of a streamed answer nobody sees a whole body, and sockets
have messages instead of endpoints: neither is learnt or held."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from excise.catalogue import Host
from excise.codecs.jsonspan import JsonReading
from excise.learn.model import Learnt, Model, template_of
from excise.learn.schema import find_unread, infer
from excise.model import Direction, Exchange
from excise.pipeline.reading import Message

UNMODELLED: Final = "unmodelled"
# Given exchange, its host, the direction, and the message; gives the message back, marked or not.
Positive = Callable[[Exchange, Host, Direction, Message], Message]


def as_it_is(exchange: Exchange, host: Host, direction: Direction, message: Message) -> Message:
    """Neither learns nor holds."""
    return message


@dataclass(frozen=True, slots=True)
class Learning:
    """Takes every message in, and passes it on."""

    learnt: Learnt
    told: Callable[[], None] = lambda: None  # something was new
    ours: frozenset[str] = frozenset()  # ids of principals that are the proxy itself

    def __call__(
        self, exchange: Exchange, host: Host, direction: Direction, message: Message
    ) -> Message:
        """The message as it was."""
        if exchange.principal.id in self.ours:
            return message
        route = host.route(exchange.path)
        path = exchange.path if route is None or "*" in route.path else route.path
        reading, schema, unread = message.reading, None, set[tuple[str, ...]]()
        if isinstance(reading, JsonReading) and reading.documents:
            value = reading.document
            schema = infer(value)
            unread = find_unread(value, {each.path for each in reading.segments}, schema)
        key = template_of(path), exchange.method
        if self.learnt.observe(key, exchange.host, direction, schema, unread):
            self.told()
        return message


@dataclass(frozen=True, slots=True)
class Holding:
    """Marks what the model does not name as unread, for `uninspectable-by-reason: unmodelled` to
    decide about."""

    model: Model
    ours: frozenset[str] = frozenset()

    def __call__(
        self, exchange: Exchange, host: Host, direction: Direction, message: Message
    ) -> Message:
        """The message, with a reason where it is not as the model says."""
        if exchange.principal.id in self.ours:
            return message
        reading = message.reading
        faults = self.model.faults(
            exchange.host,
            exchange.method,
            exchange.path,
            direction,
            reading.document if isinstance(reading, JsonReading) else None,
            empty=reading is None and not message.unread,
        )
        if not faults:
            return message
        return replace(message, unread=tuple(sorted({*message.unread, UNMODELLED})))
