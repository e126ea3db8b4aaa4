"""A storm of new policies under load, half of them broken: each request meets a whole one."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from edge.fakes import FakeTrail

from excise.assemble import Engine
from excise.config import load_settings
from excise.edge.parts import Live, build_parts, read_engine
from excise.edge.reload import Reloader
from excise.errors import PolicyError
from excise.model import Action, Exchange, Halt, Principal
from excise.pipeline.firewall import Firewall
from excise.rules.fillers import fill

PACK = "pack: tiny\nversion: 1\nengine: 1\ntitle: One rule\n"
RULE = """\
rules:
  - id: tiny.word
    entity: secret.word
    title: A word
    status: stable
    kind: secret
    severity: high
    level: 1
    action: {action}
    where: {{direction: [request]}}
    match: {{regex: '\\bzebra{number}\\b|\\bzebra\\b'}}
    why: It is a test.
    remedy: Leave it out.
    references: [https://example.org/zebra]
    examples:
      - {{name: one, text: "a <<zebra>> runs"}}
      - {{name: two, text: "the <<zebra>>"}}
      - {{name: near, text: "a zebr", expect: none}}
      - {{name: none, text: "a horse", expect: none}}
"""
PROFILE = """\
profile: tiny
title: One pack
level: 1
packs: [{pack: tiny}]
uninspectable: {otherwise: alert}
on-fault: block
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("packs/tiny", "profiles"):
        (tmp_path / "policies" / name).mkdir(parents=True)
    (tmp_path / "policies/packs/tiny/pack.yaml").write_text(PACK)
    (tmp_path / "policies/profiles/tiny.yaml").write_text(PROFILE)
    write(tmp_path, "block", 0)
    return tmp_path


def write(folder: Path, action: str, number: int) -> None:
    text = RULE.format(action=action, number=number % 2)
    (folder / "policies/packs/tiny/words.yaml").write_text(text)


def live(folder: Path) -> Live:
    """The policy of the folder, in force; limits are counted in memory."""
    config = load_settings(
        {"policies": folder / "policies", "state_dir": folder / "state", "profile": "tiny",
         "limits_store": "memory"}, environ={"HOME": str(folder)},
    )  # fmt: skip
    return Live(config, read_engine(config), FakeTrail())


def request(number: int) -> Exchange:
    body = b'{"model":"m","messages":[{"role":"user","content":"zebra %d"}]}' % number
    return Exchange(
        id=f"{number:032x}", method="POST", host="api.openai.com", port=443,
        target="/v1/chat/completions", headers=(("content-type", "application/json"),),
        body=body, principal=Principal(id="ann"),
    )  # fmt: skip


async def settled(reloader: Reloader) -> None:
    while reloader.busy:
        await asyncio.sleep(0)


class Load:
    """Somebody who asks all the time, in a thread, and notes what came of it."""

    def __init__(self, judge: Callable[[Exchange], Action]) -> None:
        self.seen: list[Action] = []
        self.faults: list[BaseException] = []
        self._judge = judge
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(0.005):
            try:
                self.seen.append(self._judge(request(len(self.seen))))
            except BaseException as fault:
                self.faults.append(fault)


async def test_files_that_change_under_load_drop_nothing(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Every second policy is broken; the good ones block and redact in turn, and no request finds
    anything in between."""
    caplog.set_level(logging.CRITICAL, "excise.edge")
    world = live(folder)
    swapped: list[str] = []
    reloader = world.reloader(lambda: swapped.append(world.engine.policy.digest))
    with Load(lambda exchange: world.firewall.inspect_request(exchange).decision.action) as load:
        for turn in range(FILES):
            broken = "block-it" if turn % 4 == 1 else "redact\n    level: ["
            write(folder, broken if turn % 2 else ("block", "redact")[turn // 2 % 2], turn)
            reloader.request()
            await settled(reloader)
    assert not load.faults
    assert set(load.seen) == {Action.BLOCK, Action.REDACT}
    assert (len(swapped), len(set(swapped))) == (FILES // 2, 2)
    assert world.firewall.policy.digest == swapped[-1]


async def test_a_storm_of_reloads_drops_nothing(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The same a thousand times, with two policies that were read from files before."""
    caplog.set_level(logging.CRITICAL, "excise.edge")
    world = live(folder)
    block = world.load()
    write(folder, "redact", 0)
    redact = world.load()
    counts = SimpleNamespace(loads=0, swaps=0)

    def load_next() -> tuple[Engine, Firewall]:
        counts.loads += 1
        if counts.loads % 2:
            raise PolicyError("EXC-POL-003", "unknown key.")
        return (block, redact)[counts.loads // 2 % 2]

    def swap(loaded: tuple[Engine, Firewall]) -> None:
        counts.swaps += 1
        world.swap(loaded)

    reloader = Reloader(load_next, swap, lambda code, why: None)
    with Load(lambda exchange: world.firewall.inspect_request(exchange).decision.action) as load:
        for _ in range(STORM):
            reloader.request()
            await settled(reloader)
    assert (counts.loads, counts.swaps) == (STORM, STORM // 2)
    assert not load.faults
    assert set(load.seen) <= {Action.BLOCK, Action.REDACT}
    assert len(load.seen) > 10


FILES = 8
STORM = 1000


async def test_what_comes_while_one_loads_leads_to_one_more(folder: Path) -> None:
    counts = SimpleNamespace(loaded=0)
    gate = threading.Event()

    def load() -> int:
        gate.wait(5)
        counts.loaded += 1
        return counts.loaded

    swapped: list[int] = []
    reloader = Reloader(load, swapped.append, lambda code, why: None)
    for _ in range(20):
        reloader.request()
        await asyncio.sleep(0)
    gate.set()
    await settled(reloader)
    assert swapped == [1, 2]


async def test_a_change_of_a_file_is_seen_once() -> None:
    stamp, swapped = [0], []
    reloader = Reloader(lambda: stamp[0], swapped.append, lambda code, why: None, lambda: stamp[0])
    reloader.watch()
    assert not reloader.busy
    stamp[0] = 1
    for _ in range(3):
        reloader.watch()
        await settled(reloader)
    assert swapped == [1]


@pytest.mark.parametrize(
    ("fault", "code"),
    [(PolicyError("EXC-POL-003", "unknown key."), "EXC-POL-003"),
     (RuntimeError("raw text"), "EXC-POL-016"), (RecursionError(), "EXC-POL-016")],
)  # fmt: skip
async def test_whatever_a_load_raises_the_last_policy_stays(fault: Exception, code: str) -> None:
    told: list[tuple[str, str]] = []

    def load() -> None:
        raise fault

    reloader = Reloader(load, lambda _: pytest.fail("swapped"), lambda *said: told.append(said))
    reloader.request()
    await settled(reloader)
    assert [each for each, _ in told] == [code]
    assert "raw text" not in told[0][1]


async def test_a_reload_is_told_in_the_trail(folder: Path) -> None:
    world = live(folder)
    trail = world._trail
    reloader = world.reloader(lambda: None)
    write(folder, "redact", 1)
    reloader.request()
    await settled(reloader)
    write(folder, "nonsense", 1)
    reloader.watch()
    await settled(reloader)
    notices = [line["notice"] for line in trail.offered]
    assert [each["event"] for each in notices] == ["policy-loaded", "policy-rejected"]
    assert notices[1]["subject"] == "EXC-POL-006"
    assert trail.offered[1]["policy"] == world.engine.policy.digest


def test_the_vault_outlives_a_reload(folder: Path) -> None:
    world = live(folder)
    secret = fill("{alnum:24}", "vault")
    world.vault.keep("ann", {"[X_1]": secret})
    world.swap(world.load())
    assert world.firewall.lookup("ann")("[X_1]") == secret


def test_what_was_refused_under_the_last_policy_can_still_be_granted(folder: Path) -> None:
    world = live(folder)
    before = world.firewall.overrides
    world.swap(world.load())
    after = world.firewall.overrides
    assert before is not None and after is not None and before is not after
    assert before.desk is after.desk


def test_parts_speak_of_the_policy_in_force(folder: Path) -> None:
    world = live(folder)
    parts = build_parts(world._config, world.engine, FakeTrail())
    assert parts.reload is not None and parts.meter is not None
    assert parts.halted() is None
    parts.kill()
    assert parts.halted() is Halt.SWITCHED
