"""`--resolve`: the closest entry answers, everything else is looked up as ever."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest

from excise.edge.resolve import ResolvingLoop, find_redirect, open_listener
from excise.edge.settings import parse_redirect

ENTRIES = [
    parse_redirect(text)
    for text in (
        "*=127.0.0.1:1", "*:80=127.0.0.1:2", "a.test=127.0.0.1:3", "a.test:80=127.0.0.1:4",
        "b.test:1=[::1]:5",
    )
]  # fmt: skip


@pytest.mark.parametrize(
    ("host", "port", "want"),
    [
        ("z.test", 443, 1),
        ("z.test", 80, 2),
        ("a.test", 443, 3),
        ("A.Test.", 80, 4),
        ("b.test", 1, 5),
    ],
)
def test_a_name_goes_before_a_star_and_a_port_before_none(host: str, port: int, want: int) -> None:
    found = find_redirect(ENTRIES, host, port)
    assert found is not None
    assert found.address_port == want


def test_without_an_entry_nothing_is_found() -> None:
    assert find_redirect(ENTRIES[4:], "b.test", 2) is None


def test_the_loop_answers_with_the_address_and_port() -> None:
    async def ask() -> list[object]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, ResolvingLoop)
        loop.redirects = tuple(ENTRIES)
        first = await loop.getaddrinfo("b.test", 1, type=socket.SOCK_STREAM)
        second = await loop.getaddrinfo(b"a.test", 80)
        loop.redirects = ()
        third = await loop.getaddrinfo("localhost", 7, type=socket.SOCK_STREAM)
        return [first[0][0], first[0][4][:2], second[0][4], third[0][4][1]]

    with asyncio.Runner(loop_factory=ResolvingLoop) as runner:
        assert runner.run(ask()) == [socket.AF_INET6, ("::1", 5), ("127.0.0.1", 4), 7]


def test_two_loops_serve_one_socket() -> None:
    """Each takes what comes while the other one is busy; the port answers until both are gone."""
    listener = open_listener("127.0.0.1", 0)
    port = listener.getsockname()[1]
    servers = [_Serving(listener.dup()) for _ in range(2)]
    listener.close()
    assert _greeting(port) == b"hello"
    servers.pop().close()
    assert [_greeting(port) for _ in range(5)] == [b"hello"] * 5
    servers.pop().close()
    with pytest.raises(OSError, match="refused"):
        _greeting(port)


def test_only_the_first_server_has_the_socket() -> None:
    """What is opened later (a lookup's, a page's) has a port of its own."""
    listener = open_listener("127.0.0.1", 0)

    async def ports() -> list[int]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, ResolvingLoop)
        loop.listener = listener
        made = [await loop.create_server(asyncio.Protocol, "127.0.0.1", 0) for _ in range(2)]
        found = [server.sockets[0].getsockname()[1] for server in made]
        for server in made:
            server.close()
        return found

    with asyncio.Runner(loop_factory=ResolvingLoop) as runner:
        first, second = runner.run(ports())
    assert first != second


class _Serving:
    """A loop in a thread that greets whoever connects."""

    def __init__(self, listener: socket.socket) -> None:
        self.loop = ResolvingLoop()
        self.loop.listener = listener
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self.loop).result(10)

    async def _open(self) -> None:
        async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"hello")
            writer.close()

        self._server = await asyncio.start_server(greet, "127.0.0.1", 1)

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._shut(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()

    async def _shut(self) -> None:
        self._server.close()
        await asyncio.sleep(0.05)


def _greeting(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        return client.recv(100)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_without_a_host_both_families_are_listened_to(address: str) -> None:
    """As a transparent gateway needs."""
    if not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6 here")
    with open_listener("", 0) as listener:
        try:
            socket.create_connection((address, listener.getsockname()[1]), timeout=5).close()
        except OSError as fault:
            if address == "::1":
                pytest.skip(f"no IPv6 loopback here ({fault.strerror})")
            raise
