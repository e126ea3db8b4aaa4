"""What is asked of the pack of personal data beyond each rule's own examples."""

import random
import re
from collections import Counter

import pytest
from packs.test_packs import files

from excise.detectors.build import active, build_scanner
from excise.model import Action, Part, Role, Segment
from excise.rules.load import load_pack
from excise.rules.schema import Rule

RULES = load_pack("gdpr", files("gdpr")).rules
STRINGS = 20_000
MOST = 1e-3  # share of random numbers that one rule may take for its own
LANGUAGES = ("English", "German", "French", "Spanish", "Italian", "Portuguese", "Dutch", "Polish")
IDS = ("pii.national-id", "pii.tax-id", "pii.health-id", "pii.bank-account", "pii.passport")


def bare(dice: random.Random) -> str:
    """A run of 6 to 20 digits."""
    return "".join(dice.choice("0123456789") for _ in range(dice.randint(6, 20)))


def grouped(dice: random.Random) -> str:
    """Two to five groups of one to six digits with one sign between them."""
    groups = [
        "".join(dice.choice("0123456789") for _ in range(dice.randint(1, 6)))
        for _ in range(dice.randint(2, 5))
    ]
    return dice.choice(" -./:").join(groups)


@pytest.mark.parametrize("make", [bare, grouped])
def test_random_numbers_are_nobodys(make) -> None:  # type: ignore[no-untyped-def]
    """No rule up to level 2 takes more than one in a thousand random numbers for an id."""
    dice = random.Random(20261121)
    rules = [rule for rule in active(RULES, level=2) if rule.entity.startswith(IDS)]
    scanner = build_scanner(rules)
    hits: Counter[str] = Counter()
    block = 50
    for _ in range(STRINGS // block):
        text = "\n\n".join(f"it is {make(dice)} now" for _ in range(block))
        found = scanner.scan([Segment(text, Role.USER, Part.PROMPT, 0)])[0]
        hits.update(finding.rule for finding in found)
    assert {rule: count for rule, count in hits.items() if count > STRINGS * MOST} == {}


def test_the_measure_above_sees_a_weak_rule() -> None:
    """A rule for level 4 would not pass it."""
    weak = next(rule for rule in RULES if rule.id == "gdpr.ca-sin-bare")
    dice = random.Random(1)
    text = "\n".join(
        f"it is {''.join(dice.choice('0123456789') for _ in range(9))} now" for _ in range(1000)
    )
    found = build_scanner([weak]).scan([Segment(text, Role.USER, Part.PROMPT, 0)])[0]
    assert len(found) > 1000 * MOST


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_names_the_article_it_serves(rule: Rule) -> None:
    assert re.search(r"Art\. [0-9]{1,2}", rule.why)


def test_few_rules_look_at_answers() -> None:
    """A rule that does costs on every piece of every stream."""
    assert {rule.id for rule in RULES if rule.is_streamed} == {
        "gdpr.email",
        "gdpr.phone-international",
        "gdpr.us-ssn",
    }


def test_weak_kinds_only_log() -> None:
    for rule in RULES:
        if rule.entity in ("pii.age", "pii.health-condition"):
            assert rule.action is Action.LOG, rule.id


@pytest.mark.parametrize("name", sorted(n for n in files("gdpr") if n.startswith("lists/context-")))
def test_lists_of_context_speak_eight_languages(name: str) -> None:
    text = files("gdpr")[name]
    heads = {line.removeprefix("# ") for line in text.splitlines() if line.startswith("# ")}
    assert name == "lists/context-device.txt" or heads >= set(LANGUAGES[1:])


def test_every_list_of_context_is_read() -> None:
    packs = "\n".join(text for name, text in files("gdpr").items() if name.endswith(".yaml"))
    lists = [name for name in files("gdpr") if name.startswith("lists/")]
    assert [name for name in lists if name not in packs] == []
