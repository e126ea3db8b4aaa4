"""A policy knows beforehand which clauses may speak of a rule and in a situation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy.samples import HEAD, RULES, policy, situation

from excise.errors import PolicyError
from excise.model import Action, Direction, Mode
from excise.policy.build import fits_rule, fits_situation, is_named, shadowed, takes_part
from excise.policy.decide import decide
from excise.policy.schema import Clause, When


def clause(percent: int, name: str = "c") -> Clause:
    return Clause(id=name, when=When(), then=Action.BLOCK, percent=percent)


@given(st.text(max_size=20), st.integers(0, 100), st.integers(0, 100))
def test_a_wider_roll_out_only_adds(who: str, one: int, other: int) -> None:
    """Who takes part at 20 percent does so at 50; nobody at 0, everybody at 100."""
    low, high = sorted((one, other))
    if takes_part(clause(low), who, b"k"):
        assert takes_part(clause(high), who, b"k")
    assert not takes_part(clause(0), who, b"k")
    assert takes_part(clause(100), who, b"k")


def test_a_roll_out_takes_about_its_share_and_draws_for_each_clause() -> None:
    people = [f"user-{number}" for number in range(2000)]
    one = {who for who in people if takes_part(clause(20, "a"), who, b"k")}
    other = {who for who in people if takes_part(clause(20, "b"), who, b"k")}
    assert 300 < len(one) < 500 and len(one & other) < 150
    assert one != {who for who in people if takes_part(clause(20, "a"), who, b"another")}


def test_outside_a_roll_out_a_clause_is_in_shadow() -> None:
    made = policy("  - {id: c, when: {models: ['o*']}, then: block, percent: 50}\n")
    modes = {made.reach(situation(user=f"u{number}", model="o3")).get("c") for number in range(50)}
    assert modes == {Mode.ENFORCE, Mode.SHADOW}
    assert made.reach(situation(model="gpt-4o")) == {}


@pytest.mark.parametrize(
    ("when", "fits"),
    [
        ({"models": {"o3"}}, True),
        ({"models": {"gpt-*"}}, False),
        ({"groups": {"interns"}}, True),
        ({"users": {"a*"}}, True),
        ({"providers": {"openai"}}, True),
        ({"hosts": {"*.openai.com"}}, True),
        ({"apps": {"claude-cli"}}, False),
        ({"paths": {"/v1/files*"}}, False),
        ({"paths": {""}}, True),
        ({"tools": {"run_*"}}, True),
        ({"tools": {"edit"}}, False),
        ({"directions": {Direction.RESPONSE}}, False),
    ],
)
def test_conditions_about_the_exchange(when: dict[str, set[str]], fits: bool) -> None:
    here = situation(
        user="anna", group="interns", model="o3", provider="openai", host="api.openai.com",
        tools=frozenset({"run_shell", "read"}),
    )  # fmt: skip
    asked = When(**{key: frozenset(value) for key, value in when.items()})  # type: ignore[arg-type]
    assert fits_situation(asked, here) is fits


def test_names_may_hold_stars() -> None:
    assert is_named(frozenset(), "anything")
    assert is_named(frozenset({"pii.*"}), "pii.email")
    assert not is_named(frozenset({"pii.*"}), "secret.key")


def test_a_clause_is_kept_only_for_rules_it_may_fit() -> None:
    made = policy("  - {id: c, when: {entities: ['pii.*'], severities: [low]}, then: block}\n")
    assert {rule: len(clauses) for rule, clauses in made.of_rule.items()} == {
        "pii.email": 0, "pii.phone": 1, "secret.key": 0, "lab.idea": 0
    }  # fmt: skip
    assert fits_rule(made.clauses["c"].when, RULES[1])


@pytest.mark.parametrize(
    ("old", "new", "modes"),
    [
        ("", "", ("enforce", "shadow")),
        ("{pack: pii}", "{pack: pii, shadow: [pii.email]}", ("shadow", "shadow")),
        ("mode: shadow}", "mode: shadow, enforce: [lab.idea]}", ("enforce", "enforce")),
    ],
)
def test_single_rules_may_be_in_another_mode(old: str, new: str, modes: tuple[str, str]) -> None:
    made = policy(head=HEAD.replace(old, new, 1) if old else HEAD)
    assert (made.modes["pii.email"], made.modes["lab.idea"]) == modes


@pytest.mark.parametrize(
    ("clauses", "line", "said"),
    [
        ("  - {id: c, when: {rules: [pii.emial]}, then: block}\n", 8, "pii.email"),
        ("  - {id: c, if: 'count(\"pii.emial\") > 1', then: block}\n", 8, "pii.email"),
        ("  - {id: c, if: 'modle == \"a\"', then: block}\n", 8, "model"),
    ],
)
def test_what_a_clause_names_exists(clauses: str, line: int, said: str) -> None:
    with pytest.raises(PolicyError) as caught:
        policy(clauses)
    assert f"p.yaml:{line}" in str(caught.value) and f'Did you mean "{said}"' in str(caught.value)


def test_in_shadow_as_a_whole_nothing_is_done() -> None:
    """Not even by clauses about the exchange."""
    head = HEAD.replace("packs:", "require: [subject]\npacks:")
    made = policy("  - {id: c, when: {models: ['*']}, then: block}\n", head=head)
    quiet = shadowed(made.profile)
    assert quiet.require == frozenset() and {c.mode for c in quiet.clauses} == {Mode.SHADOW}
    assert decide(made, [], situation(), missing=("subject",)).reasons == ("required:subject",)
