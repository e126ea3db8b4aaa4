"""A judge in a process of its own beside the real proxy: asked, late, broken, mended."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import openai
import pytest
from live.stage import Stage, start

pytestmark = pytest.mark.live
HARM = "please help them rob the mill"
PROFILE = """
profile: judged
title: A judge is asked about everything
level: 2
packs: [{pack: judge}, {pack: gdpr}]
clauses:
  - {id: judged, when: {packs: [judge]}, then: block}
  - {id: drifted, if: session.drift > 0.4, then: alert, mode: shadow}
judge: {grey: {}, directions: [request, response], parts: [prompt, completion]}
uninspectable: {otherwise: alert}
on-fault: block
"""
PROGRAM = Path(__file__).parents[1] / "judge_server.py"


class Court(NamedTuple):
    """The proxy, and how the judge is told what to do next and what it was asked."""

    stage: Stage
    judge: str

    def order(self, fault: str) -> None:
        httpx.put(f"{self.judge}/fault", content=fault, trust_env=False).raise_for_status()

    def asked(self) -> list[str]:
        """The last message of each question."""
        said = httpx.get(f"{self.judge}/asked", trust_env=False).json()
        return [each["messages"][-1]["content"] for each in said]


@contextmanager
def sitting(folder: Path, profile: str, settings: str = "") -> Iterator[Court]:
    """A proxy under this profile, and a judge beside it."""
    (folder / "judged.yaml").write_text(profile, "utf-8")
    place = folder / "proxy" / "config" / "excise" / "excise.yaml"
    place.parent.mkdir(parents=True)
    place.write_text(settings, "utf-8")
    with subprocess.Popen([sys.executable, str(PROGRAM)], stdout=subprocess.PIPE) as judge:
        assert judge.stdout is not None
        url = f"http://127.0.0.1:{int(judge.stdout.readline())}"
        try:
            options = ["--profile", str(folder / "judged.yaml"), "--judge", f"{url}/v1"]
            options += ["--judge-model", "llama-guard3:8b", "--judge-template", "llama-guard"]
            with start(folder, options) as stage:
                yield Court(stage, url)
        finally:
            judge.kill()


@pytest.fixture(scope="module")
def court(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Court]:
    with sitting(tmp_path_factory.mktemp("judge"), PROFILE) as court:
        yield court


def ask(court: Court, text: str, stream: bool = False, brought: str = "") -> str:
    """What comes back; the stand-in repeats the text, or what a tool is said to have brought."""
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    messages: list[dict[str, object]] = [{"role": "user", "content": text}]
    if brought:
        messages += [
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": brought},
        ]
    with court.stage.openai() as client:
        if not stream:
            made = client.chat.completions.create(model="m", messages=messages)  # type: ignore[arg-type]
            return made.choices[0].message.content or ""
        chunks = client.chat.completions.create(model="m", messages=messages, stream=True)  # type: ignore[call-overload]
        choices = [each for chunk in chunks for each in chunk.choices]
        return "".join(each.delta.content or each.finish_reason or "" for each in choices)


def test_what_the_judge_found_adds_up_over_conversations_and_is_forgiven(court: Court) -> None:
    """Of one principal; harmless turns bring it down again."""

    def drifted(text: str) -> bool:
        with court.stage.exchange(1) as traffic, suppress(openai.APIStatusError):
            ask(court, text)
        said = traffic.lines[0].get("clauses", ())
        return "drifted" in {each["clause"] for each in said}

    assert not drifted("how are you at the mill this morning")
    harmful = [drifted(f"{HARM} on day {day}") for day in range(4)]
    harmless = [drifted(f"how is the weather on day {day}") for day in range(30)]
    assert harmful[-1] and harmless[0] and not harmless[-1]


def test_requests_and_answers_are_judged_on_redacted_texts_and_once(court: Court) -> None:
    before = len(court.asked())
    for _ in range(2):
        with court.stage.exchange(1) as traffic, pytest.raises(openai.APIStatusError):
            ask(court, HARM + " for anna.k@vintner.example")
        assert traffic.received == [] and traffic.actions() == ["block"]
        assert {each["rule"] for each in traffic.lines[0]["rulings"]} >= {"judge.unsafe"}
    assert court.asked()[before:] == [HARM + " for [EMAIL]"]
    with court.stage.exchange() as traffic:
        ask(court, "how is the weather at the mill")
    assert set(traffic.actions()) == {"allow"} and len(traffic.received) == 1


def test_a_streamed_answer_is_ended_natively(court: Court) -> None:
    """Results of tools are not judged here, so that the answer alone is bad."""
    with court.stage.exchange() as traffic:
        said = ask(court, "what does it say", stream=True, brought=HARM)
    assert said.endswith("content_filter")
    assert traffic.lines[-1]["action"] == "block"
    with court.stage.exchange() as traffic:
        said = ask(court, "tell me of the weather", stream=True)
    assert said.endswith("stop") and set(traffic.actions()) == {"allow"}


def test_faults_are_told_the_breaker_rests_and_it_is_asked_again(court: Court) -> None:
    for number, fault in enumerate(("500", "429", "garbage", "drip")):
        court.order(fault)
        with court.stage.exchange() as traffic:
            ask(court, f"nothing but fault number {number} is here")
        assert traffic.lines[0]["missing"] == ["judge"], fault
    court.order("")
    asked = len(court.asked())
    with court.stage.exchange() as traffic:
        ask(court, HARM + " while it rests")
    assert traffic.lines[0]["missing"] == ["judge"], "three failures: nobody is asked"
    assert len(court.asked()) == asked
    for attempt in range(40):
        try:
            ask(court, f"{HARM} number {attempt}")
        except openai.APIStatusError:
            break
        subprocess.run(["sleep", "0.2"], check=True)
    else:
        raise AssertionError("it is never asked again")


@pytest.mark.parametrize("stream", [False, True])
def test_for_a_judge_in_shadow_nobody_waits(shadowed: Court, stream: bool) -> None:
    """The answer is with the client while the judge still holds its question; what it says then
    stands in lines of their own under the same id, of the request and of the answer."""
    shadowed.order("hold")
    with shadowed.stage.exchange() as traffic:
        text = f"{HARM} for anna.k@vintner.example, {'streamed' if stream else 'whole'}"
        said = ask(shadowed, text, stream=stream)
    assert HARM in said and len(traffic.received) == 1
    assert [line["stage"] for line in traffic.lines] == [
        "request",
        "stream" if stream else "response",
    ]
    assert not any("missing" in line for line in traffic.lines)
    first = traffic.lines[0]["id"]
    shadowed.order("")
    lines = _shadows(shadowed, first, 2)
    assert {line["direction"] for line in lines} == {"request", "response"}
    for line in lines:
        assert line["would"] == "block" and "action" not in line
        assert {each["rule"] for each in line["rulings"]} == {"judge.unsafe"}
        assert "anna.k" not in str(line)
    assert f"{HARM} for [EMAIL], {'streamed' if stream else 'whole'}" in shadowed.asked()


@pytest.fixture(scope="module")
def shadowed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Court]:
    profile = PROFILE.replace("{pack: judge}", "{pack: judge, mode: shadow}")
    folder = tmp_path_factory.mktemp("shadowed")
    with sitting(folder, profile, "decision-seconds: 20\n") as court:
        yield court


def _shadows(court: Court, name: str, count: int) -> list[dict[str, Any]]:
    until = time.monotonic() + 10
    while True:
        lines = [line for line in court.stage.proxy.lines() if line.get("id") == name]
        found = [line for line in lines if line["stage"] == "shadow"]
        if len(found) >= count or time.monotonic() > until:
            return found
        time.sleep(0.02)
