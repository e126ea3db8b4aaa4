"""Messages against what was learnt of their endpoint: observed while learning, held to it after.

JSON of both directions: whole bodies, each event of a streamed answer, each message of a socket.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from excise.catalogue import Host
from excise.codecs.base import StreamEvent
from excise.codecs.json.span import JsonReading
from excise.learn.model import Key, Learnt, Model, Way, template_of
from excise.learn.schema import find_unread, infer
from excise.model import Direction, Exchange, Segment
from excise.pipeline.reading import Message
from excise.pipeline.stream import Watch, unwatched

UNMODELLED: Final = "unmodelled"


class Positive(Protocol):
    """What is done about messages that are not as they usually are."""

    def __call__(
        self, exchange: Exchange, host: Host, direction: Direction, message: Message
    ) -> Message:
        """A whole message to or from a host, marked or not."""
        ...

    def watch(self, exchange: Exchange, host: Host) -> Watch:
        """What looks at the events of an answer to this exchange."""
        ...


class _AsItIs:
    """Neither learns nor holds."""

    def __call__(
        self, exchange: Exchange, host: Host, direction: Direction, message: Message
    ) -> Message:
        return message

    def watch(self, exchange: Exchange, host: Host) -> Watch:
        return unwatched


as_it_is: Final = _AsItIs()


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
        if exchange.principal.id not in self.ours:
            reading = message.reading
            values: list[Any] = []
            if isinstance(reading, JsonReading) and reading.documents:
                values.append(reading.document)
            segments = reading.segments if reading else ()
            self._take(_key(exchange, host), exchange.host, Way(direction), values, segments)
        return message

    def watch(self, exchange: Exchange, host: Host) -> Watch:
        """Takes every event in that is not only like another."""
        if exchange.principal.id in self.ours:
            return unwatched
        key, name = _key(exchange, host), exchange.host

        def watch(event: StreamEvent) -> tuple[str, ...]:
            if values := event.news:
                segments = (*event.segments, *(delta.segment for delta in event.deltas))
                self._take(key, name, Way.EVENT, values, segments)
            return ()

        return watch

    def _take(
        self, key: Key, host: str, way: Way, values: Iterable[Any], segments: Iterable[Segment]
    ) -> None:
        schema, unread = None, set[tuple[str, ...]]()
        for value in values:
            schema = infer(value)
            unread = find_unread(value, {each.path for each in segments}, schema)
        if self.learnt.observe(key, host, way, schema, unread):
            self.told()


def _key(exchange: Exchange, host: Host) -> Key:
    route = host.route(exchange.path)
    path = exchange.path if route is None or "*" in route.path else route.path
    return template_of(path), exchange.method


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
        value = reading.document if isinstance(reading, JsonReading) else None
        empty = reading is None and not message.unread
        if not self._faults(exchange, Way(direction), value, empty=empty):
            return message
        return replace(message, unread=tuple(sorted({*message.unread, UNMODELLED})))

    def watch(self, exchange: Exchange, host: Host) -> Watch:
        """Gives a reason for each event that is not as the model says; one that is only like
        another is as that one was."""
        if exchange.principal.id in self.ours:
            return unwatched

        def watch(event: StreamEvent) -> tuple[str, ...]:
            odd = any(self._faults(exchange, Way.EVENT, value) for value in event.news)
            return (UNMODELLED,) if odd else ()

        return watch

    def _faults(self, exchange: Exchange, way: Way, value: Any, *, empty: bool = False) -> bool:
        found = self.model.faults(
            exchange.host, exchange.method, exchange.path, way, value, empty=empty
        )
        return bool(found)
