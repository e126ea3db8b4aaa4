"""Packs load strictly: every mistake is named with code and line."""

import re

import pytest
from rules.samples import CARD, KEY, PACK, PASSWORD, files, sample_pack

from excise.errors import PolicyError
from excise.model import Action, Direction, Kind, Severity
from excise.rules.load import load_pack, load_packs
from excise.rules.schema import Asked, Scope, Status


def test_a_rule_is_read_whole() -> None:
    """Own fields, the pack's defaults and the engine's defaults."""
    card, key, password = sample_pack().rules
    assert (key.severity, key.kind, key.status) == (Severity.HIGH, Kind.SECRET, Status.STABLE)
    assert key.action is Action.REDACT and key.level == 1 and not key.generic
    assert key.directions == {Direction.REQUEST, Direction.RESPONSE} and key.parts == frozenset()
    assert [e.scope for e in key.unless] == [Scope.VALUE] and key.unless[0].shared == "manuals"
    assert card.kind is Kind.PAYMENT and card.hold and card.match.context is not None
    assert card.match.context.words == ("card", "visa*") and card.match.checks == ("pan",)
    assert "(?:[ ]{0,3}[:=][ ]{0,3})" in password.match.regex and password.generic
    assert password.examples[1].label == "password" and password.examples[2].silent
    assert key.origin == "packs/sample/key.yaml:2"


def test_lists_are_read_from_their_files() -> None:
    """One entry a line, comments left out, case not minded."""
    text = KEY.replace("- use: manuals", "- {list: lists/words.txt, because: A word.}")
    pack = load_pack("sample", {**files(key=text), "lists/words.txt": "# head\nOne\n\ntwo\n"})
    assert pack.rules[0].unless[0].values == {"one", "two"}


def asking(old: str = "", new: str = "") -> str:
    """The rule of a key, as one that asks a detector; one thing about it changed."""
    pattern = re.search(r"\n      regex: .*", KEY)
    assert pattern
    text = KEY.replace(f"match:{pattern[0]}", "match: {detector: names, label: PERSON}")
    assert old in text
    return text.replace(old, new, 1)


def test_a_rule_may_ask_a_detector() -> None:
    """Then it has no pattern, no disguises and nothing to hold."""
    (rule,) = load_pack("sample", files(key=asking())).rules
    assert rule.asked == Asked(detector="names", label="PERSON")
    assert (rule.match.regex, rule.survives, rule.is_streamed) == ("", (), False)
    wild = asking("label: PERSON}", "label: '*', min_score: 0.9}").replace(
        "entity: secret.sample-key", "entity: secret.*"
    )
    (rule,) = load_pack("sample", files(key=wild)).rules
    assert rule.entity == "secret.*" and rule.asked and rule.asked.min_score == 0.9


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("names", "nams", "EXC-POL-006"),
        (", label: PERSON", "", "EXC-POL-004"),
        ("PERSON}", "PERSON, min_score: 2}", "EXC-POL-006"),
        ("PERSON}", "PERSON, regex: a}", "EXC-POL-003"),
        ("entity: secret.sample-key", "entity: secret.*", "EXC-POL-010"),
    ],
)
def test_mistakes_in_asking_are_named(old: str, new: str, code: str) -> None:
    """With their code."""
    with pytest.raises(PolicyError, match=code):
        load_pack("sample", files(key=asking(old, new)))


def test_words_of_a_context_come_from_lists_too() -> None:
    """Own words first, then those of the files in order of the alphabet."""
    wide = "words: [card, visa*]"
    text = CARD.replace(wide, "words: [card], lists: [lists/calls.txt]")
    assert wide in CARD
    pack = load_pack("sample", {**files(card=text), "lists/calls.txt": "# of calls\ntel\nFax\n"})
    context = pack.rules[0].match.context
    assert context is not None and context.words == ("card", "fax", "tel")


