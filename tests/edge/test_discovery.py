"""What is watched is told once, without anything of the content, and bytes pass as they came."""

from __future__ import annotations

import json

import pytest
from edge.test_shape import tokens
from mitmproxy import http
from mitmproxy.test import tflow, tutils

from excise.edge.discovery import Discovery, Sight
from excise.edge.exchange import PRINCIPAL
from excise.model import Principal

CHAT = json.dumps({"model": "m", "messages": [{"role": "user", "content": "zebra"}]}).encode()
ANSWER = b'{"choices": [{"message": {"content": "zebra"}}]}'


class Now:
    value = 100.0

    def __call__(self) -> float:
        return self.value


def discovery(every: bool = False) -> tuple[Discovery, list[Sight], Now]:
    told: list[Sight] = []
    now = Now()
    who = Principal(id="user:ana", source="basic", group="")
    return Discovery(told.append, every=every, who=lambda _: who, clock=now), told, now


@pytest.mark.parametrize("every", [False, True])
@pytest.mark.parametrize("streamed", [False, True])
def test_a_connection_is_told_of_when_it_is_over(every: bool, streamed: bool) -> None:
    eyes, told, now = discovery(every)
    client = tflow.tclient_conn()
    watch = eyes.watch(client, "shadow.test")
    assert watch is not None
    watch.sent(700, eyes.now())
    for wait, size in tokens(50) if streamed else [(0.1, 900)]:
        now.value += wait
        watch.received(size, eyes.now())
    eyes.close(client)
    eyes.close(client)
    assert len(told) == (streamed or every)
    for sight in told:
        assert (sight.host, sight.signs) == ("shadow.test", ("llm-cadence",) * streamed)
        assert sight.principal and sight.principal.id == "user:ana" and sight.shape


def passed(flow: http.HTTPFlow, body: bytes, answer: bytes, eyes: Discovery) -> None:
    """A flow as the host streams it, in pieces of ten bytes."""
    eyes.ask(flow)
    assert flow.response is not None
    for message, data in ((flow.request, body), (flow.response, answer)):
        if message is flow.response:
            eyes.answer(flow)
        pieces = [data[at : at + 10] for at in range(0, len(data), 10)]
        if callable(message.stream):
            assert b"".join(map(message.stream, pieces)) == data  # type: ignore[arg-type]
            assert message.stream(b"") == b""


def flow_of(path: str, status: int = 200, method: str = "POST") -> http.HTTPFlow:
    headers = http.Headers(content_type="application/json")
    return tflow.tflow(
        req=tutils.treq(
            host="box.test", path=path.encode(), method=method.encode(), headers=headers
        ),
        resp=tutils.tresp(status_code=status, headers=headers),
    )


@pytest.mark.parametrize(
    ("path", "body", "answer", "status", "signs"),
    [
        ("/u/ana/v1/chat/completions", CHAT, ANSWER, 200, ("llm-path", "llm-body", "llm-answer")),
        ("/ask", CHAT, b"{}", 200, ("llm-body",)),
        ("/v1/chat/completions", b"{}", b"{}", 500, ("llm-path",)),
        ("/v1/chat/completions", b"{}", b"{}", 404, ()),
        ("/ask", b'{"a": 1}', ANSWER, 200, ()),
    ],
)
def test_requests_are_judged_by_path_and_names(
    path: str, body: bytes, answer: bytes, status: int, signs: tuple[str, ...]
) -> None:
    eyes, told, _ = discovery()
    passed(flow_of(path, status), body, answer, eyes)
    assert [sight.signs for sight in told] == [signs] * bool(signs)
    assert "zebra" not in repr(told) and "/u/ana" not in repr(told)


def test_the_same_is_not_told_again_within_a_minute() -> None:
    eyes, told, now = discovery()
    for wait in (0, 30, 61):
        now.value += wait
        flow = flow_of("/v1/messages")
        flow.metadata[PRINCIPAL] = Principal(id="user:bo", source="basic", group="")
        passed(flow, CHAT, b"{}", eyes)
    assert [sight.principal.id for sight in told if sight.principal] == ["user:bo"] * 2


def test_what_is_watched_at_once_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("excise.edge.discovery._MOST", 1)
    eyes, _, _ = discovery()
    assert eyes.watch(tflow.tclient_conn(), "a") is not None
    assert eyes.watch(tflow.tclient_conn(), "b") is None
