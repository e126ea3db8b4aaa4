"""A line of the trail is decided again as it was, by the same policy."""

from datetime import UTC, datetime

import pytest
from policy.samples import found, policy, situation

from excise.audit.fields import Stage
from excise.audit.record import Facts, Record, build_record
from excise.model import Direction
from excise.policy.decide import decide
from excise.policy.replay import gaps, is_replayable, recall, replay

CLAUSES = """\
  - {id: many, if: 'count("pii.*") > 1 && principal.group != "support"', then: block}
  - {id: shady, when: {rules: [pii.phone]}, then: block, mode: shadow}
"""
STRICTER = "  - {id: all, when: {entities: ['pii.*']}, then: block}\n"
MADE = policy(CLAUSES)


def line(*rules: str, older: bool = False, unread: tuple[str, ...] = ()) -> Record:
    here = situation(group="sales", model="o3")
    said = decide(MADE, [found(*rules, older=older)] if rules else [], here, unread=unread)
    facts = Facts(
        stage=Stage.REQUEST, id="x1", direction=Direction.REQUEST, principal=here.principal,
        model="o3",
    )  # fmt: skip
    return build_record(facts, said, key=bytes(32), time=datetime(2030, 1, 2, tzinfo=UTC))


@pytest.mark.parametrize(
    "record",
    [
        line(),
        line("pii.email"),
        line("pii.email", "pii.email"),
        line("pii.phone"),
        line("secret.key"),
        line("secret.key", older=True),
        line("lab.idea"),
        line(unread=("expansion",)),
    ],
    ids=lambda record: record["would"],
)
def test_the_same_policy_decides_the_same(record: Record) -> None:
    again = replay(MADE, record)
    assert (again.action, again.would) == (record["action"], record["would"])


def test_a_line_about_rules_in_shadow_alone_is_decided_too() -> None:
    """As a message of its own, which nothing was done about."""
    record = {**line("pii.phone"), "stage": "shadow"}
    del record["action"]
    assert is_replayable(record) and recall(record)[1].stage == "request"
    assert replay(MADE, record).would == record["would"]


def test_another_policy_may_not() -> None:
    assert replay(policy(STRICTER), line("pii.email")).action == "block"


def test_what_a_line_knows_comes_back() -> None:
    findings, here, _ = recall(line("pii.phone"))
    assert [each.rule for _, listed in findings for each in listed] == ["pii.phone"]
    assert (here.model, here.principal.group, here.moment.year) == ("o3", "sales", 2030)


def test_lines_that_decide_nothing_are_left_out() -> None:
    assert is_replayable(line())
    assert not is_replayable(build_record(Facts(stage=Stage.START)))


def test_a_clause_by_turns_roles_and_parts_is_replayed() -> None:
    """As far as the line tells of them."""
    asking = "  - {{id: c, if: '{}', then: alert}}\n"
    record = {**line("pii.email"), "conversation": {"step": 4}}
    for expression in ("turns > 3", '"user" in roles', '"prompt" in parts'):
        made = policy(asking.format(expression))
        assert [each.clause for each in replay(made, record).clauses] == ["c"], expression


def test_what_a_replay_does_not_know_is_named() -> None:
    clauses = """\
  - {id: a, if: '"x" in tools && session.risk > 1.0', then: alert}
  - {id: b, if: 'injection.score > 0.5 && turns > 3', then: alert}
"""
    assert gaps(policy(clauses)) == (("session.risk", "tools"), ("injection.score",))
    assert gaps(policy("  - {id: a, if: 'turns > 3', then: alert}\n")) == ((), ())
