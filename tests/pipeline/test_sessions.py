"""A conversation is told by its first words; what its new turns say adds up, and is seen by
clauses."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from planted import PlantScanner
from policy.samples import found, policy
from walled import SECRET, chat, exchange, firewall

from excise.detectors.base import Scanned, Scores
from excise.model import Action, Decision, Direction, Mode, Part, Role, Ruling, Segment, Spoken
from excise.pipeline.firewall import Firewall
from excise.pipeline.sessions import Sessions, is_refused_for_itself, opening_of, reads_sessions
from excise.policy.drift import HALF_LIFE
from excise.state.sessions import MemorySessions


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Suspicious(PlantScanner):
    """Says 0.45 of texts with `near` in them, 0.05 of others."""

    def inspect(
        self, segments: Sequence[Segment], direction: Direction, seconds: float = 0.0
    ) -> Scanned:
        scores: list[Scores] = [
            (("injection", "direct", 0.45 if "near" in each.text else 0.05),) for each in segments
        ]
        return Scanned(self.scan(segments), scores=scores)


def walls(condition: str, clock: Clock) -> tuple[Firewall, MemorySessions]:
    store = MemorySessions(clock)
    said = policy(f"  - {{id: far, if: '{condition}', then: block}}\n")
    sessions = Sessions(store, b"k" * 32, clock)
    return firewall(scanner=Suspicious(), policy=said, sessions=sessions, clock=clock), store


def talk(*said: str) -> dict[str, Any]:
    """A chat in which each was answered but the last."""
    messages: list[dict[str, str]] = []
    for text in said:
        messages += [
            {"role": "user", "content": text},
            {"role": "assistant", "content": "an answer of the model"},
        ]
    return {"model": "gpt-4o", "messages": messages[:-1]}


def test_near_misses_of_a_conversation_add_up_to_a_refusal_that_ends() -> None:
    clock = Clock()
    wall, _ = walls("session.drift > 0.3", clock)
    said = ["hello there you"]
    refused = []
    for number in range(8):
        said.append(f"near miss number {number}")
        refused.append(wall.inspect_request(exchange(talk(*said))).reply is not None)
    assert refused[:3] == [False] * 3 and refused[-1]
    clock.now += 3 * HALF_LIFE
    assert wall.inspect_request(exchange(talk(*said))).reply is None


def test_what_stands_in_older_turns_is_not_counted_again() -> None:
    clock = Clock()
    wall, _ = walls("session.drift > 0.2", clock)
    said = ["a near miss at first"]
    for number in range(20):
        said.append(f"an ordinary question {number}")
        assert wall.inspect_request(exchange(talk(*said))).reply is None


def test_a_client_that_tries_again_does_not_keep_itself_out() -> None:
    """Refusals by what is remembered alone are no offence, though none waits between them."""
    clock = Clock()
    wall, _ = walls("session.refused > 1 || session.drift > 0.2", clock)
    for number in range(6):
        wall.inspect_request(exchange(talk("hello there you", f"a near miss {number}")))
    outcomes = [
        wall.inspect_request(exchange(talk("hello there you", f"ordinary words {number}"))).reply
        for number in range(40)
    ]
    assert outcomes[0] is not None and outcomes[-1] is None


@pytest.mark.parametrize(
    ("condition", "bodies", "blocked"),
    [
        ("session.turns > 1", [chat("one talk of us")] * 3, True),
        ("session.turns > 1", [chat(f"talk number {n}") for n in range(3)], False),
        ("session.volume > 0.1", [chat("all is small")] * 4 + [chat("vast " * 90_000)] * 2, True),
        ("session.volume > 0.1", [chat("all is small")] * 6, False),
    ],
)
def test_what_expressions_see(condition: str, bodies: list[Any], blocked: bool) -> None:
    wall, _ = walls(condition, Clock())
    said = [wall.inspect_request(exchange(body)).decision for body in bodies]
    assert ("far" in {each.clause for each in said[-1].clauses}) is blocked


def test_refusals_for_what_a_request_says_are_counted_and_those_for_its_past_are_not() -> None:
    clauses = (
        "  - {id: far, if: 'session.refused > 1', then: block}\n"
        "  - {id: key, when: {rules: [pii.email]}, then: block}\n"
    )
    made = policy(clauses)
    bad = Ruling(
        segment=Segment("x", Role.USER, Part.PROMPT, 0), finding=found("pii.email")[1][0],
        action=Action.BLOCK, mode=Mode.ENFORCE, clause="key",
    )  # fmt: skip
    past = Spoken(clause="far", action=Action.BLOCK, mode=Mode.ENFORCE)
    blocked = Decision(action=Action.BLOCK, would=Action.BLOCK)
    assert not is_refused_for_itself(made, replace(blocked, clauses=(past,)))
    assert is_refused_for_itself(made, replace(blocked, clauses=(past,), rulings=(bad,)))
    assert is_refused_for_itself(made, blocked), "unread, or without a detector that it needs"
    shadowed = replace(bad, mode=Mode.SHADOW)
    assert not is_refused_for_itself(made, replace(blocked, clauses=(past,), rulings=(shadowed,)))
    assert not is_refused_for_itself(made, Decision(action=Action.ALERT, would=Action.BLOCK))


def test_principals_do_not_share() -> None:
    wall, _ = walls("session.drift > 0.2", Clock())
    for number in range(8):
        wall.inspect_request(exchange(chat(f"near miss {number}")))
    assert wall.inspect_request(exchange(chat("ordinary words"))).reply is not None
    assert wall.inspect_request(exchange(chat("ordinary words"), principal="other")).reply is None


def test_nothing_is_remembered_where_no_expression_asks_and_never_a_word() -> None:
    wall, store = walls("size > 10000000", Clock())
    wall.inspect_request(exchange(chat("near miss")))
    assert repr(store) == "<MemorySessions 0 names>"
    wall, store = walls("session.risk > 99.0", Clock())
    wall.inspect_request(exchange(chat(f"near miss {SECRET}")))
    kept = json.dumps([[name.hex(), held] for name, held in vars(store)["_held"].items()])
    assert len(vars(store)["_held"]) == 2
    assert all(word not in kept for word in ("near", "SECRET", "me"))


def test_what_expressions_read_of_a_session() -> None:
    assert reads_sessions(frozenset({"size", "session.risk"}))
    assert not reads_sessions(frozenset({"size"}))
    assert opening_of(()) == ""
