"""Taking a rule out of shadow changes its mode and nothing else of the file."""

from __future__ import annotations

import difflib
from dataclasses import replace

import pytest
from policy.samples import HEAD, RULES

from excise.errors import PolicyError
from excise.model import Action, Mode
from excise.policy.build import build_policy
from excise.policy.load import parse_profile
from excise.policy.promotion import find_use, promote_clause, promote_rule, roll_out

FLOW = "packs: [{pack: pii}, {pack: secret}, {pack: lab, mode: shadow}]"
FORMS = {
    "flow": "packs:\n  - {pack: lab, mode: shadow}  # not yet\n  - {pack: pii}\n",
    "flow with a list": "packs:\n  - {pack: lab, mode: shadow, enforce: []}\n  - {pack: pii}\n",
    "block": "packs:\n  - pack: lab\n    mode: shadow  # not yet\n  - {pack: pii}\n",
    "block at the end": "packs:\n  - {pack: pii}\n  - pack: lab\n    mode: shadow\n",
    "named in shadow": "packs:\n  - {pack: pii}\n  - {pack: lab, shadow: [lab.idea]}\n",
    "named in a block": "packs:\n  - pack: lab\n    shadow: [lab.idea]\n  - {pack: pii}\n",
}

BARE = HEAD.replace(FLOW + "\n", FORMS["flow"]).replace("clauses:\n", "")


def parsed(text: str):  # type: ignore[no-untyped-def]
    return parse_profile(text, "p.yaml")


def modes(text: str) -> dict[str, Mode]:
    rules = [each for each in RULES if each.pack in ("pii", "lab")]
    rules.append(replace(rules[-1], id="lab.other"))
    return dict(build_policy(parsed(text), rules, "p.yaml", text.encode()).modes)


@pytest.mark.parametrize("form", FORMS)
def test_a_rule_is_enforced_and_the_others_stay(form: str) -> None:
    """And no line is lost but those of the mode."""
    old = HEAD.replace(FLOW + "\n", FORMS[form])
    new = promote_rule(old, find_use(parsed(old), "lab"), "lab.idea")  # type: ignore[arg-type]
    before, after = modes(old), modes(new)
    assert before["lab.idea"] is Mode.SHADOW and after.pop("lab.idea") is Mode.ENFORCE
    assert after == {rule: mode for rule, mode in before.items() if rule != "lab.idea"}
    changed = [d for d in difflib.ndiff(old.splitlines(), new.splitlines()) if d[0] in "+-"]
    assert len(changed) <= 2


def test_what_stands_over_several_lines_is_left_to_a_person() -> None:
    text = HEAD.replace(
        FLOW, "packs:\n  - pack: lab\n    shadow:\n      - lab.idea\n  - {pack: pii}"
    )
    with pytest.raises(PolicyError, match="by hand"):
        promote_rule(text, find_use(parsed(text), "lab"), "lab.idea")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("clause", "percent", "mode"),
    [
        ("  - {id: c, when: {kinds: [secret]}, then: block, mode: shadow}\n", 100, Mode.ENFORCE),
        ("  - {id: c, when: {kinds: [secret]}, then: block, mode: shadow}\n", 20, Mode.ENFORCE),
        ("  - id: c\n    when: {kinds: [secret]}\n    then: block\n    percent: 5\n", 40,
         Mode.ENFORCE),
        ("  - id: c\n    when: {kinds: [secret]}\n    then: block\n    mode: shadow\n", 10,
         Mode.ENFORCE),
    ],
)  # fmt: skip
def test_a_clause_is_rolled_out(clause: str, percent: int, mode: Mode) -> None:
    text = f"{HEAD}clauses:\n{clause}"
    (old,) = parsed(text).clauses
    (new,) = parsed(promote_clause(text, old, percent)).clauses
    assert new == replace(old, mode=mode, percent=percent)


def test_a_pack_that_is_not_there_has_no_use() -> None:
    assert find_use(parsed(HEAD), "absent") is None


@pytest.mark.parametrize(
    "tail",
    [
        "",
        "cases: []\n",
        "clauses:\n  - {id: c, when: {kinds: [secret]}, then: block}\ncases: []\n",
        "clauses:  # ours\n- id: c\n  when: {kinds: [secret]}\n  then: block\n# the end\n",
    ],
)
def test_a_rule_is_rolled_out_by_two_clauses(tail: str) -> None:
    """Behind those that are there, wherever they stand."""
    text = BARE + tail
    before = parsed(text)
    after = parsed(roll_out(text, find_use(before, "lab"), "lab.idea", Action.REDACT, 20))
    assert after.clauses[:-2] == before.clauses
    noted, acting = after.clauses[-2:]
    assert (noted.then, noted.percent, acting.then, acting.percent) == ("log", 100, "redact", 20)
    assert noted.when == acting.when and acting.when.rules == {"lab.idea"}
    assert after.cases == before.cases and find_use(after, "lab").enforce == {"lab.idea"}


def test_clauses_in_one_line_are_for_a_person() -> None:
    text = BARE + "clauses: []\n"
    with pytest.raises(PolicyError, match="one line"):
        roll_out(text, find_use(parsed(text), "lab"), "lab.idea", Action.REDACT, 20)
