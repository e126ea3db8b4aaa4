"""What an operator excuses is recorded with the reason and otherwise as good as not found."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy.samples import RULES, found, situation
from policy.samples import policy as sample

from excise.errors import PolicyError
from excise.model import Action
from excise.policy.build import Policy
from excise.policy.decide import EXCEPTION, decide
from excise.policy.waivers import Waivers, find_idle, parse_waivers
from excise.sensitive import fingerprint

KEY = b"k" * 32
DAY = datetime(2030, 1, 31, 12, tzinfo=UTC)
PRINT = fingerprint(KEY, "text")


def waived(entry: str, clauses: str = "") -> Policy:
    """The sample policy under one exception."""
    text = f"exceptions:\n  - {{{entry}, because: Agreed., until: 2030-01-31}}\n"
    return replace(sample(clauses), excuse=Waivers(parse_waivers(text, "e.yaml"), KEY))


@pytest.mark.parametrize(
    ("entry", "facts", "excused"),
    [
        ("entities: [secret.key]", {}, True),
        ('entities: ["secret.*"]', {}, True),
        ("entities: [pii.email]", {}, False),
        ("rules: [secret.key]", {}, True),
        (f'fingerprints: ["{PRINT}"]', {}, True),
        ('fingerprints: ["0000000000000000"]', {}, False),
        ("rules: [secret.key], principals: [ann]", {"user": "ann"}, True),
        ("rules: [secret.key], principals: [ann]", {"user": "bob"}, False),
        ("rules: [secret.key], groups: [ops]", {"group": "ops"}, True),
        ("rules: [secret.key], groups: [ops]", {}, False),
        ('rules: [secret.key], paths: ["messages/*/content"]', {}, True),
        ('rules: [secret.key], paths: ["tools/*"]', {}, False),
        ("rules: [secret.key]", {"moment": datetime(2030, 1, 31, 23, 59, tzinfo=UTC)}, True),
        ("rules: [secret.key]", {"moment": datetime(2030, 2, 1, 0, 0, tzinfo=UTC)}, False),
    ],
)
def test_an_exception_speaks_of_what_it_names(
    entry: str, facts: dict[str, object], excused: bool
) -> None:
    decision = decide(waived(entry), [found("secret.key")], situation(**{"moment": DAY, **facts}))
    assert decision.action is (Action.ALLOW if excused else Action.BLOCK)
    (ruling,) = decision.rulings
    assert (ruling.clause, ruling.because) == ((EXCEPTION, "Agreed.") if excused else ("", ""))


def test_what_is_excused_counts_nowhere() -> None:
    """Neither its count nor its risk reaches an expression, and the others stand."""
    clauses = """\
  - {id: many, if: 'count("pii.email") > 0 || risk > 4.0', then: block}
"""
    bare = sample(clauses)
    seen = [found("pii.email"), found("pii.phone")]
    assert decide(bare, seen, situation(moment=DAY)).action is Action.BLOCK
    policy = waived("rules: [pii.email]", clauses)
    decision = decide(policy, seen, situation(moment=DAY))
    assert decision.action is Action.REDACT
    assert {r.finding.rule: r.action for r in decision.rulings} == {
        "pii.email": Action.ALLOW, "pii.phone": Action.REDACT,
    }  # fmt: skip


@given(st.lists(st.sampled_from([rule.id for rule in RULES]), max_size=4))
def test_an_exception_never_makes_a_decision_stricter(rules: list[str]) -> None:
    seen = [found(rule) for rule in rules]
    milder = decide(waived("rules: [secret.key]"), seen, situation(moment=DAY))
    assert milder.action.rank <= decide(sample(), seen, situation(moment=DAY)).action.rank


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("{because: B, until: 2030-01-31}", "EXC-POL-004"),
        ("{rules: [a.b], until: 2030-01-31}", "EXC-POL-004"),
        ("{rules: [a.b], because: B}", "EXC-POL-004"),
        ("{rules: [a.b], because: B, until: soon}", "EXC-POL-005"),
        ('{rules: [a.b], because: "", until: 2030-01-31}', "EXC-POL-012"),
        ("{fingerprints: [xyz], because: B, until: 2030-01-31}", "EXC-POL-012"),
        ("{rules: [a.b], because: B, until: 2030-01-31, users: [x]}", "EXC-POL-003"),
    ],
)
def test_a_careless_exception_does_not_load(entry: str, code: str) -> None:
    with pytest.raises(PolicyError) as fault:
        parse_waivers(f"exceptions:\n  - {entry}\n", "e.yaml")
    assert fault.value.code == code
    assert "e.yaml:" in fault.value.at


def test_the_last_day_may_be_a_date_or_a_text() -> None:
    for spelled in ("2030-01-31", '"2030-01-31"'):
        text = f"exceptions:\n  - {{rules: [a.b], because: B., until: {spelled}}}\n"
        assert parse_waivers(text, "e.yaml")[0].until == date(2030, 1, 31)


def test_an_exception_for_what_nobody_finds_is_idle() -> None:
    text = "exceptions:\n" + "".join(
        f"  - {{{entry}, because: B., until: 2030-01-31}}\n"
        for entry in ("rules: [pii.email]", "rules: [pii.mail]", "entities: [nothing.at-all]")
    )
    idle = find_idle(parse_waivers(text, "e.yaml"), RULES)
    assert [each.origin for each in idle] == ["e.yaml:3", "e.yaml:4"]
