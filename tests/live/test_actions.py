"""Every action through the real proxy, with the official clients, whole and streamed; who hears of
it, and what the answers tell of their verdict."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import anthropic
import openai
import pytest
from live.stage import Stage, key, start

from excise.edge.headers import NAMES
from excise.standin.script import Answer, always, answer_prompt

pytestmark = pytest.mark.live

PROFILE = """\
profile: acting
title: One action for each model
level: 1
packs: [{pack: secrets}]
uninspectable: {otherwise: alert}
on-fault: block
clauses:
  - {id: c-pass, when: {kinds: [secret], models: [pass]}, then: allow}
  - {id: c-log, when: {kinds: [secret], models: [log]}, then: log}
  - {id: c-alert, when: {kinds: [secret], models: [alert], directions: [request]}, then: alert}
  - {id: c-fall, when: {models: [fall], directions: [request]}, then: fallback, text: Ask legal.}
  - {id: c-steer, when: {models: [steer]}, then: steer, text: No tax advice.}
  - {id: c-limit, when: {models: [limit]}, then: limit, retry-after: 7}
  - {id: c-tar, when: {models: [tar]}, then: tarpit}
  - {id: c-over, when: {models: [over], directions: [request]}, then: block, override: {}}
  - {id: c-lock, when: {kinds: [secret], models: [lock]}, then: block}
  - {id: c-mask, when: {kinds: [secret], models: [mask]}, then: redact, how: mask}
  - {id: c-form, when: {kinds: [secret], models: [form]}, then: redact, how: substitute}
  - {id: c-end, when: {kinds: [secret], directions: [response], models: [end]}, then: block}
  - id: c-instead
    when: {kinds: [secret], directions: [response], models: [instead]}
    then: fallback
    text: Ask legal.
