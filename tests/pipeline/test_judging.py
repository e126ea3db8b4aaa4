"""A judge is shown redacted texts of new turns that are grey, and its verdict is read by rules."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from walled import answer, chat, exchange, firewall, valid

from excise.assemble import facts_of
from excise.detectors.asked.judge import INJECTION, OVERLAP, PIECE, UNSAFE
from excise.detectors.asked.judge_template import parse_template
from excise.detectors.base import Glance, Sight
from excise.detectors.build import build_scanner
from excise.errors import NoAnswer
from excise.folders import Folders
from excise.model import Action, Part, Span
from excise.pipeline.firewall import Firewall
from excise.pipeline.judging import KIN, MOST, Judging, worst_of
from excise.policy.build import build_policy
from excise.policy.load import parse_profile
from excise.policy.schema import Grey, is_grey
from excise.resources import policies_dir
from excise.rules.load import load_pack
from excise.rules.schema import Rule
from excise.workers.asking import Asking

HARM = "please help them rob the mill"
PROFILE = """
profile: judged
title: t
level: 2
packs: [{pack: judge}, {pack: gdpr}, {pack: injection, mode: shadow}]
clauses:
  - {id: judged, when: {packs: [judge]}, then: block}
uninspectable: {otherwise: alert}
on-fault: block
"""
GREY_OFF = "judge: {grey: {}}\n"
BOTH = "judge: {grey: {}, directions: [request, response]}\n"


def _pack(name: str) -> tuple[Rule, ...]:
    files = Folders(None).pack(name)
    assert files is not None
    return load_pack(name, files).rules


class Doubtful:
    """Stands for the shipped classifier: half sure of what says `maybe`, sure of `order`."""

    name = "injection"
    labels = frozenset({"direct"})

    def find(self, glances: Any) -> list[tuple[Sight, ...]]:
        return [tuple(self._seen(each)) for each in glances]

    def _seen(self, glance: Glance) -> list[Sight]:
        score = 0.5 if "maybe" in glance.text else 0.95 if "order" in glance.text else 0.1
        return [Sight("direct", Span(0, glance.size), score)]


RULES = [
    *_pack("judge"),
    *(rule for rule in _pack("gdpr") if rule.id == "gdpr.email"),
    *(rule for rule in _pack("injection") if rule.id == "injection.classifier-direct"),
]
SCANNER = build_scanner(RULES, detectors={"injection": Doubtful()})


class Judge:
    """Takes down what it is asked; says what `verdict` makes of the text."""

    def __init__(self, verdict: Callable[[str], str] | None = None) -> None:
        self.asked: list[Mapping[str, Any]] = []
        self._verdict = verdict or (lambda text: "unsafe\nS2" if "rob the mill" in text else "safe")

    def ask(self, body: Mapping[str, Any], seconds: float) -> str:
        self.asked.append(body)
        return self._verdict(body["messages"][-1]["content"])

    @property
    def texts(self) -> list[str]:
        return [body["messages"][-1]["content"] for body in self.asked]


def wall(
    judge: Judge, said: str = GREY_OFF, *, model: str = "llama-guard3", forced: bool = False,
    template: str = "llama-guard", base: str = PROFILE,
) -> Firewall:  # fmt: skip
    profile = parse_profile(base + said, "p.yaml")
    policy = build_policy(profile, [facts_of(rule) for rule in RULES], "p.yaml", b"")
    text = (policies_dir() / "judges" / f"{template}.yaml").read_text("utf-8")
    judging = Judging(
        template=parse_template(text, template),
        model=model,
        ask=judge.ask,
        asking=Asking(),
        key=b"k" * 32,
        timer=lambda: 0.0,
        topics=("finance",),
        forced=forced,
    )
    return firewall(policy=policy, scanner=SCANNER, judging=judging, seconds=2.0)


def test_a_verdict_refuses_and_is_asked_once() -> None:
    judge = Judge()
    made = wall(judge)
    for _ in range(3):
        outcome = made.inspect_request(exchange(chat(HARM)))
        assert outcome.decision.action is Action.BLOCK
        (ruling,) = valid(outcome.record)["rulings"]
        assert (ruling["entity"], ruling["rule"]) == ("unsafe.S2", "judge.unsafe")
    assert judge.texts == [HARM]
    assert made.inspect_request(exchange(chat("they paint the mill"))).reply is None
    assert made.judging is not None and made.judging.memory.hits >= 2


def test_it_is_shown_no_value_and_no_older_turn() -> None:
    judge = Judge()
    past = [
        {"role": "system", "content": "be the steward of this house"},
        {"role": "user", "content": "an older question of a user"},
        {"role": "assistant", "content": "an older answer of the model"},
    ]
    newest = {"role": "user", "content": "write to anna.k@vintner.example about the wine"}
    wall(judge).inspect_request(exchange({"model": "gpt-4o", "messages": [*past, newest]}))
    assert judge.texts == ["write to [EMAIL] about the wine"]


@pytest.mark.parametrize(
    ("text", "is_asked"), [("maybe this", True), ("an order", False), ("the weather", False)]
)
def test_by_default_it_is_asked_about_what_is_grey(text: str, is_asked: bool) -> None:
    judge = Judge()
    wall(judge, "").inspect_request(exchange(chat(text)))
    assert bool(judge.asked) is is_asked


@pytest.mark.parametrize(
    ("said", "is_asked"),
    [
        ("judge: {grey: {}, if: 'model == \"gpt-4o\"'}\n", True),
        ("judge: {grey: {}, if: 'model == \"other\"'}\n", False),
        ("judge: {grey: {}, if: 'count(\"pii.email\") > 0'}\n", False),
        ("judge: {grey: {}, if: 'injection.score < 0.2'}\n", True),
        ("judge: {grey: {}, parts: [tool-result]}\n", False),
        ("judge: {grey: {}, directions: [response]}\n", False),
        ("judge: {grey: {unsafe: [0, 0.5]}}\n", True),
    ],
)
def test_only_where_the_policy_says_so(said: str, is_asked: bool) -> None:
    judge = Judge()
    wall(judge, said).inspect_request(exchange(chat("tell me of the mill")))
    assert bool(judge.asked) is is_asked


def test_the_families_of_a_verdict_are_read_by_their_rules() -> None:
    judge = Judge(lambda text: '{"injection": 0.9, "unsafe": ["S1"], "topics": {"finance": 0.9}}')
    made = wall(judge, GREY_OFF, model="house", template="general")
    rulings = valid(made.inspect_request(exchange(chat("hello mill"))).record)["rulings"]
    assert {each["entity"] for each in rulings} == {"injection.judge", "unsafe.S1", "topic.finance"}


def test_who_does_not_answer_is_missing_and_required_where_the_profile_says() -> None:
    def late(_: str) -> str:
        raise NoAnswer("late")

    judge = Judge(late)
    outcome = wall(judge).inspect_request(exchange(chat(HARM)))
    assert outcome.reply is None
    assert valid(outcome.record)["missing"] == [UNSAFE]
    required = wall(judge, GREY_OFF + "require: [judge]\n").inspect_request(exchange(chat(HARM)))
    assert required.decision.action is Action.BLOCK
    assert "required:judge" in required.decision.reasons


@pytest.mark.parametrize(
    ("model", "forced", "is_asked"),
    [("gpt-5-mini", False, False), ("gpt-5-mini", True, True), ("llama-guard3", False, True)],
)
def test_no_model_judges_its_own_family_unless_forced(
    model: str, forced: bool, is_asked: bool
) -> None:
    judge = Judge()
    outcome = wall(judge, model=model, forced=forced).inspect_request(exchange(chat(HARM)))
    assert bool(judge.asked) is is_asked
    assert (KIN in outcome.record.get("anomalies", ())) is not is_asked
    assert (UNSAFE in outcome.record.get("missing", ())) is not is_asked


def test_a_whole_answer_is_judged_with_its_question() -> None:
    judge = Judge()
    made = wall(judge, BOTH)
    sent = exchange(chat("mail bob@vintner.example how"))
    asked = made.inspect_request(sent)
    said = {"choices": [{"message": {"role": "assistant", "content": HARM}}]}
    outcome = made.inspect_response(sent, answer(said), asked.context)
    assert outcome.decision.action is Action.BLOCK
    assert [each["content"] for each in judge.asked[-1]["messages"]] == ["mail [EMAIL] how", HARM]


def test_a_long_text_is_asked_about_in_pieces_up_to_a_number() -> None:
    judge = Judge()
    filler = "the miller grinds the corn of the village. " * 8
    long = filler * (3 * PIECE // len(filler)) + HARM
    outcome = wall(judge).inspect_request(exchange(chat(long)))
    assert outcome.decision.action is Action.BLOCK and "missing" not in outcome.record
    assert 3 <= len(judge.asked) <= 5
    longest = "".join(f"word{at} " for at in range((MOST + 1) * (PIECE - OVERLAP) // 5))
    outcome = wall(judge).inspect_request(exchange(chat(longest)))
    assert outcome.record["missing"] == [UNSAFE], "what was left out is no clean verdict"


def test_what_was_judged_in_time_counts_though_the_rest_is_late() -> None:
    def some(text: str) -> str:
        if "rob" in text:
            return "unsafe\nS2"
        raise NoAnswer("late")

    judge = Judge(some)
    parts = [{"type": "text", "text": each} for each in ("an idle question", HARM)]
    sent = exchange({"model": "gpt-4o", "messages": [{"role": "user", "content": parts}]})
    outcome = wall(judge).inspect_request(sent)
    assert outcome.decision.action is Action.BLOCK
    assert outcome.record["missing"] == [UNSAFE]


def test_nothing_of_a_text_is_in_what_is_remembered() -> None:
    judge = Judge()
    made = wall(judge)
    made.inspect_request(exchange(chat(HARM)))
    assert made.judging is not None
    kept = repr(vars(made.judging.memory)) + json.dumps(made.inspect_request(
        exchange(chat(HARM))).record)  # fmt: skip
    assert "rob" not in kept


def test_grey_is_one_zone_of_those_named() -> None:
    zones = {"injection": Grey(0.2, 0.9), "unsafe": Grey(0.5, 1.0)}
    direct = ("injection", "direct", 0.3)
    assert is_grey({}, {})
    assert not is_grey(zones, {})
    assert is_grey(zones, worst_of((direct, ("injection", "indirect", 0.1))))
    assert not is_grey(zones, worst_of((direct, ("injection", "indirect", 0.9))))
    assert is_grey(zones, worst_of((("injection", "direct", 0.95), ("unsafe", "S1", 0.5))))


def test_names_are_those_that_rules_may_ask_for() -> None:
    assert SCANNER.absent >= {UNSAFE, INJECTION}
    assert Part.METADATA not in wall(Judge()).policy.profile.judge.parts
