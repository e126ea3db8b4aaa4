"""Learnt from exchanges, then held to it: what is not named is refused or noted by the profile."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from socket_cases import CASES, Case, written
from walled import exchange, firewall

from excise.learn.model import Learnt, Model, build_model, parse_openapi, to_openapi
from excise.model import Action, Answer, SocketMessage
from excise.pipeline.firewall import Firewall
from excise.pipeline.positive import Holding, Learning

ASK: Any = {"model": "gpt-4o", "messages": [{"role": "user", "content": "zebra"}]}
REPLY: Any = {
    "id": "x", "object": "chat.completion", "model": "gpt-4o",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "zebra"}}],
}  # fmt: skip


def judged(wall: Any, ask: Any, reply: Any) -> tuple[Any, Any]:
    asked = exchange(ask)
    out = wall.inspect_request(asked)
    answer = Answer(
        status=200,
        headers=(("content-type", "application/json"),),
        body=json.dumps(reply).encode(),
    )
    return out, wall.inspect_response(asked, answer, out.context)


@pytest.fixture
def learnt() -> Learnt:
    made, news = Learnt(), list[int]()
    wall = firewall(positive=Learning(made, lambda: news.append(1), frozenset({"test"})))
    for _ in range(2):
        out, back = judged(wall, ASK, REPLY)
        assert out.decision.action is back.decision.action is Action.ALLOW
    wall.inspect_request(exchange({**ASK, "ours": 1}, principal="test"))
    assert len(news) == 2
    return made


def test_types_and_names_are_learnt_and_no_value(learnt: Learnt) -> None:
    ((path, method),) = learnt.endpoints
    assert (path, method) == ("/v1/chat/completions", "POST")
    text = json.dumps(to_openapi(learnt))
    assert "zebra" not in text and "gpt-4o" not in text and "ours" not in text


def test_texts_that_the_codec_reads_are_not_listed_and_others_are(learnt: Learnt) -> None:
    fields = {field for _, _, _, field in learnt.covert()}
    assert "messages/[]/content" not in fields


@pytest.fixture
def model(learnt: Learnt) -> Model:
    return build_model(parse_openapi(json.dumps(to_openapi(learnt)), "f"))


@pytest.mark.parametrize("action", [Action.BLOCK, Action.ALERT])
@pytest.mark.parametrize(
    ("ask", "reply", "odd"),
    [
        (ASK, REPLY, (False, False)),
        ({**ASK, "smuggled": "x"}, REPLY, (True, False)),
        ({**ASK, "messages": "x"}, REPLY, (True, False)),
        (ASK, {**REPLY, "smuggled": 1}, (False, True)),
        (ASK, {**REPLY, "choices": None}, (False, True)),
    ],
)
def test_what_is_not_named_is_decided_by_the_profile_in_both_directions(
    model: Model, action: Action, ask: Any, reply: Any, odd: tuple[bool, bool]
) -> None:
    wall = firewall(positive=Holding(model, frozenset({"test"})))
    profile = replace(wall.policy.profile, uninspectable_by_reason={"unmodelled": action})
    wall = replace(wall, policy=replace(wall.policy, profile=profile))
    for outcome, is_odd in zip(judged(wall, ask, reply), odd, strict=True):
        assert outcome.decision.action is (action if is_odd else Action.ALLOW)
        reasons = outcome.record.get("reasons", [])
        assert ("uninspectable:unmodelled" in reasons) is is_odd
        assert (outcome.reply is not None) is (is_odd and action is Action.BLOCK)
    ours = wall.inspect_request(exchange({**ASK, "ours": 1}, principal="test"))
    assert ours.decision.action is Action.ALLOW


def test_another_endpoint_is_not_as_it_should_be(model: Model) -> None:
    wall = firewall(positive=Holding(model))
    out = wall.inspect_request(exchange(ASK, target="/v1/responses"))
    assert "uninspectable:unmodelled" in out.record["reasons"]


CHUNK: Any = {
    "id": "c", "object": "chat.completion.chunk", "model": "gpt-4o",
    "choices": [{"index": 0, "delta": {"content": "zebra"}, "finish_reason": None}],
}  # fmt: skip
LAST: Any = {**CHUNK, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


def streamed(wall: Firewall, *events: Any, asked: Any = ASK) -> tuple[bytes, dict[str, Any]]:
    """What a client is given of a streamed answer, and the last line."""
    sent = exchange(asked)
    context = wall.inspect_request(sent).context
    head = (("content-type", "text/event-stream"),)
    stream = wall.open_stream(sent, Answer(status=200, headers=head), context)
    assert stream is not None
    data = "".join(f"data: {json.dumps(each)}\n\n" for each in events) + "data: [DONE]\n\n"
    out = b"".join(stream.feed(each).data for each in data.encode().splitlines(keepends=True))
    return out + stream.finish().data, stream.record()


def held(learnt: Learnt, action: Action) -> Firewall:
    """A firewall that holds messages to what was learnt."""
    model = build_model(parse_openapi(json.dumps(to_openapi(learnt)), "f"))
    wall = firewall(positive=Holding(model, frozenset({"test"})))
    profile = replace(wall.policy.profile, uninspectable_by_reason={"unmodelled": action})
    return replace(wall, policy=replace(wall.policy, profile=profile))


def test_events_of_a_streamed_answer_are_learnt_each_and_no_value(learnt: Learnt) -> None:
    news = list[int]()
    wall = firewall(positive=Learning(learnt, lambda: news.append(1)))
    before = sum(each.seen for each in learnt.endpoints.values())
    for _ in range(2):
        streamed(wall, CHUNK, CHUNK, LAST)
    assert len(news) == 2  # the first chunk, and the last one
    # Requests are counted as messages, events are not.
    assert sum(each.seen for each in learnt.endpoints.values()) == before + 2
    document = to_openapi(learnt)
    content = document["paths"]["/v1/chat/completions"]["post"]["responses"]["default"]["content"]
    assert set(content) == {"application/json", "application/jsonl"}
    text = json.dumps(document)
    assert "zebra" not in text and "gpt-4o" not in text


@pytest.mark.parametrize("action", [Action.BLOCK, Action.ALERT])
@pytest.mark.parametrize(
    ("event", "odd"),
    [
        (CHUNK, False),
        ({**CHUNK, "model": "other"}, False),
        ({**CHUNK, "smuggled": "x"}, True),
        ({**CHUNK, "choices": "x"}, True),
        ("no object", True),
    ],
)
def test_an_event_that_is_not_named_is_decided_by_the_profile(
    learnt: Learnt, action: Action, event: Any, odd: bool
) -> None:
    streamed(firewall(positive=Learning(learnt)), CHUNK, LAST)
    out, line = streamed(held(learnt, action), CHUNK, event, LAST)
    assert line["action"] == (action if odd else Action.ALLOW)
    assert ("uninspectable:unmodelled" in line.get("reasons", [])) is odd
    assert (json.dumps(event).encode() in out) is not (odd and action is Action.BLOCK)


def test_a_stream_of_an_endpoint_that_never_streamed_is_not_as_it_should_be(
    learnt: Learnt,
) -> None:
    _, line = streamed(held(learnt, Action.ALERT), CHUNK, LAST)
    assert line["reasons"] == ["uninspectable:unmodelled"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_messages_of_sockets_are_learnt_and_held_both_ways(case: Case) -> None:
    def said(wall: Firewall, ask: Any, *answers: Any) -> list[str]:
        upgrade = exchange(
            b"", host=case.host, target=case.target, headers={"upgrade": "websocket"}
        )
        socket = wall.open_socket(wall.inspect_request(upgrade).context)
        steps = [socket.client(wall, SocketMessage(written(ask), case.binary), "0193")]
        steps += [socket.server(wall, SocketMessage(written(a), case.binary)) for a in answers]
        records = [record for step in (*steps, socket.end()) for record in step.records]
        return [reason for record in records for reason in record.get("reasons", [])]

    learnt = Learnt()
    answers = case.speak(["hel", "lo"])
    assert said(firewall(positive=Learning(learnt)), case.ask("hello"), *answers) == []
    wall = held(learnt, Action.ALERT)
    assert said(wall, case.ask("other"), *case.speak(["oth", "er"])) == []
    odd = [{**answers[0], "smuggled": 7}, *answers[1:]]
    assert said(wall, case.ask("hello"), *odd) == ["uninspectable:unmodelled"]
    assert said(wall, {**case.ask("hello"), "smuggled": 7})[0] == "uninspectable:unmodelled"
