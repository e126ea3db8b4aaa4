"""`--resolve`: the closest entry answers, everything else is looked up as ever."""

from __future__ import annotations

import asyncio
import socket

import pytest

from excise.edge.resolve import ResolvingLoop, find_redirect
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
