"""Presidio's recognizer YAML becomes a pack that finds what the recognizers found."""

from __future__ import annotations

import pytest
from presidio_analyzer import Pattern, PatternRecognizer

from excise.detectors.adopted.recognizer_yaml import import_recognizers
from excise.detectors.build import build_plain_scanner
from excise.errors import PolicyError
from excise.model import Part, Role, Segment
from excise.rules.load import load_pack
from excise.rules.schema import Status

REGISTRY = r"""
supported_languages: [en]
recognizers:
  - name: CreditCardRecognizer
    type: predefined
  - UsSsnRecognizer
  - name: Zip code Recognizer
    supported_languages: [{language: en, context: [zip, code]}, {language: de}]
    type: custom
    supported_entity: ZIP
    patterns:
      - {name: weak, regex: '(\b\d{5}(?:\-\d{4})?\b)', score: 0.01}
  - name: BadgeRecognizer
    supported_entities: [BADGE_ID]
    supported_language: de
    patterns:
      - {name: old, regex: '(?<![A-Z0-9])(?P<n>BDG-\d+)(?!\d)', score: 0.7}
      - {name: new, regex: '(?<=#)(?<!##)B.{2,}?!(?=$|\s)', score: 0.3}
  - supported_entity: TITLE
    deny_list: [Mr., Mrs., Miss]
    deny_list_score: 0.65
"""
PATTERNS = (
    (r"(\b\d{5}(?:\-\d{4})?\b)", "zip-code-1"),
    (r"(?<![A-Z0-9])(?P<n>BDG-\d+)(?!\d)", "badge-1"),
    (r"(?<=#)(?<!##)B.{2,}?!(?=$|\s)", "badge-2"),
)
TEXTS = (
    "12345 and 12345-6789, not 123456",
    "BDG-77, XBDG-78 BDG-79a bdg-8",
    "#Bab! ##Bab! #B\nb! Bab! #Bab!x",
)
TITLES = "Mr. Foo, Mrs. Bar and Miss Baz, MissX"


def found(text: str) -> list[tuple[str, int, int]]:
    """What the imported pack finds: rule, start, end."""
    made = import_recognizers(REGISTRY, "registry.yaml", "mine")
    rules = load_pack("mine", made.files).rules
    segment = Segment(text, Role.USER, Part.PROMPT, 0)
    scanner = build_plain_scanner(rules)
    return [(each.rule, *each.span) for each in scanner.scan([segment])[0]]


@pytest.mark.parametrize(("pattern", "rule"), PATTERNS)
def test_an_imported_rule_finds_what_the_recognizer_finds(pattern: str, rule: str) -> None:
    """Look-around included."""
    recognizer = PatternRecognizer("X", patterns=[Pattern("x", pattern, 0.5)])
    hits = 0
    for text in TEXTS:
        theirs = {(each.start, each.end) for each in recognizer.analyze(text, ["X"])}
        ours = {(start, end) for name, start, end in found(text) if name == f"mine.{rule}"}
        assert ours == theirs
        hits += len(ours)
    assert hits


def test_a_deny_list_is_any_of_its_words() -> None:
    """Not within a longer word."""
    recognizer = PatternRecognizer("TITLE", deny_list=["Mr.", "Mrs.", "Miss"])
    theirs = {(each.start, each.end) for each in recognizer.analyze(TITLES, ["TITLE"])}
    assert {(start, end) for _, start, end in found(TITLES)} == theirs


def test_what_the_pack_says() -> None:
    """Sandbox, levels by score, a second rule where there is context; shipped ones are named."""
    made = import_recognizers(REGISTRY, "registry.yaml", "mine")
    assert made.shipped == ("CreditCardRecognizer", "UsSsnRecognizer")
    rules = {rule.id: rule for rule in load_pack("mine", made.files).rules}
    assert made.rules == len(rules) == 5
    assert all(rule.status is Status.SANDBOX for rule in rules.values())
    assert rules["mine.zip-code-1"].level == 4 and rules["mine.zip-code-1-context"].level == 3
    assert rules["mine.badge-1"].level == rules["mine.title-1"].level == 2
    assert rules["mine.zip-code-1"].entity == "pii.zip"
    context = rules["mine.zip-code-1-context"].match.context
    assert context and context.words == ("*zip*", "*code*")


def test_case_counts_where_the_flags_say_so() -> None:
    """2 is the flag for either case."""
    for flags, ignored in ((26, True), (24, False)):
        made = import_recognizers(f"global_regex_flags: {flags}\n{REGISTRY}", "r.yaml", "mine")
        rules = load_pack("mine", made.files).rules
        assert {rule.match.ignore_case for rule in rules} == {ignored}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("score: 0.7", "score: high", "registry.yaml:17: "),
        (", score: 0.7", "", '"score" is missing'),
        ("BDG-", "(BDG-", "registry.yaml:17: not a regular expression"),
        ("BDG-", "(?=BDG)B", "registry.yaml:17: look-around inside"),
        ("BDG-", r"(\w)-\1", "registry.yaml:17: look-around inside"),
        ("supported_entity: ZIP", "entity: ZIP", '"supported_entity" is missing'),
        ("recognizers:", "recognisers:", '"recognizers" is missing'),
        (r"BDG-\d+", r"(?:x*)", "registry.yaml:17: "),
    ],
)
def test_a_fault_is_named_with_its_place(old: str, new: str, said: str) -> None:
    """File, line and what is wrong."""
    assert old in REGISTRY
    with pytest.raises(PolicyError) as caught:
        import_recognizers(REGISTRY.replace(old, new, 1), "registry.yaml", "mine")
    assert said in str(caught.value)


def test_a_registry_of_shipped_ones_is_an_empty_pack() -> None:
    """Nothing to bring along is no fault."""
    made = import_recognizers("recognizers: [UrlRecognizer]\n", "r.yaml", "mine")
    assert not load_pack("mine", made.files).rules and made.shipped == ("UrlRecognizer",)
