"""Limits, a new policy and the kill switch, through the real proxy with an official client."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import openai
import pytest
from live.stage import Stage, start

from excise.cli.main import main

pytestmark = pytest.mark.live
PROFILE = """\
profile: small
title: One pack
level: 1
packs: [{pack: pci}]
uninspectable: {otherwise: alert}
on-fault: block
"""
LIMITS = """\
limits:
  - {id: per-head, count: requests, at-most: %d, within: 1h, per: [principal], warn-at: [50]}
  - {id: wide, count: tokens, at-most: 100000, within: 1d}
"""
MOST = 20


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("limits")
    (folder / "policies" / "profiles").mkdir(parents=True)
    (folder / "policies" / "profiles" / "small.yaml").write_text(PROFILE)
    (folder / "policies" / "limits.yaml").write_text(LIMITS % MOST)
    options = ["--policies", str(folder / "policies"), "--profile", "small"]
    with start(folder, options) as made:
        made.policies = folder / "policies"  # type: ignore[attr-defined]
        yield made


def until(held: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait for something that comes soon."""
    deadline = time.monotonic() + seconds
    while not held():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def notices(stage: Stage) -> list[str]:
    return [line["notice"]["event"] for line in stage.proxy.lines() if line["stage"] == "notice"]


def ask(stage: Stage) -> None:
    with stage.openai().with_options(max_retries=0) as client:
        client.chat.completions.create(
            model="gpt-4o", messages=[{"role": "user", "content": "hello"}]
        )


async def all_at_once(stage: Stage, number: int) -> list[BaseException | object]:
    async with stage.openai_async().with_options(max_retries=0, timeout=60) as client:
        return await asyncio.gather(
            *(
                client.chat.completions.create(
                    model="gpt-4o", messages=[{"role": "user", "content": f"hello {each}"}]
                )
                for each in range(number)
            ),
            return_exceptions=True,
        )


def test_a_limit_holds_exactly_under_200_at_once(stage: Stage) -> None:
    came = asyncio.run(all_at_once(stage, 200))
    refused = [each for each in came if isinstance(each, openai.RateLimitError)]
    assert (len(came) - len(refused), len(refused)) == (MOST, 200 - MOST)
    assert len(stage.standin.received) == MOST
    told = refused[0].response.headers
    assert 3000 < int(told["retry-after"]) < 3900 and told["x-should-retry"] == "false"
    assert "per-head" not in refused[0].response.text
    stage.settle()
    lines = [x for x in stage.proxy.lines() if x.get("reasons") == ["limit:per-head"]]
    assert len(lines) == 200 - MOST
    assert {line["action"] for line in lines} == {"limit"}
    assert notices(stage) == ["limit-warning"]


def test_a_new_policy_is_taken_up_and_a_broken_one_is_not(stage: Stage) -> None:
    policies: Path = stage.policies  # type: ignore[attr-defined]
    process = stage.proxy.process
    assert process is not None
    shadow = "  - {id: soon, count: requests, at-most: 1, within: 1h, mode: shadow}\n"
    (policies / "limits.yaml").write_text(LIMITS % 10_000 + shadow)
    process.send_signal(signal.SIGHUP)
    until(lambda: "policy-loaded" in notices(stage))
    ask(stage)
    stage.settle()  # the lines of this one come before those of the next
    with stage.exchange() as traffic:
        ask(stage)
    line = traffic.lines[0]
    assert (line["action"], line["would"]) == ("allow", "limit")
    assert line["reasons"] == ["shadow:limit:soon"]
    (policies / "limits.yaml").write_text("limits: [{id: broken}]\n")
    until(lambda: "policy-rejected" in notices(stage))
    ask(stage)
    words = ["--state-dir", str(stage.proxy.state), "--audit", str(stage.proxy.trail)]
    assert main(["reload", *words]) == 1, "it is still broken"
    (policies / "limits.yaml").write_text(LIMITS % 10_000)
    assert main(["reload", *words]) == 0


def test_the_switch_refuses_everything_at_once(stage: Stage) -> None:
    state = ["--state-dir", str(stage.proxy.state)]
    received = len(stage.standin.received)
    assert main(["kill", "on", *state]) == 0
    with pytest.raises(openai.BadRequestError, match="switched LLM traffic off"):
        ask(stage)
    assert len(stage.standin.received) == received
    until(lambda: "kill-switch-on" in notices(stage))
    assert main(["kill", "off", *state]) == 0
    ask(stage)
    until(lambda: "kill-switch-off" in notices(stage))
    assert any(line.get("reasons") == ["kill-switch"] for line in stage.proxy.lines())
    process = stage.proxy.process
    assert process is not None
    process.send_signal(signal.SIGUSR1)
    until(lambda: (stage.proxy.state / "KILL").exists())
    with pytest.raises(openai.BadRequestError):
        ask(stage)
    assert main(["kill", "off", *state]) == 0
