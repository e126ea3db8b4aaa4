"""The scenes themselves, and that the judge of them sees what it has to see."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from excise.cli.demo_clients import Said
from excise.cli.demo_scenes import (
    PATTERNS,
    SCENES,
    Scene,
    judge,
    make_values,
    tell_tales,
    worst_action,
)
from excise.standin.received import Received

VALUES = make_values()
SCENE = Scene(
    title="t",
    client="c",
    says="{aws}",
    act=lambda clients, text: Said(status=200, text=text),
    secret=("aws",),
    restored=("aws",),
    withheld=("slack",),
    shows="answer",
)
GOOD = Said(status=200, text=f"answer {VALUES['aws']}")
LINES: list[dict[str, Any]] = [{"action": "redact"}, {"action": "allow"}]


def got(text: str) -> Received:
    body = json.dumps({"messages": [{"content": text}]}).encode()
    return Received(number=0, method="POST", target="/", headers=(), body=body)


def test_what_came_out_as_it_has_to_has_no_faults() -> None:
    assert judge(SCENE, VALUES, GOOD, [got("[AWS_ACCESS_KEY_ID_aaaaaaaaa]")], LINES) == []


@pytest.mark.parametrize(
    ("scene", "said", "received", "lines", "fault"),
    [
        (SCENE, GOOD, [got(VALUES["aws"])], LINES, "leak: aws reached upstream"),
        (
            SCENE,
            Said(status=200, text=f"{GOOD.text} {VALUES['slack']}"),
            [got("x")],
            LINES,
            "leak: slack was shown",
        ),
        (SCENE, Said(status=200, text="answer"), [got("x")], LINES, "aws was not put back"),
        (SCENE, GOOD, [], LINES, "upstream was asked 0 times"),
        (SCENE, GOOD, [got("x")] * 2, LINES, "upstream was asked 2 times"),
        (SCENE, replace(GOOD, status=502), [got("x")], LINES, "status 502 instead of 200"),
        (
            SCENE,
            Said(status=200, text=VALUES["aws"]),
            [got("x")],
            LINES,
            "the client was not shown 'answer'",
        ),
        (SCENE, GOOD, [got("x")], LINES[1:], "audit says allow instead of redact"),
        (SCENE, GOOD, [got("x")], [], "audit says  instead of redact"),
    ],
)
def test_every_fault_is_named(
    scene: Scene, said: Said, received: list[Received], lines: list[dict[str, Any]], fault: str
) -> None:
    assert judge(scene, VALUES, said, received, lines) == [fault]


def test_a_line_of_a_private_key_gives_it_away() -> None:
    parts = tell_tales(VALUES["pem"])
    assert len(parts) > 3
    assert all(part in VALUES["pem"] and "-----" not in part for part in parts)
    assert base64.b64decode(parts[0])
    assert tell_tales(VALUES["aws"]) == [VALUES["aws"]]


def test_the_worst_action_counts() -> None:
    assert worst_action(LINES) == "redact"
    assert worst_action([{"action": "block"}, *LINES]) == "block"
    assert worst_action([{"stage": "start"}]) == ""


def test_values_follow_their_seed() -> None:
    assert make_values("a") == make_values("a") != make_values("b")


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.title)
def test_a_scene_names_only_values_that_it_plants(scene: Scene) -> None:
    planted = {name for name in PATTERNS if f"{{{name}}}" in scene.says + scene.answers}
    assert planted == {*scene.secret, *scene.withheld}
    assert set(scene.restored) <= set(scene.secret)


def test_there_are_at_least_ten_exchanges_of_every_kind() -> None:
    assert len(SCENES) >= 10
    for word in ("plain HTTP", "openai", "anthropic", "stream"):
        assert any(word in scene.client for scene in SCENES)
