"""The worst enforced action wins; shadow only says what it would have done."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.model import (
    Action,
    Decision,
    Direction,
    Finding,
    Kind,
    Mode,
    Part,
    Principal,
    Role,
    Segment,
    Severity,
    Span,
)
from excise.policy.build import Policy, assembled
from excise.policy.decide import decide
from excise.policy.facts import RuleFacts
from excise.policy.load import BUILT
from excise.policy.schema import Clause, PackUse, Profile, When
from excise.policy.situation import Situation

BUILT_ACTIONS = sorted(BUILT, key=lambda action: action.rank)


def policy(
    *clauses: Clause,
    modes: dict[str, Mode] | None = None,
    action: Action = Action.REDACT,
    **facts: object,
) -> Policy:
    """One rule `p.r` of pack `p`, under the given clauses."""
    rule = {
        "id": "p.r",
        "pack": "p",
        "entity": "secret.r",
        "kind": Kind.SECRET,
        "severity": Severity.HIGH,
        "level": 1,
        "action": action,
        "directions": frozenset({Direction.REQUEST}),
        "parts": frozenset(),
    } | facts
    return assembled(
        Profile(
            name="t",
            title="t",
            packs=(PackUse(name="p"),),
            level=2,
            clauses=clauses,
            uninspectable=Action.ALERT,
            uninspectable_by_reason={"expansion": Action.BLOCK},
            on_fault=Action.BLOCK,
        ),
        {"p.r": RuleFacts(**rule)},  # type: ignore[arg-type]
        modes=modes or {"p.r": Mode.ENFORCE},
    )


def decided(
    of: Policy,
    *,
    direction: Direction = Direction.REQUEST,
    part: Part = Part.PROMPT,
    group: str = "",
    unread: tuple[str, ...] = (),
    findings: int = 1,
) -> Decision:
    """The decision over one segment with so many findings of `p.r`."""
    segment = Segment("text", Role.USER, part, 0)
    finding = Finding("secret.r", "p.r", Span(0, 4), 1.0, Severity.HIGH, Kind.SECRET)
    return decide(
        of,
        [(segment, [finding] * findings)],
        Situation(direction=direction, principal=Principal(id="x", group=group)),
        unread=unread,
    )


def clause(then: Action, mode: Mode = Mode.ENFORCE, **when: object) -> Clause:
    """A clause with these conditions."""
    conditions = {"rules": frozenset({"*"})} | when
    return Clause(id=f"{then}-{mode}", when=When(**conditions), then=then, mode=mode)  # type: ignore[arg-type]


def test_without_findings_everything_is_allowed() -> None:
    """Nothing found, nothing unread: allow, with no ruling."""
    decision = decided(policy(), findings=0)
    assert (decision.action, decision.would, decision.rulings) == (Action.ALLOW, Action.ALLOW, ())


@pytest.mark.parametrize("pair", itertools.permutations(BUILT_ACTIONS, 2))
def test_of_several_clauses_the_strictest_wins(pair: tuple[Action, Action]) -> None:
    """Whatever the order of the clauses."""
    expected = max(pair, key=lambda action: action.rank)
    assert decided(policy(*(clause(action) for action in pair))).action is expected


@pytest.mark.parametrize(
    ("when", "applies"),
    [
        ({"rules": frozenset({"p.r"})}, True),
        ({"rules": frozenset({"p.*"})}, True),
        ({"rules": frozenset({"q.*"})}, False),
        ({"entities": frozenset({"secret.*"})}, True),
        ({"entities": frozenset({"pii.*"})}, False),
        ({"packs": frozenset({"q"})}, False),
        ({"kinds": frozenset({Kind.PAYMENT})}, False),
        ({"severities": frozenset({Severity.HIGH})}, True),
        ({"directions": frozenset({Direction.RESPONSE})}, False),
        ({"roles": frozenset({Role.SYSTEM})}, False),
        ({"parts": frozenset({Part.PROMPT})}, True),
        ({"parts": frozenset({Part.DOCUMENT})}, False),
        ({"groups": frozenset({"support"})}, True),
        ({"groups": frozenset({"interns"})}, False),
    ],
)
def test_a_clause_speaks_only_where_it_applies(when: dict[str, object], applies: bool) -> None:
    """Every condition must hold; otherwise the rule's own action stands."""
    decision = decided(policy(clause(Action.BLOCK, **when)), group="support")
    assert decision.action is (Action.BLOCK if applies else Action.REDACT)


def test_a_milder_clause_replaces_the_rules_own_action() -> None:
    """A profile may soften a rule."""
    assert decided(policy(clause(Action.ALERT))).action is Action.ALERT


def test_a_pack_in_shadow_alters_nothing() -> None:
    """Recorded as would-have, enforced as allow."""
    decision = decided(policy(modes={"p.r": Mode.SHADOW}, action=Action.BLOCK))
    assert (decision.action, decision.would) == (Action.ALLOW, Action.BLOCK)
    assert [ruling.mode for ruling in decision.rulings] == [Mode.SHADOW]


def test_a_clause_in_shadow_leaves_the_rule_as_it_is() -> None:
    """The rule's own action is enforced beside the shadow clause."""
    decision = decided(policy(clause(Action.BLOCK, Mode.SHADOW)))
    assert (decision.action, decision.would) == (Action.REDACT, Action.BLOCK)


def test_a_rule_keeps_to_its_direction_and_parts() -> None:
    """A rule for requests says nothing of answers; one for prompts nothing of documents."""
    assert decided(policy(), direction=Direction.RESPONSE).rulings == ()
    only = policy(parts=frozenset({Part.PROMPT}))
    assert decided(only, part=Part.DOCUMENT).rulings == ()
    assert decided(only, part=Part.PROMPT).rulings != ()


@pytest.mark.parametrize(
    ("reason", "action"), [("encoding-unknown", Action.ALERT), ("expansion", Action.BLOCK)]
)
def test_what_cannot_be_read_has_a_policy_of_its_own(reason: str, action: Action) -> None:
    """By reason where the profile names it, else by its default."""
    decision = decided(policy(), findings=0, unread=(reason,))
    assert decision.action is action
    assert decision.reasons == (f"uninspectable:{reason}",)


@given(
    st.lists(st.sampled_from(BUILT_ACTIONS), max_size=4),
    st.sampled_from(BUILT_ACTIONS),
    st.sampled_from(BUILT_ACTIONS),
)
def test_a_stricter_policy_never_allows_more(
    actions: list[Action], own: Action, more: Action
) -> None:
    """Adding a clause that is at least as strict as the rule itself never softens the outcome."""
    clauses = [clause(action) for action in actions]
    before = decided(policy(*clauses, action=own))
    strict = max([own, more], key=lambda action: action.rank)
    after = decided(policy(*clauses, clause(strict), action=own))
    assert after.action.rank >= before.action.rank
