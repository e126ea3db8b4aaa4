"""The page's server in a thread of the test, and a client that sends what it is told."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from excise.dashboard.server import WORD_HEADER, Desk, Place, serve


class Reply(NamedTuple):
    """One answer; `told` is its JSON, or None."""

    status: int
    headers: Mapping[str, str]
    told: Any
    body: bytes


class Served:
    """A server that runs, and one client of it."""

    def __init__(self, desk: Desk, port: int) -> None:
        self.desk = desk
        self.port = port
        self.cookie = ""
        self.word = ""

    @property
    def url(self) -> str:
        """Where it is, with the token."""
        return f"http://127.0.0.1:{self.port}/#token={self.desk.login.token}"

    def ask(
        self,
        path: str,
        body: Any = None,
        *,
        method: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send one request as the page would, with its cookie and word; `headers` may differ."""
        sent = {"Cookie": self.cookie, WORD_HEADER: self.word, "Content-Type": "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        data = None if body is None else json.dumps(body)
        verb = method or ("GET" if body is None else "POST")
        connection.request(verb, path, data, {**sent, **(headers or {})})
        answer = connection.getresponse()
        read = answer.read()
        connection.close()
        try:
            told = json.loads(read)
        except ValueError:
            told = None
        return Reply(answer.status, dict(answer.getheaders()), told, read)

    def enter(self) -> Reply:
        """Log in."""
        reply = self.ask("/login", {"token": self.desk.login.token})
        self.cookie = reply.headers["Set-Cookie"].partition(";")[0]
        self.word = self.ask("/api/session").told["word"]
        return reply


@contextmanager
def served(desk: Desk, *, port: int = 0) -> Iterator[Served]:
    """Serve a desk on loopback."""
    found: list[int] = []
    begun = threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    def ready(port: int) -> None:
        found.append(port)
        begun.set()

    work = serve(desk, Place("127.0.0.1", port), ready, stop)
    thread = threading.Thread(target=lambda: loop.run_until_complete(work), daemon=True)
    thread.start()
    assert begun.wait(10)
    try:
        yield Served(desk, found[0])
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        loop.close()
