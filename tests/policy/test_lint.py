"""What is in form and has no effect is reported with its file, its line and the mend."""

import re

import pytest
from policy.samples import HEAD, RULES, facts, policy

from excise.errors import PolicyError
from excise.policy.lint import find_mistakes

ANY = "when: {rules: ['*']}"
IDLE = [
    # clauses, what is said, the line it stands in
    (f"  - {{id: c, {ANY}, then: block, percent: 0}}\n", "rolled out to nobody", 8),
    (f"  - {{id: c, {ANY}, then: alert, tell: Sorry.}}\n", "tells nobody", 8),
    (f"  - {{id: c, {ANY}, then: alert, scope: all}}\n", "same for every turn", 8),
    ("  - {id: c, when: {rules: [lab.idea]}, then: alert}\n", "is in shadow", 8),
    ("  - {id: c, when: {rules: [pii.email]}, then: redact}\n", "do by themselves", 8),
    ("  - {id: c, when: {kinds: [code]}, then: block}\n", "no rule meets", 8),
    ("  - {id: c, when: {severities: [info]}, then: block}\n", "above level 2", 8),
    (
        "  - {id: c, when: {rules: [pii.sent], directions: [response]}, then: block}\n",
        "do not look there",
        8,
    ),
    (
        "  - {id: a, when: {kinds: [personal]}, then: block}\n"
        "  - {id: c, when: {kinds: [personal], groups: [x]}, then: alert}\n",
        "clause c never decides: a",
        9,
    ),
    (
        "  - {id: a, when: {entities: ['pii.*']}, then: block}\n"
        "  - {id: c, when: {entities: [pii.email]}, if: 'tokens > 5', then: alert}\n",
        "clause c never decides: a",
        9,
    ),
    (f"  - {{id: c, {ANY}, if: 'tokens < 0', then: block}}\n", "never holds", 8),
    (f"  - {{id: c, {ANY}, if: 'tokens >= 0', then: block}}\n", "always holds", 8),
    ("  - {id: c, if: 'risks[\"x\"] > 0.5', then: block}\n", "fails on some messages", 8),
    ("  - {id: c, if: '10 / turns > 5', then: block}\n", "divide by zero", 8),
    ("  - {id: c, if: 'injection.score > 0.5', then: block}\n", "no rule of the profile looks", 8),
]
HEADS = [
    ("{pack: pii}", "{pack: pii, mode: enforce, enforce: [pii.email]}", "changes nothing", 4),
    ("mode: shadow}", "mode: shadow, shadow: [lab.idea]}", "changes nothing", 4),
    ("level: 2", "level: 2\nrequire: [subject]", "every rule that reads it is in shadow", 1),
    ("on-fault: block", "on-fault: alert", "nobody could check", 1),
    ("{pack: pii}", "{pack: pii}, {pack: eager}", "above level 2", 4),
]
EVERY = (
    *RULES,
    facts("pii.odd", level=4, severity="info"),
    facts("pii.sent", directions=frozenset({"request"})),
    facts("eager.all", level=3),
)


@pytest.mark.parametrize(("clauses", "said", "line"), IDLE)
def test_an_idle_clause_is_reported(clauses: str, said: str, line: int) -> None:
    (mistake,) = find_mistakes(policy(clauses, EVERY), EVERY)
    assert said in mistake.text and mistake.at.startswith(f"p.yaml:{line}")
    assert mistake.hint.endswith(".") and re.fullmatch(r"EXC-POL-\d{3}", mistake.code)


@pytest.mark.parametrize(("old", "new", "said", "line"), HEADS)
def test_an_idle_head_is_reported(old: str, new: str, said: str, line: int) -> None:
    assert old in HEAD
    (mistake,) = find_mistakes(policy("", EVERY, HEAD.replace(old, new, 1)), EVERY)
    assert said in mistake.text and mistake.at.startswith(f"p.yaml:{line}")


