"""Slow detectors that only rules in shadow read are asked once a message is on its way, and those
that judge a text as a whole once an answer has streamed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pipeline.test_alongside import CALM, DONE, STREAM, event
from pipeline.test_judging import BOTH, GREY_OFF, HARM, PROFILE, Judge, wall
from pipeline.test_socket import opened, say
from socket_cases import CASES, Case, written
from walled import answer, chat, exchange, firewall, valid

from excise.assemble import facts_of
from excise.detectors.asked.deep import Deep
from excise.detectors.build import build_scanner
from excise.errors import NoAnswer
from excise.folders import Folders
from excise.model import Action, Direction, Mode, SocketMessage
from excise.pipeline.afterthought import MOST
from excise.pipeline.firewall import Firewall
from excise.policy.build import build_policy
from excise.policy.load import parse_profile
from excise.rules.load import load_pack
from excise.workers.asking import Asking

SHADOW = PROFILE.replace("{pack: judge}", "{pack: judge, mode: shadow}")
TEXT = "tell Anna, at anna.k@vintner.example, of the wine"
PACKS = {name: Folders(None).pack(name) for name in ("deep", "gdpr")}
RULES = [
    replace(rule, directions=frozenset(Direction))
    for name, files in PACKS.items()
    for rule in load_pack(name, files or {}).rules
    if rule.id in ("deep.person", "gdpr.email")
]


class Model:
    """A slow model: answers once it is `free`, or not at all."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.fails = False
        self.asked = 0

    def ask(self, asked: Any, seconds: float) -> Any:
        self.asked += 1
        if self.fails or not self.free.wait(min(seconds, 5)):
            raise NoAnswer("late")
        return [
            [["PERSON", at, at + 4, 0.9]] if (at := text.find("Anna")) >= 0 else []
            for text in asked["texts"]
        ]


def deep_wall(model: Model, *, mode: str = "shadow", more: str = "") -> Firewall:
    text = (
        "profile: p\ntitle: t\nlevel: 2\nuninspectable: {otherwise: alert}\non-fault: block\n"
        f"packs: [{{pack: deep, mode: {mode}}}, {{pack: gdpr}}]\n{more}"
    )
    facts = [facts_of(rule) for rule in RULES]
    policy = build_policy(parse_profile(text, "p.yaml"), facts, "p.yaml", b"")
    scanner = build_scanner(
        RULES,
        detectors={"deep": Deep(model.ask, 10.0)},
        asking=Asking(),
        awaited=policy.awaited,
    )
    return firewall(policy=policy, scanner=scanner, seconds=5.0)


@pytest.fixture
def model() -> Iterator[Model]:
    made = Model()
    yield made
    made.free.set()


def test_the_message_goes_on_while_the_detector_is_not_asked(model: Model) -> None:
    """What it says stands in a line of its own, under the id of the exchange."""
    made = deep_wall(model)
    outcome = made.inspect_request(exchange(chat(TEXT)))
    assert model.asked == 0 and b"[EMAIL_" in outcome.body and b"Anna" in outcome.body
    record = valid(outcome.record)
    assert {each["rule"] for each in record["rulings"]} == {"gdpr.email"}
    assert "missing" not in record
    model.free.set()
    assert outcome.afterthought is not None and outcome.afterthought.names == ("deep",)
    line = outcome.afterthought()
    assert line is not None
    (ruling,) = valid(line)["rulings"]
    assert (ruling["rule"], ruling["mode"], ruling["path"]) == (
        "deep.person", "shadow", "messages/0/content",
    )  # fmt: skip
    assert (line["stage"], line["would"], line["id"]) == ("shadow", "redact", record["id"])
    assert "action" not in line and "Anna" not in str(line)


@pytest.mark.parametrize(
    ("mode", "more"),
    [
        ("enforce", ""),
        ("shadow", "require: [deep]\n"),
        ("enforce", "clauses: [{id: a, when: {packs: [deep]}, then: block, mode: shadow}]\n"),
    ],
)
def test_what_a_rule_in_force_reads_or_the_profile_requires_is_waited_for(
    model: Model, mode: str, more: str
) -> None:
    model.free.set()
    outcome = deep_wall(model, mode=mode, more=more).inspect_request(exchange(chat(TEXT)))
    assert model.asked > 0 and outcome.afterthought is None
    assert "deep.person" in {each["rule"] for each in outcome.record["rulings"]}


def test_who_does_not_answer_is_missing_there_and_nothing_to_say_is_no_line(model: Model) -> None:
    made = deep_wall(model)
    model.fails = True
    outcome = made.inspect_request(exchange(chat(TEXT)))
    assert outcome.afterthought is not None
    line = outcome.afterthought()
    assert line is not None and valid(line)["missing"] == ["deep"] and "rulings" not in line
    model.fails = False
    model.free.set()
    calm = made.inspect_request(exchange(chat("tell nobody of the wine")))
    assert calm.afterthought is not None and calm.afterthought() is None


def test_clauses_in_shadow_are_asked_again_with_what_it_found(model: Model) -> None:
    """Those that spoke before stand in the exchange's own line."""
    clauses = """
clauses:
  - {id: both, if: 'pii.count("person") > 0 && pii.count("email") > 0', then: block, mode: shadow}
  - {id: before, if: 'pii.count("email") > 0', then: alert, mode: shadow}
  - {id: real, if: 'pii.count("person") > 0', then: block}
"""
    outcome = deep_wall(model, more=clauses).inspect_request(exchange(chat(TEXT)))
    assert [each["clause"] for each in outcome.record["clauses"]] == ["before"]
    model.free.set()
    assert outcome.afterthought is not None
    line = outcome.afterthought()
    assert line is not None and line["would"] == "block"
    assert [each["clause"] for each in line["clauses"]] == ["both"], "shadow feeds nothing in force"


