"""Learnt from exchanges, then held to it: what is not named is refused or noted by the profile."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from walled import exchange, firewall

from excise.learn.model import Learnt, Model, build_model, parse_openapi, to_openapi
from excise.model import Action, Answer
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
