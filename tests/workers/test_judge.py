"""A real server on loopback; whatever it does comes back as an answer or as a word why not."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from time import monotonic

import pytest
from judge_server import JudgeServer, judge_server

from excise.errors import NoAnswer
from excise.workers.judge import Endpoint


@pytest.fixture(scope="module")
def server() -> Iterator[JudgeServer]:
    with judge_server() as running:
        yield running


def body(model: str, text: str = "hello") -> dict[str, object]:
    return {"model": model, "messages": [{"role": "user", "content": text}]}


def test_it_asks_as_the_api_wants_it_and_gives_the_content(server: JudgeServer) -> None:
    endpoint = Endpoint(server.url + "/", key="sesame")
    assert endpoint.ask(body("llama-guard", "rob the mill \ud800"), 5.0).strip() == "unsafe\nS2,S1"
    assert server.asked[-1]["path"] == "/v1/chat/completions"
    assert server.asked[-1]["key"] == "Bearer sesame"
    assert "sesame" not in repr(endpoint)


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("500", "refused"), ("429", "refused"), ("401", "refused"), ("elsewhere", "refused"),
        ("garbage", "garbage"), ("huge", "garbage"), ("cut", "died"),
    ],
)  # fmt: skip
def test_every_fault_is_no_answer(server: JudgeServer, fault: str, why: str) -> None:
    endpoint, asked = Endpoint(server.url), len(server.asked)
    with pytest.raises(NoAnswer) as told:
        endpoint.ask(body(f"x!{fault}"), 5.0)
    assert told.value.reason == why
    assert len(server.asked) == asked + 1, "asked once, and nowhere else"
    assert endpoint.ask(body("llama-guard"), 5.0).strip() == "safe"
    endpoint.close()


def test_who_is_late_or_drips_is_not_waited_for(server: JudgeServer) -> None:
    endpoint = Endpoint(server.url)
    began = monotonic()
    with pytest.raises(NoAnswer, match="late"):
        endpoint.ask(body("x!drip"), 0.2)
    server.free.clear()
    with pytest.raises(NoAnswer, match="late"):
        endpoint.ask(body("llama-guard"), 0.05)
    server.free.set()
    assert monotonic() - began < 3


def test_nobody_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(NoAnswer, match="absent"):
            Endpoint(f"http://127.0.0.1:{port}/v1").ask(body("m"), 1.0)
