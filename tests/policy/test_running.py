"""A decision over an answer in pieces comes out as the decision over the whole of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy.samples import found, policy, situation

from excise.model import Action, Decision, Direction, Mode
from excise.policy.build import Policy
from excise.policy.decide import decide
from excise.policy.running import Progress, Running, Said
from excise.policy.situation import NO_TURN, Situation

CLAUSES = """\
  - {id: bulk, if: 'count("pii.email") > 2 && principal.group != "support"', then: block}
  - {id: grave, if: 'risk > 8.0', then: alert}
  - {id: few, if: 'count("pii.phone") == 1', then: log}
  - {id: idea, if: 'count("lab.idea") > 0', then: block, mode: shadow}
  - {id: model, if: 'model == "o3"', then: block}
  - {id: mixed, when: {entities: [pii.phone]}, if: 'count("pii.*") > 1', then: block}
"""
POLICY = policy(CLAUSES)
NAMES = ("pii.email", "pii.phone", "secret.key", "lab.idea")


def answer(**facts: object) -> Situation:
    return situation(direction=Direction.RESPONSE, turn=NO_TURN, **facts)


def worst(said: list[Said], mode: Mode | None = None) -> Action:
    every = [each for one in said for each in (*one.rulings, *one.clauses)]
    told = [each.action for each in every if mode in (None, each.mode)]
    return max(told, key=lambda action: action.rank, default=Action.ALLOW)


def run(policy: Policy, rules: list[list[str]], about: Situation) -> list[Said]:
    """All that is said of an answer whose findings come in these pieces."""
    running = Running(policy, about)
    heard = [running.begin()]
    heard += [running.hear(*found(*each)) for each in rules]
    return [*heard, running.finish()]


def whole(policy: Policy, rules: list[list[str]], about: Situation) -> Decision:
    findings = [each for piece in rules for each in found(*piece)[1]]
    segment = found()[0]
    return decide(policy, [(segment, findings)], about)


PIECES = st.lists(st.lists(st.sampled_from(NAMES), max_size=4), max_size=5)


@settings(max_examples=60)
@given(pieces=PIECES, model=st.sampled_from(["o3", "gpt"]), group=st.sampled_from(["support", "x"]))
def test_in_pieces_as_in_one(pieces: list[list[str]], model: str, group: str) -> None:
    """Law: what is said of the exchange at the end is what is said of the whole; the findings that
    came too early for a clause can only be judged milder."""
    about = answer(model=model, group=group)
    said, at_once = run(POLICY, pieces, about), whole(POLICY, pieces, about)
    assert {c for one in said for c in one.clauses} == set(at_once.clauses)
    assert worst(said, Mode.ENFORCE).rank <= at_once.action.rank
    assert [r.finding for one in said for r in one.rulings if r.mode is Mode.ENFORCE] == [
        r.finding for r in at_once.rulings if r.mode is Mode.ENFORCE
    ]


@settings(max_examples=60)
@given(pieces=PIECES)
def test_cutting_differently_changes_nothing(pieces: list[list[str]]) -> None:
    """Law: only the order of findings counts."""
    joined = [[name for piece in pieces for name in piece]]
    single = [[name] for name in joined[0]]
    results = []
    for cut in (pieces, joined, single):
        said = run(POLICY, cut, answer())
        rulings = [(r.finding, r.action, r.clause, r.mode) for s in said for r in s.rulings]
        results.append((rulings, {c for one in said for c in one.clauses}))
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize(
    ("when", "rules", "clause"),
    [
        ("begin", [], "model"),
        ("hear", ["pii.email"] * 3, "bulk"),
        ("finish", ["pii.phone"], "few"),
    ],
)
def test_a_clause_speaks_as_soon_as_it_is_known(when: str, rules: list[str], clause: str) -> None:
    running = Running(POLICY, answer(model="o3"))
    said = {"begin": running.begin(), "hear": running.hear(*found(*rules))}
    said["finish"] = running.finish()
    assert [w for w, each in said.items() if clause in {c.clause for c in each.clauses}] == [when]


def test_enforced_clauses_know_nothing_of_shadow() -> None:
    """And the score of all of it is told."""
    made = policy("  - {id: idea, if: 'count(\"lab.idea\") > 0', then: block}\n")
    running = Running(made, answer())
    assert running.hear(*found("lab.idea")).clauses == ()
    assert running.finish().clauses == () and dict(running.risk) == {"meaning": 1.0}


def test_progress_is_what_growing_fields_read() -> None:
    made = policy("  - {id: long, if: 'size > 10', then: alert}\n")
    sizes = iter([5, 20])
    running = Running(made, answer(), lambda: Progress(next(sizes)))
    assert running.hear(*found("pii.email")).clauses == ()
    assert [each.clause for each in running.finish().clauses] == ["long"]


def test_an_expression_that_fails_is_told_once() -> None:
    made = policy("  - {id: odd, if: 'entities[\"pii.email\"] > 1', then: alert}\n")
    running = Running(made, answer())
    assert running.hear(*found("pii.phone")).failed == {"odd"}
    assert running.finish().failed == frozenset()


def test_what_the_operator_excuses_is_recorded_and_not_counted() -> None:
    """As in a whole answer."""
    made = replace(POLICY, excuse=lambda segment, finding, now: "ours" * (finding.score == 1.0))
    running = Running(made, answer())
    said = running.hear(*found(*["pii.email"] * 3))
    assert [(r.action, r.because) for r in said.rulings] == [(Action.ALLOW, "ours")] * 3
    assert said.clauses == () and running.risk == ()