REFUSED = [
    # what cannot be loaded at all: the clause, what is said, the mend where there is one
    ("{id: c, when: {rulez: [a]}, then: block}", 'unknown key "rulez"', "rules"),
    (f"{{id: c, {ANY}, then: blok}}", 'unknown "blok"', "block"),
    (f"{{id: c, {ANY}, then: block, percent: 101}}", "0 to 100", ""),
    (f"{{id: c, {ANY}}}", '"then" is missing', ""),
    (f"{{id: c, {ANY}, then: block, scope: some}}", 'unknown "some"', ""),
    ("{id: c, then: block}", "no condition", "every finding"),
    ("{id: c, if: 'turns > 1', then: redact}", "nothing says what to cut out", "Name findings"),
    ("{id: c, if: 'turns > 1', then: allow}", "stands all the same", "Name findings"),
    ("{id: c, when: {rules: [pii.emial]}, then: block}", "stands in no pack", "pii.email"),
    ("{id: c, when: {entities: [pii.emial]}, then: block}", "stands in no pack", "pii.email"),
    ("{id: c, when: {packs: [pi]}, then: block}", "stands in no pack", "pii"),
    ("{id: c, when: {kinds: [secrets]}, then: block}", 'unknown "secrets"', "secret"),
    ("{id: c, when: {tool-classes: [shel]}, then: block}", 'unknown "shel"', "shell"),
    ("{id: c, if: 'modle == \"a\"', then: block}", 'no field is called "modle"', "model"),
    ("{id: c, if: 'turns > \"a\"', then: block}", "does not take", ""),
    ("{id: c, if: 'turns', then: block}", "wanted yes or no", "Compare"),
    ("{id: c, if: 'count(pii) > 1', then: block}", "one name in quotes", "count"),
    ("{id: c, if: 'count(\"pii.emial\") > 1', then: block}", "stands in no pack", "pii.email"),
    ("{id: c, if: 'turns > 1 &&', then: block}", "", ""),
    (f"{{id: c, {ANY}, then: block, percent: half}}", "wanted a whole number", ""),
]


@pytest.mark.parametrize(("clause", "said", "mend"), REFUSED)
def test_what_is_wrong_in_form_does_not_load(clause: str, said: str, mend: str) -> None:
    """With the file, the line and, where something comes near, the mend."""
    with pytest.raises(PolicyError) as caught:
        policy(f"  - {clause}\n", EVERY)
    told = str(caught.value)
    assert "p.yaml:8" in told and said in told and mend in told
    assert re.search(r"EXC-POL-\d{3}", told)


def test_there_are_many_kinds() -> None:
    """Those above, counted by what is said of them."""
    assert len({said for _, said, *_ in (*IDLE, *REFUSED)} | {h[2] for h in HEADS}) >= 25


def test_all_of_them_are_reported_at_once() -> None:
    clauses = "".join(
        text.replace("id: c", f"id: c{number}").replace("id: a", f"id: a{number}")
        for number, (text, _, _) in enumerate(IDLE)
        if "never decides" not in text and "when: {kinds: [personal]" not in text
    )
    said = " ".join(each.text for each in find_mistakes(policy(clauses, EVERY), EVERY))
    assert all(f"c{number}" in said for number in (0, 5, 10, 13))


@pytest.mark.parametrize(
    "clauses",
    [
        "",
        "  - {id: c, when: {entities: ['pii.*']}, then: block}\n",
        "  - {id: a, when: {entities: ['pii.*']}, then: block}\n"
        "  - {id: c, when: {entities: ['*']}, then: alert}\n",
        "  - {id: a, when: {entities: ['pii.*']}, then: block, percent: 20}\n"
        "  - {id: c, when: {entities: [pii.email]}, then: alert}\n",
        "  - {id: a, when: {entities: ['pii.*']}, then: block, mode: shadow}\n"
        "  - {id: c, when: {entities: [pii.email]}, then: alert}\n",
        '  - {id: c, if: \'model == "o3" && count("pii.*") > 3\', then: block}\n',
    ],
)
def test_what_has_an_effect_is_left_alone(clauses: str) -> None:
    assert find_mistakes(policy(clauses, EVERY), EVERY) == []
