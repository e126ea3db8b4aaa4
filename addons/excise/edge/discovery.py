"""Looks for models that the catalogue does not know: by the outline of connections that nobody
reads, and by path and body of plain requests. What it sees becomes a line; it holds nothing back.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from mitmproxy import connection, http

from excise.edge.exchange import PRINCIPAL
from excise.edge.likeness import (
    ANSWER,
    BODY,
    CADENCE,
    LOOKED_AT,
    PATH,
    answers,
    asked_path,
    asks_by_body,
)
from excise.edge.shape import Shape, Watch
from excise.model import Principal

_MOST: Final = 20_000  # connections that are watched at once
_REPEATED: Final = 60.0  # seconds within which equal sights of one host are told once
_KNOWN: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What a line tells of: who, whereto, and why it looks like a model, if it does."""

    host: str
    address: str
    principal: Principal | None = None
    signs: tuple[str, ...] = ()
    method: str = ""
    target: str = ""
    shape: Shape | None = None


@dataclass(slots=True)
class _Open:
    host: str
    address: str
    watch: Watch


@dataclass(slots=True)
class _Glance:
    """The beginning of one body on its way; passes every piece on as it came."""

    judge: Callable[[bytes], None]
    head: bytearray = field(default_factory=bytearray)
    done: bool = False

    def __call__(self, piece: bytes) -> bytes:
        if not self.done:
            self.head += piece[: LOOKED_AT - len(self.head)]
            if not piece or len(self.head) >= LOOKED_AT:
                self.done = True
                self.judge(bytes(self.head))
                self.head.clear()
        return piece


class Discovery:
    """Watches while the proxy serves. `every` has a line for each connection that was relayed
    unread, not only for those that look like a model's."""

    def __init__(
        self,
        tell: Callable[[Sight], None],
        *,
        every: bool = False,
        who: Callable[[connection.Client], Principal | None] = lambda client: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tell = tell
        self._every = every
        self._who = who
        self._clock = clock
        self._open: dict[str, _Open] = {}
        self._told: dict[tuple[str, str, tuple[str, ...]], float] = {}

    # -- connections ---------------------------------------------------------------------------

    def watch(self, client: connection.Client, host: str) -> Watch | None:
        """Begin with a connection; None where too many are watched already."""
        if len(self._open) >= _MOST:
            return None
        watch = Watch(self._clock())
        self._open[client.id] = _Open(host, str(client.peername[0]), watch)
        return watch

    def now(self) -> float:
        """Seconds of the clock that watches are told."""
        return self._clock()

    def close(self, client: connection.Client) -> None:
        """A connection is over: tell of it, if it was watched."""
        known = self._open.pop(client.id, None)
        if known is None:
            return
        shape = known.watch.end()
        if shape.answers or self._every:
            self._tell(
                Sight(
                    host=known.host,
                    address=known.address,
                    principal=self._who(client),
                    signs=(CADENCE,) if shape.answers else (),
                    shape=shape,
                )
            )

    # -- requests ------------------------------------------------------------------------------

    def ask(self, flow: http.HTTPFlow) -> None:
        """A request to a host outside the catalogue passes: look at how it begins."""
        request = flow.request
        signs: list[str] = []
        path = asked_path(request.method, request.path)
        if path:
            signs.append(PATH)
        flow.metadata[_SIGNS] = path, signs

        def judge(head: bytes) -> None:
            if asks_by_body(head):
                signs.append(BODY)

        is_json = "json" in request.headers.get("content-type", "")
        request.stream = _Glance(judge) if is_json and request.method == "POST" else True

    def answer(self, flow: http.HTTPFlow) -> None:
        """Its answer comes: look at that, too, and tell once it is seen."""
        response = flow.response
        path, signs = flow.metadata.get(_SIGNS, ("", ()))
        if response is None:
            return
        kind = response.headers.get("content-type", "")
        looks = response.status_code < 300 and ("json" in kind or "event-stream" in kind)

        def judge(head: bytes) -> None:
            # A model's words may be talked of anywhere; alone they tell nothing.
            if signs and answers(head):
                signs.append(ANSWER)
            self._tell_of(flow, path, tuple(signs))

        if looks and signs:
            response.stream = _Glance(judge)
        else:
            response.stream = True
            there = response.status_code not in (404, 405)
            self._tell_of(flow, path, tuple(signs) if there else ())

    def _tell_of(self, flow: http.HTTPFlow, path: str, signs: tuple[str, ...]) -> None:
        if not signs:
            return
        address = str(flow.client_conn.peername[0]) if flow.client_conn.peername else ""
        key, now = (flow.request.host, address, signs), self._clock()
        if now - self._told.get(key, -_REPEATED) < _REPEATED:
            return
        if len(self._told) >= _KNOWN:
            self._told.clear()
        self._told[key] = now
        self._tell(
            Sight(
                host=flow.request.host,
                address=address,
                principal=flow.metadata.get(PRINCIPAL) or self._who(flow.client_conn),
                signs=signs,
                method=flow.request.method,
                target=path,
            )
        )


_SIGNS: Final = "excise-signs"
