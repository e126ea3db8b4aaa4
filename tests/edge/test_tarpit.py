"""The tarpit has few places, and only for what white space does not break."""

from __future__ import annotations

import asyncio

import pytest
from mitmproxy import http

from excise.edge.tarpit import DRIPS, Tarpit


def answer(media_type: str = "application/json") -> http.Response:
    return http.Response.make(400, b'{"error":1}', {"content-type": media_type})


def test_places_are_few_and_given_back() -> None:
    pit = Tarpit(most=2)
    assert [pit.take(answer()) for _ in range(3)] == [True, True, False]
    pit.leave()
    assert pit.take(answer())


def test_the_length_told_is_the_length_given() -> None:
    response = answer()
    assert Tarpit().take(response)
    assert response.headers["content-length"] == str(DRIPS + 11)


@pytest.mark.parametrize(
    ("seconds", "media_type"), [(0, "application/json"), (60, "application/grpc"), (60, "")]
)
def test_what_cannot_wait_is_refused_at_once(seconds: float, media_type: str) -> None:
    pit, response = Tarpit(seconds=seconds), answer(media_type)
    assert not pit.take(response)
    assert (pit.held, response.headers["content-length"]) == (0, "11")


def test_a_pause_is_a_part_of_the_time() -> None:
    asyncio.run(asyncio.wait_for(Tarpit(seconds=0.02).pause(), 5))