"""
SETTINGS = (
    "answer-headers: on\nalerts: [stderr, 'webhook+http://127.0.0.1:%d/hook#secret-file=%s']\n"
)
SECRET = b"a secret of the hook's"


class Hook(HTTPServer):
    """Takes alerts whose signature is right."""

    alerts: list[dict[str, Any]]


class Taking(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        told = f"{self.headers['x-excise-timestamp']}.".encode() + body
        wanted = "sha256=" + hmac.new(SECRET, told, hashlib.sha256).hexdigest()
        right = self.headers["x-excise-signature"] == wanted
        self.send_response(204 if right else 403)
        self.end_headers()
        if right:
            self.server.alerts += json.loads(body)  # type: ignore[attr-defined]

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def hook() -> Iterator[Hook]:
    with Hook(("127.0.0.1", 0), Taking) as server:
        server.alerts = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, hook: Hook) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("actions")
    profile, secret = folder / "acting.yaml", folder / "hook.secret"
    profile.write_text(PROFILE)
    secret.write_bytes(SECRET)
    secret.chmod(0o600)
    settings = folder / "proxy" / "config" / "excise" / "excise.yaml"
    settings.parent.mkdir(parents=True)
    settings.write_text(SETTINGS % (hook.server_port, secret))
    with start(folder, ["--profile", str(profile), "--tarpit-seconds", "1"]) as stage:
        yield stage


def user(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


def say_openai(stage: Stage, model: str, text: str, stream: bool) -> tuple[str, Any]:
    """The text of the answer, and its headers."""
    with stage.openai() as client:
        raw = client.chat.completions.with_raw_response
        if not stream:
            whole = raw.create(model=model, messages=user(text))
            return whole.parse().choices[0].message.content or "", whole.headers
        answer: Any = raw.create(model=model, messages=user(text), stream=True)
        parts = [part.choices[0].delta.content or "" for part in answer.parse() if part.choices]
        return "".join(parts), answer.headers


def say_anthropic(stage: Stage, model: str, text: str, stream: bool) -> tuple[str, Any]:
    ask: dict[str, Any] = {"model": model, "max_tokens": 9, "messages": user(text)}
    with stage.anthropic() as client:
        if not stream:
            whole = client.messages.with_raw_response.create(**ask)
            said: Any = whole.parse().content
            return "".join(block.text for block in said if block.type == "text"), whole.headers
        with client.messages.stream(**ask) as events:
            return events.get_final_text(), events.response.headers


both_clients = pytest.mark.parametrize("say", [say_openai, say_anthropic])
both_ways = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


@both_clients
@both_ways
def test_what_goes_on_goes_on_as_the_action_says(stage: Stage, say: Any, stream: bool) -> None:
    """Allow, log, alert, redact by placeholder, mask and substitute, steer."""
    secret = key(f"{say.__name__} {stream}")
    sent, came, actions = {}, {}, {}
    for model in ("pass", "log", "alert", "plain", "mask", "form", "steer"):
        with stage.exchange() as traffic:
            came[model], _ = say(stage, model, f"a {secret} b", stream)
        sent[model] = traffic.received[0].json()
        actions[model] = traffic.lines[0]["action"]
    text = {model: body["messages"][-1]["content"] for model, body in sent.items()}
    whole = f"a {secret} b"
    assert text["pass"] == text["log"] == text["alert"] == whole
    assert [actions[m] for m in ("pass", "log", "alert")] == ["allow", "log", "alert"]
    assert re.fullmatch(r"a \[AWS_ACCESS_KEY_ID_\w+\] b", text["plain"])
    assert text["mask"] == "a [AWS_ACCESS_KEY_ID] b"
    assert re.fullmatch(r"a [A-Z0-9]{20} b", text["form"]) and text["form"] != whole
    assert came["plain"] == came["pass"] == f"You said: {whole}"
    assert came["mask"] == "You said: a [AWS_ACCESS_KEY_ID] b"
    assert came["form"] == f"You said: {text['form']}"
    steered = sent["steer"]
    told = steered.get("system") or steered["messages"][0]["content"]
    assert told == "No tax advice."
    assert actions["steer"] == "steer"


@both_clients
@both_ways
def test_what_is_refused_reaches_no_model(stage: Stage, say: Any, stream: bool) -> None:
    """Fallback, limit, tarpit, block; no client asks again."""
    secret, library = key(f"no {say.__name__} {stream}"), openai if say is say_openai else anthropic
    with stage.exchange(4) as traffic:
        assert say(stage, "fall", "x", stream)[0] == "Ask legal."
        with pytest.raises(library.RateLimitError) as limited:
            say(stage, "limit", "x", stream)
        began = time.monotonic()
        with pytest.raises(library.BadRequestError) as held:
            say(stage, "tar", "x", stream)
        took = time.monotonic() - began
        with pytest.raises(library.BadRequestError) as blocked:
            say(stage, "lock", secret, stream)
    assert limited.value.response.headers["retry-after"] == "7"
    assert took > 0.9
    assert "c-tar" not in str(held.value) and secret not in str(blocked.value)
    assert (traffic.attempts, traffic.received) == (4, [])
    assert traffic.actions() == ["fallback", "limit", "tarpit", "block"]


@both_clients
@both_ways
def test_an_answer_is_stopped_replaced_and_masked(stage: Stage, say: Any, stream: bool) -> None:
    """What has gone out of a stream by then stands; the value never goes."""
    secret = key(f"answer {say.__name__} {stream}")
    library = openai if say is say_openai else anthropic
    stage.standin.script = always(Answer(text=f"take {secret} then", chunk=3))
    try:
        with stage.exchange() as traffic:
            masked, _ = say(stage, "mask", "x", stream)
        assert masked == "take [AWS_ACCESS_KEY_ID] then"
        replaced, _ = say(stage, "instead", "x", stream)
        assert replaced.endswith("Ask legal.") and secret not in replaced
        if stream:
            ended, _ = say(stage, "end", "x", stream)
            assert ended.startswith("ta") and "may not be shown" in ended
            assert secret not in ended and "then" not in ended
        else:
            with pytest.raises(library.BadRequestError) as refused:
                say(stage, "end", "x", stream)
            assert secret not in str(refused.value)
    finally:
        stage.standin.script = answer_prompt
    assert "redact" in traffic.actions()


def test_the_responses_of_openai_fall_back_too(stage: Stage) -> None:
    with stage.openai() as client:
        response = client.responses.create(model="fall", input="x")
        events = list(client.responses.create(model="fall", input="x", stream=True))
    last: Any = events[-1]
    assert response.output_text == last.response.output_text == "Ask legal."


@both_clients
@both_ways
def test_an_answer_tells_of_its_verdict(stage: Stage, say: Any, stream: bool) -> None:
    secret = key(f"told {say.__name__} {stream}")
    with stage.exchange() as traffic:
        _, headers = say(stage, "plain", f"a {secret} b", stream)
    told = {name: headers[name] for name in NAMES if name in headers}
    assert told["x-excise-verdict"] == traffic.lines[0]["id"]
    assert told["x-excise-redactions"] == "1"
    assert int(told["x-excise-tokens-in"]) > 0
    assert ("x-excise-tokens-out" in told) is not stream
    assert float(told["x-excise-inspection-ms"]) > 0
    with pytest.raises(openai.BadRequestError) as refused:
        say_openai(stage, "lock", secret, stream)
    assert refused.value.response.headers["x-excise-verdict"]


def test_an_alert_is_heard_of_once_a_while(stage: Stage, hook: Hook) -> None:
    """By whoever holds the secret of the hook, and on standard error; nothing of the value."""
    secret = key("heard")
    for _ in range(3):
        say_openai(stage, "alert", f"a {secret} b", False)
    deadline = time.monotonic() + 5
    while not hook.alerts and time.monotonic() < deadline:
        time.sleep(0.05)
    heard = [alert for alert in hook.alerts if alert["alert"] == "secrets.aws-access-key-id"]
    assert len(heard) == 1
    assert (heard[0]["clause"], heard[0]["done"]) == ("c-alert", "alert")
    said = stage.proxy.errors.read_text("utf-8")
    assert said.count("alert: secrets.aws-access-key-id") == 1
    assert secret not in said + json.dumps(hook.alerts)


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


@both_ways
def test_a_refusal_is_overruled_once(stage: Stage, stream: bool) -> None:
    """By the token of the refusal, which is good for the same request alone; upstream never sees
    it."""
    with stage.openai() as client:

        def ask(**rest: Any) -> str:
            made: Any = client.chat.completions.create(stream=stream, **rest)
            if not stream:
                return made.choices[0].message.content or ""
            choices = [each for chunk in made for each in chunk.choices]
            return "".join(each.delta.content or "" for each in choices)

        with pytest.raises(openai.BadRequestError) as refused:
            ask(model="over", messages=user("x"))
        token = refused.value.response.headers["x-excise-override"]
        assert token in str(refused.value)
        header = {"x-excise-override": f"{token}; because=quarterly audit"}
        with pytest.raises(openai.BadRequestError):
            ask(model="over", messages=user("y"), extra_headers=header)
        with stage.exchange() as traffic:
            assert ask(model="over", messages=user("x"), extra_headers=header)
        assert traffic.lines[-1]["stage"] == ("stream" if stream else "response")
        assert "x-excise-override" not in str(traffic.received[0].headers).lower()
        assert traffic.lines[0]["override"]["because"] == "quarterly audit"
        with pytest.raises(openai.BadRequestError):
            ask(model="over", messages=user("x"), extra_headers=header)
