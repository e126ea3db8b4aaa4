"""What the operator had indexed, through the real proxy: own values, records, code and canaries in
requests, own topics, packages and facts in answers."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import openai
import pytest
from live.stage import Stage, Traffic, start

from excise.cli.main import main
from excise.detectors.own.proof import CODE
from excise.standin.script import Answer, always, answer_prompt

pytestmark = pytest.mark.live
PROFILE = """\
profile: indexed
title: What is the house's own
level: 2
packs: [{pack: own-data}, {pack: source-code}, {pack: answers}, {pack: minors}, {pack: house}]
clauses:
  - id: own-things-stay
    when: {packs: [own-data, answers, minors, house]}
    then: block
  - {id: own-code-stays, when: {entities: [code.own]}, then: block}
uninspectable: {otherwise: alert}
on-fault: block
"""
PACK = "pack: house\nversion: 1\nengine: 1\ntitle: Rules of this house\n"
RULE = """\
rules:
  - id: house.nightjar
    entity: topic.project-nightjar
    title: About a project nobody is to know of
    severity: low
    kind: business
    match: {detector: topics, label: project-nightjar, min_score: 0.6}
    why: The project is not announced.
    remedy: Leave it out.
    references: [https://example.org/projects]
    examples:
      - {name: one, text: "<<x>>"}
      - {name: two, text: "<<y>>"}
      - {name: three, text: "z", expect: none}
      - {name: four, text: "w", expect: none}
"""
TOPIC = """\
topics:
  - name: project-nightjar
    examples:
      - When does the nightjar telemetry board ship to the customer?
      - Compare the nightjar antenna with last year's prototype.
      - Who signs off the radio test for nightjar?
      - The nightjar firmware loses its clock after a reset.
      - Draft a status mail on the nightjar field trial.
"""
FACTS = "facts:\n  - {name: refund, about: [refund, return period], value: 30 days}\n"
RECORDS = "name,account\nMartha Vogelsang,40-0071-2295\nPiet Achterberg,40-0071-3381\n"
VALUE = "tulip-Fjord/29-lamp"


class House(NamedTuple):
    """The proxy, and the canary that was planted."""

    stage: Stage
    canary: str


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("indexed")
    state = ["--state-dir", os.fspath(folder / "proxy" / "state")]
    files = {
        "own/profiles/indexed.yaml": PROFILE,
        "own/packs/house/pack.yaml": PACK,
        "own/packs/house/topics.yaml": RULE,
        "code/cellar.py": CODE,
        "topics.yaml": TOPIC,
        "facts.yaml": FACTS,
        "customers.csv": RECORDS,
        "values.txt": f"{VALUE}\n",
        "pip.txt": "corkscrew\nvintner-core\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")

    def run(*words: str | Path) -> str:
        with redirect_stdout(io.StringIO()) as said:
            # Of five examples one says little about the others, which is told with 1.
            assert main([*map(os.fspath, words), *state]) <= (words[0] == "topics")
        return said.getvalue()

    run("known", "add", folder / "values.txt")
    run("dictionary", "add", folder / "customers.csv", "--columns", "name,account")
    run("fingerprint", "add", folder / "code")
    run("topics", "train", folder / "topics.yaml")
    run("packages", "index", "pip", folder / "pip.txt")
    run("facts", "load", "shop", folder / "facts.yaml")
    canary = run("canary", "new", "wiki").split()[0]
    with start(folder, ["--policies", str(folder / "own"), "--profile", "indexed"]) as stage:
        yield House(stage, canary)


def asked(stage: Stage, text: str, *, stream: bool = False) -> Traffic:
    """What comes of a chat; a refusal is as good as an answer."""
    with stage.exchange() as traffic, stage.openai() as client:
        ask: Any = [{"role": "user", "content": text}]
        try:
            made = client.chat.completions.create(model="m", messages=ask, stream=stream)
            list(made) if stream else None
        except openai.APIStatusError as refused:
            assert refused.status_code == 400
    return traffic


def rules_of(traffic: Traffic) -> set[str]:
    found = [each for line in traffic.lines for each in line.get("rulings", ())]
    return {each["rule"] for each in found}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (f"the gate opens with {VALUE} today", "own-data.known-value"),
        ("Martha Vogelsang, account 40-0071-2295", "own-data.record"),
        ("what is CANARY for?", "own-data.canary"),
        (f"Is this right?\n\n{CODE}", "source-code.own"),
        ("I am 14 years old, help me with homework", "minors.age-in-english"),
        ("When is the nightjar radio board tested with the new antenna?", "house.nightjar"),
    ],
)
def test_what_is_the_houses_own_does_not_leave(house: House, text: str, rule: str) -> None:
    traffic = asked(house.stage, text.replace("CANARY", house.canary))
    assert rule in rules_of(traffic) and traffic.received == []
    assert "block" in traffic.actions()
    assert house.canary not in str(traffic.lines) and VALUE not in str(traffic.lines)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Run:\n\npip install corkscrew-turbo\n\nand go on.", "answers.unknown-package"),
        ("You have a return period of 14 days. Enjoy.", "answers.contradiction"),
        ("", ""),
    ],
)
def test_answers_are_held_against_what_the_house_knows(
    house: House, stream: bool, text: str, rule: str
) -> None:
    """And an ordinary one passes."""
    said = text or "Run pip install corkscrew; you have a return period of 30 days."
    house.stage.standin.script = always(Answer(text=said))
    try:
        traffic = asked(house.stage, "what now?", stream=stream)
    finally:
        house.stage.standin.script = answer_prompt
    assert rules_of(traffic) == ({rule} if rule else set())
    assert ("block" in traffic.actions()) is bool(rule) and len(traffic.received) == 1