MISTAKES = [
    ("id: sample.key", "id: other.key", "EXC-POL-007"),
    ("id: sample.key", "id: sample.Key", "EXC-POL-007"),
    ("secret.sample-key", "secrets.sample-key", "EXC-POL-010"),
    ("title: Key of a sample", "title: key of a sample", "EXC-POL-012"),
    ("title: Key of a sample", "title: Key of a sample.", "EXC-POL-012"),
    ("why: It opens things.", "why: It opens things", "EXC-POL-012"),
    ("match:", "keywords: [Key-]\n    match:", "EXC-POL-012"),
    ("match:", "keywords: [token]\n    match:", "EXC-POL-008"),
    ("match:", "level: 5\n    match:", "EXC-POL-006"),
    ("match:", "colour: red\n    match:", "EXC-POL-003"),
    ("match:", "action: steer\n    match:", "EXC-POL-006"),
    ("match:", "survives: [whispered]\n    match:", "EXC-POL-006"),
    ("match:", "where: {direction: [sideways]}\n    match:", "EXC-POL-006"),
    ("match:", "where: {role: [user]}\n    match:", "EXC-POL-003"),
    ("match:", "hold: 'a+'\n    match:", "EXC-POL-008"),
    ("regex: '", "phrases: [a]\n      regex: '", "EXC-POL-003"),
    ("regex: '", "checks: [lucky]\n      regex: '", "EXC-POL-006"),
    ("regex: '", "group: gone\n      regex: '", "EXC-POL-008"),
    ("regex: '", "context: {words: [a], after: 9}\n      regex: '", "EXC-POL-008"),
    ("regex: '", "context: {lists: [lists/gone.txt]}\n      regex: '", "EXC-POL-010"),
    ("regex: '", "context: {before: 9}\n      regex: '", "EXC-POL-004"),
    ("regex: '", "context: {words: ['*']}\n      regex: '", "EXC-POL-012"),
    ("{16}", "+", "EXC-POL-008"),
    ("key-[0-9", "key [0-9", "EXC-POL-008"),  # white space inside the span, and no hold
    ("key-[0-9", "{{none}}[0-9", "EXC-POL-010"),
    ("- use: manuals", "- use: manual", "EXC-POL-010"),
    ("- use: manuals", "- {value: a, line: b, because: So.}", "EXC-POL-004"),
    ("- use: manuals", "- {value: a}", "EXC-POL-004"),
    ("- use: manuals", "- {value: '(', because: So.}", "EXC-POL-008"),
    ("- use: manuals", "- {list: lists/no.txt, because: So.}", "EXC-POL-010"),
    ("https://", "http://", "EXC-POL-012"),
    ("[https://example.org/key]", "[]", "EXC-POL-004"),
    ("name: two of them", "name: in a sentence", "EXC-POL-007"),
    ("the <<key-{alnum:16}>> here", "the key-{alnum:16} here", "EXC-POL-012"),
    ("the key-{alnum:15} here", "the <<key-{alnum:15}>> here", "EXC-POL-012"),
    ("- name: of the manual", "- someday: none\n        name: of the manual", "EXC-POL-011"),
]


@pytest.mark.parametrize(("old", "new", "code"), MISTAKES)
def test_mistakes_are_named(old: str, new: str, code: str) -> None:
    """Each has its code and the place where it stands."""
    assert old in KEY
    with pytest.raises(PolicyError, match=r"packs/sample/key\.yaml:\d+: ") as caught:
        load_pack("sample", files(key=KEY.replace(old, new, 1)))
    assert caught.value.code == code


HEADS = [
    ("pack: sample", "pack: simple", "EXC-POL-007"),
    ("engine: 1", "engine: 2", "EXC-POL-006"),
    ("severity: high", "severity: huge", "EXC-POL-006"),
    ("severity: high", "weight: high", "EXC-POL-003"),
    ("version: 1", "version: 1\nmaintainers: [a]", "EXC-POL-003"),
    ("version: 1", "version: 1\nretired: [sample.key]", "EXC-POL-007"),
]


@pytest.mark.parametrize(("old", "new", "code"), HEADS)
def test_mistakes_in_the_head_are_named(old: str, new: str, code: str) -> None:
    """The same for pack.yaml."""
    with pytest.raises(PolicyError) as caught:
        load_pack("sample", {"pack.yaml": PACK.replace(old, new, 1), "key.yaml": KEY})
    assert caught.value.code == code


def test_an_id_stands_once_in_a_pack() -> None:
    """Whichever files it stands in."""
    with pytest.raises(PolicyError, match="stands twice") as caught:
        load_pack("sample", files(key=KEY, other=KEY))
    assert caught.value.code == "EXC-POL-007"


def test_a_pack_needs_its_head() -> None:
    """A folder without pack.yaml is none."""
    with pytest.raises(PolicyError, match=r"pack\.yaml is missing"):
        load_pack("sample", {"key.yaml": KEY})


def test_packs_come_in_order_of_their_names() -> None:
    """So that a database is the same on every machine."""
    other = {
        "pack.yaml": PACK.replace("pack: sample", "pack: another"),
        "card.yaml": CARD.replace("sample.card", "another.card"),
    }
    packs = load_packs({"sample": files(password=PASSWORD), "another": other})
    assert [pack.name for pack in packs] == ["another", "sample"]