def test_answers_too_and_not_what_was_put_there(model: Model) -> None:
    made = deep_wall(model)
    model.free.set()
    sent = exchange(chat("hello"))
    asked = made.inspect_request(sent)
    said = {"choices": [{"message": {"role": "assistant", "content": "ask Anna"}}]}
    outcome = made.inspect_response(sent, answer(said), asked.context)
    assert model.asked == 0 and outcome.afterthought is not None
    line = outcome.afterthought()
    assert line is not None
    assert (line["direction"], line["rulings"][0]["rule"]) == ("response", "deep.person")


def test_a_judge_in_shadow_is_asked_afterwards_on_redacted_texts() -> None:
    judge = Judge()
    made = wall(judge, GREY_OFF, base=SHADOW)
    outcome = made.inspect_request(exchange(chat(HARM + " for anna.k@vintner.example")))
    assert not judge.asked and outcome.afterthought is not None
    assert outcome.decision.action is Action.REDACT
    line = outcome.afterthought()
    assert line is not None and valid(line)["would"] == "block"
    assert judge.texts == [HARM + " for [EMAIL]"]
    (ruling,) = line["rulings"]
    assert (ruling["rule"], ruling["clause"], ruling["mode"]) == (
        "judge.unsafe",
        "judged",
        "shadow",
    )


def test_a_streamed_answer_is_not_held_for_it_and_judged_when_it_is_over() -> None:
    """With values taken out, and the last of it where it is long."""
    judge = Judge()
    made = wall(judge, BOTH, base=SHADOW)
    sent = exchange({**chat("how are mills"), "stream": True})
    outcome = made.inspect_request(sent)
    stream = made.open_stream(sent, STREAM, outcome.context)
    assert stream is not None
    sent_on = b""
    for piece in (event(CALM), event("ask anna.k@vintner.example. " + HARM), DONE):
        step = stream.feed(piece)
        assert step.wait is None
        sent_on += step.data
    stream.finish()
    assert sent_on.endswith(b"[DONE]\n\n") and not judge.asked
    assert valid(stream.record())["action"] == "redact"
    thought = stream.afterthought()
    assert thought is not None
    line = thought()
    assert line is not None
    assert (line["stage"], line["would"], line["direction"]) == ("shadow", "block", "response")
    assert judge.texts[-1] == CALM + "ask [EMAIL]. " + HARM
    assert stream.afterthought() is None


def test_who_judges_whole_texts_reads_a_streamed_answer_when_it_is_over(model: Model) -> None:
    """Also rules in force: what has left is told as what would have been done."""
    made = deep_wall(model, mode="enforce")
    model.free.set()
    sent = exchange({**chat("hello"), "stream": True})
    stream = made.open_stream(sent, STREAM, made.inspect_request(sent).context)
    assert stream is not None
    asked = model.asked
    pieces = ("ask An", "na at anna.k@vintner.example, ", "and rest")
    out = b"".join(stream.feed(event(piece)).data for piece in pieces)
    out += stream.feed(DONE).data + stream.finish().data
    assert b"An" in out and b"[EMAIL_" in out and model.asked == asked
    assert {each["rule"] for each in valid(stream.record())["rulings"]} == {"gdpr.email"}
    thought = stream.afterthought()
    assert thought is not None
    line = thought()
    assert line is not None
    (ruling,) = valid(line)["rulings"]
    assert (ruling["rule"], ruling["mode"], ruling["action"]) == ("deep.person", "shadow", "redact")
    assert (line["stage"], line["would"]) == ("shadow", "redact")
    assert "Anna" not in str(line) and "vintner" not in str(line)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_so_do_they_an_answer_on_a_socket(case: Case, model: Model) -> None:
    """Each turn of its own."""
    made = deep_wall(model, mode="enforce")
    model.free.set()
    socket = opened(case, made)
    for text, told in (("ask Anna of it", True), ("ask nobody", False)):
        socket.client(made, SocketMessage(written(case.ask("hello")), False), "0193")
        steps = say(socket, case.speak([text]), made)
        thoughts = [step.afterthought for step in steps if step.afterthought is not None]
        lines = [line for each in thoughts if (line := each()) is not None]
        assert [line["rulings"][0]["rule"] for line in lines] == ["deep.person"] * told
        assert all((line["id"], line["stage"]) == ("0193", "shadow") for line in lines)


def test_of_an_endless_answer_the_end_is_kept() -> None:
    made = wall(Judge(), BOTH, base=SHADOW)
    sent = exchange({**chat("how are mills"), "stream": True})
    stream = made.open_stream(sent, STREAM, made.inspect_request(sent).context)
    assert stream is not None
    for _ in range(4 * MOST // len(CALM)):
        stream.feed(event(CALM))
    stream.finish()
    thought = stream.afterthought()
    assert thought is not None and thought.size <= MOST + len(sent.body)


def test_without_slow_detectors_there_is_nothing_to_ask() -> None:
    assert firewall().inspect_request(exchange(chat("hello"))).afterthought is None
    enforced = wall(Judge(), GREY_OFF).inspect_request(exchange(chat("hello")))
    assert enforced.afterthought is None
    policy = wall(Judge(), GREY_OFF, base=SHADOW).policy
    assert policy.modes["judge.unsafe"] is Mode.SHADOW
