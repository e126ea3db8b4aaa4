"""Every action through the real proxy, with the official clients, whole and streamed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest
from live.stage import Stage, key, start

pytestmark = pytest.mark.live

PROFILE = """\
profile: acting
title: One action for each model
level: 1
packs: [{pack: secrets}]
uninspectable: {otherwise: alert}
on-fault: block
clauses:
  - {id: c-fall, when: {models: [fall]}, then: fallback, text: Ask legal.}
  - {id: c-steer, when: {models: [steer]}, then: steer, text: No tax advice.}
  - {id: c-limit, when: {models: [limit]}, then: limit, retry-after: 7}
  - {id: c-tar, when: {models: [tar]}, then: tarpit}
  - {id: c-over, when: {models: [over], directions: [request]}, then: block, override: {}}
  - {id: c-lock, when: {kinds: [secret], models: [lock]}, then: block}
  - {id: c-mask, when: {kinds: [secret], models: [mask]}, then: redact, how: mask}
"""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("actions")
    profile = folder / "acting.yaml"
    profile.write_text(PROFILE)
    with start(folder, ["--profile", str(profile), "--tarpit-seconds", "1"]) as stage:
        yield stage


def user(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


def test_with_the_client_of_openai(stage: Stage) -> None:
    """Fallback, steer, limit, tarpit, mask."""
    with stage.openai() as client:
        chat = client.chat.completions
        with stage.exchange(1) as traffic:
            whole = chat.create(model="fall", messages=user("x"))
            parts = list(chat.create(model="fall", messages=user("x"), stream=True))
            response = client.responses.create(model="fall", input="x")
            events = list(client.responses.create(model="fall", input="x", stream=True))
        assert whole.choices[0].message.content == "Ask legal."
        assert "".join(p.choices[0].delta.content or "" for p in parts) == "Ask legal."
        assert parts[-1].choices[0].finish_reason == whole.choices[0].finish_reason == "stop"
        last: Any = events[-1]
        assert response.output_text == last.response.output_text == "Ask legal."
        assert traffic.received == []
        with stage.exchange() as traffic:
            chat.create(model="steer", messages=user("x"))
        assert traffic.received[0].json()["messages"][0] == {
            "role": "system",
            "content": "No tax advice.",
        }
        with stage.exchange(1) as traffic, pytest.raises(openai.RateLimitError) as limited:
            chat.create(model="limit", messages=user("x"))
        assert limited.value.response.headers["retry-after"] == "7"
        assert traffic.attempts == 1
        began = time.monotonic()
        with pytest.raises(openai.BadRequestError) as held:
            chat.create(model="tar", messages=user("x"))
        assert time.monotonic() - began > 0.9
        assert "c-tar" not in str(held.value)
        with stage.exchange() as traffic:
            chat.create(model="mask", messages=user(f"a {key('mask')} b"))
        assert traffic.received[0].json()["messages"][0]["content"] == "a [AWS_ACCESS_KEY_ID] b"


def test_with_the_client_of_anthropic(stage: Stage) -> None:
    """Fallback, steer, limit, tarpit."""
    ask: dict[str, Any] = {"max_tokens": 9, "messages": user("x")}
    with stage.anthropic() as client:
        whole = client.messages.create(model="fall", **ask)
        assert [block.text for block in whole.content if block.type == "text"] == ["Ask legal."]
        with client.messages.stream(model="fall", **ask) as stream:
            assert stream.get_final_text() == "Ask legal."
        with stage.exchange() as traffic:
            client.messages.create(model="steer", system="Be kind.", **ask)
        assert traffic.received[0].json()["system"] == "Be kind.\n\nNo tax advice."
        with pytest.raises(anthropic.RateLimitError) as limited:
            client.messages.create(model="limit", **ask)
        assert limited.value.response.headers["retry-after"] == "7"
        with pytest.raises(anthropic.BadRequestError):
            client.messages.create(model="tar", **ask)


def test_one_hit_never_locks_a_session(stage: Stage) -> None:
    """Refused once, cut out of every later turn."""
    secret = key("lock")
    turns = user(f"use {secret}")
    with stage.openai() as client:
        with pytest.raises(openai.BadRequestError):
            client.chat.completions.create(model="lock", messages=turns)
        for number in range(3):
            turns += [{"role": "assistant", "content": "I cannot."}, *user(f"go on {number}")]
            with stage.exchange() as traffic:
                client.chat.completions.create(model="lock", messages=turns)
            assert secret.encode() not in traffic.received[0].body
            assert traffic.lines[0]["action"] == "redact"


def test_a_refusal_is_overruled_once(stage: Stage) -> None:
    """By the token of the refusal; upstream never sees it."""
    with stage.openai() as client:
        ask: Any = client.chat.completions.create
        with pytest.raises(openai.BadRequestError) as refused:
            ask(model="over", messages=user("x"))
        token = refused.value.response.headers["x-excise-override"]
        assert token in str(refused.value)
        header = {"x-excise-override": f"{token}; because=quarterly audit"}
        with stage.exchange() as traffic:
            ask(model="over", messages=user("x"), extra_headers=header)
        assert "x-excise-override" not in str(traffic.received[0].headers).lower()
        assert traffic.lines[0]["override"]["because"] == "quarterly audit"
        with pytest.raises(openai.BadRequestError):
            ask(model="over", messages=user("x"), extra_headers=header)
