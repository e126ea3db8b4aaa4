"""The worst enforced action wins; shadow only says what it would have done."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy.samples import HEAD, RULES, found, situation
from policy.samples import policy as sample

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


def test_a_clause_may_speak_of_the_exchange_alone() -> None:
    """Nothing need be found; what does not fit stays silent."""
    made = sample(
        '  - {id: c, if: \'model == "o3" && principal.group == "interns"\', then: block}\n'
    )
    said = decide(made, [], situation(model="o3", group="interns"))
    assert (said.action, said.rulings) == (Action.BLOCK, ())
    assert [(each.clause, each.mode) for each in said.clauses] == [("c", Mode.ENFORCE)]
    assert decide(made, [], situation(model="o3", group="staff")).clauses == ()
    assert decide(made, [found("pii.email")], situation()).action is Action.REDACT


@pytest.mark.parametrize(
    ("expression", "rules", "holds"),
    [
        ('pii.count("pii.email") > 1 && principal.group != "support"', 2 * ["pii.email"], True),
        ('pii.count("pii.email") > 1 && principal.group != "support"', ["pii.email"], False),
        ("risk >= 5.0", ["secret.key"], True),
        ('findings.exists(f, f.severity == "low" && f.count > 1)', 2 * ["pii.phone"], True),
        ('layer("lexical") > 2.0', ["pii.phone"], False),
        ("tokens > 10", [], True),
        ("time.hour == 0 && tokens > 10", ["pii.phone"], True),
    ],
)
def test_expressions_read_what_was_found(expression: str, rules: list[str], holds: bool) -> None:
    made = sample(f"  - {{id: c, if: '{expression}', then: alert}}\n")
    said = decide(made, [found(*rules)] if rules else [], situation(tokens=11))
    assert bool(said.clauses) is holds


def test_an_expression_may_ask_about_the_finding_itself() -> None:
    """And only of those findings that its conditions name."""
    made = sample(
        "  - {id: c, when: {entities: ['pii.*']}, if: 'finding.severity == \"low\"', then: block}\n"
    )
    said = decide(made, [found("pii.email", "pii.phone")], situation())
    assert {r.finding.rule: r.clause for r in said.rulings} == {"pii.email": "", "pii.phone": "c"}


@pytest.mark.parametrize(
    ("scope", "older", "action"),
    [
        ("new", False, Action.BLOCK),
        ("new", True, Action.REDACT),
        ("all", True, Action.BLOCK),
    ],
)
def test_an_old_turn_is_redacted_not_refused(scope: str, older: bool, action: Action) -> None:
    """One hit never locks a session, unless the clause says so."""
    made = sample(f"  - {{id: c, when: {{rules: [pii.email]}}, then: block, scope: {scope}}}\n")
    said = decide(made, [found("pii.email", older=older)], situation())
    assert said.action is action and said.rulings[0].older is older
    counted = sample(f"  - {{id: c, if: 'count(\"pii.*\") > 0', then: block, scope: {scope}}}\n")
    assert decide(counted, [found("pii.email", older=older)], situation()).action is action


def test_a_rules_own_refusal_keeps_to_the_new_turn() -> None:
    assert decide(sample(), [found("secret.key")], situation()).action is Action.BLOCK
    assert decide(sample(), [found("secret.key", older=True)], situation()).action is Action.REDACT


def test_what_fails_is_named_and_strict() -> None:
    made = sample("  - {id: c, if: '1 / tokens > 0', then: block}\n")
    said = decide(made, [], situation())
    assert (said.action, said.reasons) == (Action.BLOCK, ("expression:c",))


def test_a_required_detector_must_answer() -> None:
    made = sample(head=HEAD.replace("packs:", "require: [pattern]\npacks:"))
    assert decide(made, [], situation(), missing=("subject",)).action is Action.ALLOW
    said = decide(made, [], situation(), missing=("pattern",))
    assert (said.action, said.reasons) == (Action.BLOCK, ("required:pattern",))


def test_the_anomaly_score_stands_in_the_decision() -> None:
    """Of all that was found, in shadow or not."""
    said = decide(sample(), [found("secret.key", "lab.idea")], situation())
    assert said.risk == (("lexical", 5.0), ("meaning", 1.0))


SHADOWY = sample(
    "".join(
        f"  - {{id: c{number}, if: '{text}', then: {then}}}\n"
        for number, (text, then) in enumerate(
            (
                ('count("lab.*") > 0', "block"),
                ("risk > 2.0", "block"),
                ('findings.exists(f, f.kind == "business")', "alert"),
                ('count("pii.*") > 1 && !(count("lab.idea") > 0)', "block"),
                ('model == "o3"', "alert"),
            )
        )
    )
    + "  - {id: d, when: {packs: [lab]}, then: block}\n"
    + "  - {id: e, when: {rules: ['*']}, if: 'topic(\"x\") > 0.5 || risk > 2.5', then: block}\n"
)


@given(
    st.lists(st.sampled_from(["pii.email", "pii.phone", "secret.key"]), max_size=3),
    st.integers(1, 3),
    st.booleans(),
    st.sampled_from(["o3", "gpt"]),
)
def test_what_shadow_sees_alters_nothing(
    rules: list[str], ideas: int, older: bool, model: str
) -> None:
    """Findings of a pack in shadow change neither the action nor any enforced ruling or clause."""
    here = situation(model=model)
    before = decide(SHADOWY, [found(*rules, older=older)] if rules else [], here)
    after = decide(
        SHADOWY, [found(*rules, older=older), found(*["lab.idea"] * ideas, older=older)], here
    )
    assert after.action is before.action
    for one, other in ((before.rulings, after.rulings), (before.clauses, after.clauses)):
        assert [e for e in one if e.mode is Mode.ENFORCE] == [
            e for e in other if e.mode is Mode.ENFORCE
        ]


CALLS = (
    replace(RULES[0], id="calls.any", pack="calls", entity="tool.*", action=Action.LOG),
    replace(RULES[0], id="calls.upload", pack="calls", entity="tool.network", action=Action.LOG),
    *RULES,
)
CALL_HEAD = HEAD.replace("packs: [", "packs: [{pack: calls}, ", 1)


@pytest.mark.parametrize(
    ("clause", "entity", "acts"),
    [
        ("when: {tool-classes: [shell, payment]}", "tool.shell", True),
        ("when: {tool-classes: [shell, payment]}", "tool.network", False),
        ("when: {tool-classes: [shell], entities: ['tool.*']}", "tool.shell", True),
        ("when: {tool-classes: [shell], entities: [tool.network]}", "tool.shell", False),
        ("if: '\"shell\" in tool.classes'", "tool.shell", True),
        ('if: \'tool.classes.exists(c, c in ["shell", "write"])\'', "tool.read", False),
        ("when: {tool-classes: [shell]}", "pii.email", False),
    ],
)
def test_a_clause_may_ask_for_the_class_of_a_call(clause: str, entity: str, acts: bool) -> None:
    made = sample(f"  - {{id: c, {clause}, then: block}}\n", CALLS, CALL_HEAD)
    segment, findings = found("pii.email")
    if entity != "pii.email":
        findings = [findings[0]._replace(entity=entity, rule="calls.any")]
    said = decide(made, [(segment, findings)], situation())
    assert (said.action is Action.BLOCK) is acts


def test_a_class_of_calls_fits_rules_of_that_class_alone() -> None:
    made = sample("  - {id: c, when: {tool-classes: [shell]}, then: block}\n", CALLS, CALL_HEAD)
    assert [rule for rule, clauses in made.of_rule.items() if clauses] == ["calls.any"]
