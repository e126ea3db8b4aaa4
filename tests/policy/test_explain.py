"""An explanation names what was known, what was asked, and why each clause spoke or did not."""

from dataclasses import replace

import pytest
from policy.samples import RULES, facts, found, policy, situation

from excise.model import Mode
from excise.policy.explain import Detectors, explain, plan

CLAUSES = """\
  - {id: low, when: {severities: [low]}, then: block}
  - {id: team, when: {rules: [pii.email], groups: [interns]}, then: block}
  - {id: docs, when: {rules: [pii.email], parts: [document]}, then: block}
  - {id: sure, when: {rules: [pii.email]}, if: 'finding.score < 0.5', then: block}
  - {id: told, when: {rules: [pii.email]}, then: alert}
  - {id: model, if: 'model == "o3"', then: alert}
  - {id: many, if: 'count("pii.*") > 5', then: block}
  - {id: broken, if: '1 / tokens > 1', then: block}
"""


@pytest.mark.parametrize(
    "said",
    [
        "clause: low: does not fit the rule",
        "clause: team: does not fit the exchange",
        "clause: docs: does not fit the place or the entity",
        "clause: sure: its expression does not hold: finding.score < 0.5",
        "clause: told: says alert",
        "clause: model: says alert (enforce)",
        'clause: many: its expression does not hold: count("pii.*") > 5',
        "clause: broken: says block (enforce), for its expression failed",
        "finding: pii.email by pii.email, score 1.00, user prompt",
        "ruling: alert (enforce) by told",
        "field: model = o3",
        "risk: lexical 1.0",
        "decision: block; with shadow enforced block",
    ],
)
def test_every_step_is_told(said: str) -> None:
    steps = explain(policy(CLAUSES), [found("pii.email")], situation(model="o3"))
    assert said in [f"{step.about}: {step.said}" for step in steps]


def test_what_the_profile_does_not_hear_is_counted() -> None:
    small = policy(rules=RULES[1:])
    steps = [step.said for step in explain(small, [found("pii.email")], situation())]
    assert any(step.startswith("1 of rules that are not in this profile") for step in steps)


def test_a_plan_is_cheap_first() -> None:
    rules = (*RULES, facts("pii.deep", detector="deep"), facts("pii.name", detector="names"))
    steps = list(plan(policy(CLAUSES, rules)))
    order = [step.said.partition(":")[0] for step in steps if step.about == "detector"]
    assert order == 2 * ["pattern", "names", "deep", "subject"]
    assert steps[-1].said == "2 expressions asked: model, broken"
    assert any("1 of them in shadow" in step.said for step in steps)


def test_a_plan_says_who_is_asked_when_the_message_is_on_its_way() -> None:
    """A slow detector that only rules in shadow read."""
    made = policy(CLAUSES, (*RULES, facts("pii.deep", detector="deep", mode=Mode.SHADOW)))
    known = Detectors(frozenset({"deep"}), 1.5, frozenset())
    said = [step.said for step in plan(made, known) if step.said.startswith("deep")]
    assert said[0].startswith(
        "deep (asked when the message is on its way: only rules in shadow read it): 1 rules, 1 of"
    )


def test_a_plan_says_who_is_waited_for_who_is_not_there_and_who_must_answer() -> None:
    rules = (*RULES, facts("pii.deep", detector="deep"), facts("pii.name", detector="names"))
    made = policy(CLAUSES, rules)
    made = replace(made, profile=replace(made.profile, require=frozenset({"deep"})))
    known = Detectors(frozenset({"deep"}), 1.5, frozenset({"names"}))
    said = [step.said for step in plan(made, known) if step.about == "detector"]
    assert [each.partition(":")[0].partition(" (")[0] for each in said[:4]] == [
        "pattern", "names", "subject", "deep",
    ]  # fmt: skip
    assert said[1].startswith("names (not set up, so never asked): 1 rules")
    assert said[3].startswith(
        "deep (beside the others, all such within 1.5 s an exchange; "
        "required: without its answer nothing passes): 1 rules"
    )
