"""curl and the official clients through the real proxy over TLS, streaming and not."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
from live.stage import Stage, key, pem, start

from excise.cli.demo_scenes import chat_body

pytestmark = pytest.mark.live
M = {"model": "m"}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with start(tmp_path_factory.mktemp("clients")) as stage:
        yield stage


def user(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


# -- official clients: every API, whole and streamed, text and tool arguments ---------------------


def openai_chat(stage: Stage, prompt: str) -> str:
    with stage.openai() as client:
        got = client.chat.completions.create(**M, messages=user(prompt))
        return got.choices[0].message.content or ""


def openai_chat_stream(stage: Stage, prompt: str) -> str:
    with stage.openai() as client:
        parts = client.chat.completions.create(**M, messages=user(prompt), stream=True)
        return "".join(part.choices[0].delta.content or "" for part in parts)


def openai_chat_tool(stage: Stage, prompt: str) -> str:
    with stage.openai() as client:
        got = client.chat.completions.create(**M, messages=user(f"{prompt} standin:tool"))
        call: Any = (got.choices[0].message.tool_calls or [])[0]
        return str(json.loads(call.function.arguments)["note"])


def openai_chat_tool_stream(stage: Stage, prompt: str) -> str:
    prompt = f"{prompt} standin:tool standin:chunk=1"
    with stage.openai() as client:
        parts = client.chat.completions.create(**M, messages=user(prompt), stream=True)
        calls = [c for part in parts for c in part.choices[0].delta.tool_calls or []]
        return str(json.loads("".join(c.function.arguments or "" for c in calls))["note"])  # type: ignore[union-attr]


def openai_responses(stage: Stage, prompt: str) -> str:
    with stage.openai() as client:
        return client.responses.create(**M, input=prompt).output_text


def openai_responses_stream(stage: Stage, prompt: str) -> str:
    with stage.openai() as client:
        events = list(client.responses.create(**M, input=prompt, stream=True))
    deltas = "".join(e.delta for e in events if e.type == "response.output_text.delta")
    closing = [e.text for e in events if e.type == "response.output_text.done"]
    last: Any = events[-1]
    assert [deltas] == closing == [last.response.output_text], "a stream repeats its text"
    return deltas


def openai_responses_tool_stream(stage: Stage, prompt: str) -> str:
    with stage.openai() as client:
        stream = client.responses.stream(**M, input=f"{prompt} standin:tool standin:chunk=1")
        with stream as events:
            item: Any = events.get_final_response().output[0]
        return str(json.loads(item.arguments)["note"])


def anthropic_messages(stage: Stage, prompt: str) -> str:
    with stage.anthropic() as client:
        got: Any = client.messages.create(**M, max_tokens=9, messages=user(prompt))
        return str(got.content[0].text)


def anthropic_stream(stage: Stage, prompt: str) -> str:
    with stage.anthropic() as client:
        ask = user(f"{prompt} standin:chunk=1")
        with client.messages.stream(**M, max_tokens=9, messages=ask) as events:
            return events.get_final_text()


def anthropic_tool(stage: Stage, prompt: str) -> str:
    with stage.anthropic() as client:
        ask = user(f"{prompt} standin:tool")
        got: Any = client.messages.create(**M, max_tokens=9, messages=ask)
        return str(got.content[0].input["note"])


def anthropic_tool_stream(stage: Stage, prompt: str) -> str:
    with stage.anthropic() as client:
        ask = user(f"{prompt} standin:tool standin:chunk=1")
        with client.messages.stream(**M, max_tokens=9, messages=ask) as events:
            got: Any = events.get_final_message()
            return str(got.content[0].input["note"])


def gzip_answer(stage: Stage, prompt: str) -> str:
    return openai_chat(stage, f"{prompt} standin:gzip")


def gzip_stream(stage: Stage, prompt: str) -> str:
    return openai_chat_stream(stage, f"{prompt} standin:gzip")


CALLS = [
    openai_chat,
    openai_chat_stream,
    openai_chat_tool,
    openai_chat_tool_stream,
    openai_responses,
    openai_responses_stream,
    openai_responses_tool_stream,
    anthropic_messages,
    anthropic_stream,
    anthropic_tool,
    anthropic_tool_stream,
    gzip_answer,
    gzip_stream,
]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__name__)
def test_a_key_is_cut_on_the_way_out_and_put_back_on_the_way_in(stage: Stage, call: Any) -> None:
    secret = key(call.__name__)
    with stage.exchange() as traffic:
        got = call(stage, f'"grüße" 🦓 my key is {secret} \\ thanks')
    assert got.removeprefix("You said: ") == f'"grüße" 🦓 my key is {secret} \\ thanks'
    assert len(traffic.received) == traffic.attempts == 1
    assert not traffic.received[0].holds(secret)
    assert b"[AWS_ACCESS_KEY_ID_" in traffic.received[0].body
    assert "redact" in traffic.actions()
    assert sum(line.get("restored", 0) for line in traffic.lines) >= 1


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__name__)
def test_a_clean_exchange_is_not_touched(stage: Stage, call: Any) -> None:
    with stage.exchange() as traffic:
        got = call(stage, "grüße 🦓 nothing here")
    assert got.removeprefix("You said: ") == "grüße 🦓 nothing here"
    # A call of a tool is recorded by its class.
    assert set(traffic.actions()) <= {"allow", "log"}


async def test_the_asynchronous_client_works_too(stage: Stage) -> None:
    secret = key("async")
    async with stage.openai_async() as client:
        parts = await client.chat.completions.create(
            **M, messages=user(f"it is {secret}"), stream=True
        )
        text = "".join([part.choices[0].delta.content or "" async for part in parts])
    assert text == f"You said: it is {secret}"
    assert not stage.standin.received[-1].holds(secret)


def test_the_same_value_is_the_same_placeholder_in_every_turn(stage: Stage) -> None:
    secret = key("turns")
    turns = user(f"first {secret}")
    with stage.anthropic() as client, stage.exchange() as traffic:
        for _ in range(3):
            got: Any = client.messages.create(**M, max_tokens=9, messages=turns)
            turns += [{"role": "assistant", "content": got.content[0].text}, *user("go on")]
    bodies = [request.json()["messages"] for request in traffic.received]
    assert bodies[2][:1] == bodies[1][:1] == bodies[0]
    assert not any(request.holds(secret) for request in traffic.received)


# -- refusals: native, shown, not repeated --------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
def test_openai_shows_a_refusal_once(stage: Stage, stream: bool) -> None:
    ask = user(f"look: {pem('openai')}")
    shown = pytest.raises(openai.BadRequestError, match="Reference: ")
    with stage.openai() as client, stage.exchange(1) as traffic, shown as refused:
        client.chat.completions.create(**M, messages=ask, stream=stream)
    reference = refused.value.message.rpartition("Reference: ")[2].split(".")[0]
    assert (traffic.attempts, traffic.received) == (1, [])
    assert [line.get("reference") for line in traffic.lines] == [reference]
    assert traffic.actions() == ["block"]


def test_openai_responses_shows_a_refusal_once(stage: Stage) -> None:
    shown = pytest.raises(openai.BadRequestError, match="Reference: ")
    with stage.openai() as client, stage.exchange(1) as traffic, shown:
        client.responses.create(**M, input=pem("responses"))
    assert (traffic.attempts, traffic.received) == (1, [])


@pytest.mark.parametrize("stream", [False, True])
def test_anthropic_shows_a_refusal_once(stage: Stage, stream: bool) -> None:
    ask = user(f"look: {pem('anthropic')}")
    shown = pytest.raises(anthropic.BadRequestError, match="Reference: ")
    with stage.anthropic() as client, stage.exchange(1) as traffic, shown as refused:
        client.messages.create(**M, max_tokens=9, messages=ask, stream=stream)
    body: Any = refused.value.body
    assert (body["type"], body["error"]["type"]) == ("error", "invalid_request_error")
    assert (traffic.attempts, traffic.received) == (1, [])


def test_a_failure_of_the_provider_is_passed_on_as_it_is(stage: Stage) -> None:
    secret = key("failure")
    with stage.anthropic() as client, pytest.raises(anthropic.InternalServerError) as failed:
        client.with_options(max_retries=0).messages.create(
            **M, max_tokens=9, messages=user(f"{secret} standin:fail=529")
        )
    assert secret in failed.value.message
    assert not stage.standin.received[-1].holds(secret)


# -- what the model says by itself ----------------------------------------------------------------


@pytest.mark.parametrize("call", [openai_chat, openai_chat_stream, anthropic_stream])
def test_a_key_of_the_models_own_is_cut_and_never_restored(stage: Stage, call: Any) -> None:
    from excise.standin.script import Answer, always, answer_prompt

    secret = key(f"own {call.__name__}")
    stage.standin.script = always(Answer(text=f"take {secret} then", chunk=3))
    try:
        got = call(stage, "hi")
        placeholder = got.removeprefix("take ").removesuffix(" then")
    finally:
        stage.standin.script = answer_prompt
    assert placeholder.startswith("[AWS_ACCESS_KEY_ID_")
    # Sent back by the client, it stays what it is: nobody here ever had the value.
    assert call(stage, f"what is {placeholder}") == f"You said: what is {placeholder}"


# -- curl -----------------------------------------------------------------------------------------

needs_curl = pytest.mark.skipif(not shutil.which("curl"), reason="no curl on this machine")


def curl(stage: Stage, *words: str) -> tuple[int, bytes]:
    """Status and body; curl is given nothing but the proxy and its CA."""
    done = subprocess.run(
        [
            *("curl", "-sS", "-N", "--proxy", stage.proxy.url, "--cacert", str(stage.proxy.ca)),
            *("-w", "%{stderr}%{http_code}", "--max-time", "20", *words),
        ],
        capture_output=True,
        env={},
    )
    assert done.returncode == 0, done.stderr
    return int(done.stderr[-3:]), done.stdout


CHAT = "https://api.openai.com/v1/chat/completions"


@needs_curl
def test_curl_whole(stage: Stage, tmp_path: Path) -> None:
    secret, body = key("curl"), tmp_path / "body"
    body.write_bytes(chat_body(f"a {secret} b"))
    status, got = curl(stage, CHAT, "-H", "content-type: application/json", "-d", f"@{body}")
    assert status == 200
    assert json.loads(got)["choices"][0]["message"]["content"] == f"You said: a {secret} b"
    assert not stage.standin.received[-1].holds(secret)


@needs_curl
def test_curl_streams_byte_for_byte_what_upstream_sent(stage: Stage, tmp_path: Path) -> None:
    from excise.standin.dialects import chat_events
    from excise.standin.script import Answer

    body = tmp_path / "body"
    body.write_bytes(chat_body("nothing here", stream=True))
    _, got = curl(stage, CHAT, "-H", "content-type: application/json", "-d", f"@{body}")
    assert got == b"".join(chat_events(Answer(text="You said: nothing here"), "stand-in-1"))
    assert stage.standin.received[-1].raw == body.read_bytes()


@needs_curl
def test_curl_is_told_not_to_try_again(stage: Stage, tmp_path: Path) -> None:
    body = tmp_path / "body"
    body.write_bytes(chat_body(pem("curl")))
    status, got = curl(stage, CHAT, "-i", "-d", f"@{body}")
    assert status == 400
    head, _, text = got.rpartition(b"\r\n\r\n")
    assert b"x-should-retry: false" in head.lower()
    assert json.loads(text)["error"]["type"] == "invalid_request_error"


@needs_curl
def test_a_large_upload_waits_for_the_go_ahead(stage: Stage, tmp_path: Path) -> None:
    secret, body = key("large"), tmp_path / "body"
    body.write_bytes(chat_body("word " * 400_000 + secret))
    status, _ = curl(stage, CHAT, "-H", "expect: 100-continue", "-d", f"@{body}")
    assert status == 200
    assert not stage.standin.received[-1].holds(secret)


@needs_curl
def test_a_host_that_is_no_llm_is_reached_untouched(stage: Stage) -> None:
    with stage.exchange(0) as traffic:
        status, _ = curl(
            stage, "https://intranet.example.com/x", "--cacert", str(stage.standin.ca),
            "-d", f"note={key('tunnel')}",
        )  # fmt: skip
    assert status == 200, "the stand-in's own certificate was shown, or curl had refused it"
    assert traffic.received[0].raw == f"note={key('tunnel')}".encode()
    assert {line["stage"] for line in traffic.lines} <= {"tunnel"}
