"""A pack may add to another's rules; shipped files stay as they are."""

import re

import pytest
from rules.samples import CARD, KEY, files

from excise.errors import PolicyError
from excise.model import Action, Mode, Severity
from excise.rules.extend import extend_rules
from excise.rules.load import extended_by, load_pack
from excise.rules.schema import RulePack

HEAD = "pack: house\nversion: 1\nengine: 1\ntitle: Of the house\nextends: [sample]\n"
SHIPPED = load_pack("sample", files(key=KEY, card=CARD))


def house(entry: str) -> RulePack:
    return load_pack("house", {"pack.yaml": HEAD, "own.yaml": f"extend:\n  - {entry}\n"})


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ("level: 3", "level", 3),
        ("action: alert", "action", Action.ALERT),
        ("severity: low", "severity", Severity.LOW),
        ("mode: shadow", "mode", Mode.SHADOW),
    ],
)
def test_a_rule_is_changed_with_a_reason(change: str, field: str, value: object) -> None:
    made = house(f"{{rule: sample.key, {change}, because: We said so.}}")
    rules = {rule.id: rule for rule in extend_rules(SHIPPED.rules, made.extensions)}
    assert getattr(rules["sample.key"], field) == value
    assert rules["sample.key"].because == "We said so."
    assert rules["sample.card"] == next(r for r in SHIPPED.rules if r.id == "sample.card")


def test_an_excuse_is_added_behind_those_that_are_there() -> None:
    made = house("{rule: sample.key, unless: [{value: T, because: Tests.}], because: We said so.}")
    rules = {rule.id: rule for rule in extend_rules(SHIPPED.rules, made.extensions)}
    assert [each.because for each in rules["sample.key"].unless][-1] == "Tests."
    assert len(rules["sample.key"].unless) == 2


def test_a_rule_is_switched_off() -> None:
    made = house("{rule: sample.key, off: true, because: We have none.}")
    assert [rule.id for rule in extend_rules(SHIPPED.rules, made.extensions)] == ["sample.card"]


@pytest.mark.parametrize(
    ("entry", "code", "said"),
    [
        ("{rule: sample.kye, off: true, because: So.}", "010", 'Did you mean "sample.key"'),
        ("{rule: sample.key, because: So.}", "015", "nothing is changed"),
        ("{rule: sample.key, off: true, level: 2, because: So.}", "015", "switched off"),
        ("{rule: sample.key, off: true}", "004", "because"),
        ("{rule: sample.key, off: true, because: so}", "012", "full stop"),
        ("{rule: sample.key, level: 9, because: So.}", "006", "level 9"),
        ("{rule: sample.key, lvl: 2, because: So.}", "003", 'Did you mean "level"'),
        ("{rule: sample.key, action: steer, because: So.}", "006", "steer"),
        (
            "{rule: sample.key, level: 2, because: So.}\n"
            "  - {rule: sample.key, level: 3, because: So.}",
            "007",
            "extended twice",
        ),
    ],
)
def test_mistakes_are_named(entry: str, code: str, said: str) -> None:
    with pytest.raises(PolicyError, match=f"EXC-POL-{code}") as caught:
        extend_rules(SHIPPED.rules, house(entry).extensions)
    assert said in str(caught.value) and re.search(r"house/own\.yaml:\d", str(caught.value))


def test_a_pack_brings_others_along() -> None:
    assert extended_by("house", {"pack.yaml": HEAD}) == ("sample",)


def test_a_list_that_nobody_reads_is_named() -> None:
    with pytest.raises(PolicyError, match="no rule of the pack reads this list"):
        load_pack("sample", {**files(key=KEY), "lists/left.txt": "a\n"})
