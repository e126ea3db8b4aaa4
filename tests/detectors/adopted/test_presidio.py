"""Presidio's recognizers in the one pass find what they find when they are run as they are."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from detectors.foreign_samples import PLAIN, drawn, filled, found, framed, shared_rows
from presidio_analyzer import (
    EntityRecognizer,
    PatternRecognizer,
    RecognizerResult,
    predefined_recognizers,
)

from excise.detectors.adopted.presidio import (
    ENTITIES,
    NOT_ADOPTED,
    adopted_rules,
    entity_of,
    judge_of,
    name_of,
    raised,
    recognizers,
    rules_of,
)
from excise.detectors.build import build_scanner
from excise.detectors.patterns.confirm import find_spans
from excise.detectors.patterns.fallback import Literals
from excise.detectors.patterns.hyper import Hyper
from excise.detectors.patterns.prefilter import Everything
from excise.model import Part, Role, Segment
from excise.plugins.presidio import ENTITIES as OFFERED
from excise.rules.compile import compile_rules
from excise.rules.schema import Rule

Found = tuple[int, int, float]  # start, end, score

FILLERS = (
    "{pan:visa}", "{pan:amex}", "{pan:mastercard:4-4-4-4}", "{pan:visa:4 4 4 4}",
    "{iban:DE}", "{iban:DE:4}", "{iban:GB}", "{iban:FR:4}", "{iban:NL}",
    "{aba}", "{wallet:btc}", "{wallet:bech32}", "{id:fi-hetu}", "{id:es-nif}",
)  # fmt: skip
WRITTEN = (
    "jane.roe@example.co.uk",
    "a+b@x-y.org",
    "o'neil@sub.example.com",
    "www.example.com/x?y=1",
    "http://a-b.example.de:80/p",
    "'https://x.io/a'",
    "5375-7802-4752-7917 ok",
    "078-05-1120",
    "27AAPFU0939F1ZV",
    "X1234567L",
)
RULES = adopted_rules()
RECOGNIZERS = {type(each).__name__: each for each in recognizers()}


class Known(NamedTuple):
    """Why a recognizer differs, and what every such difference looks like."""

    reason: str
    holds: Callable[[str, set[Found]], bool]  # of the text and the results that only one has


KNOWN_DIFFERENCES = {
    "InPanRecognizer": Known(
        "Its third pattern looks ahead to the end of the text; here it sees two characters more "
        "than a match is wide.",
        lambda text, results: all(score == 0.01 for _, _, score in results),
    ),
    "UkNinoRecognizer": Known(
        "It takes the space in front along where a letter beyond ASCII stands before that; here "
        "words begin as in ASCII.",
        lambda text, results: not text.isascii(),
    ),
}


def common() -> list[str]:
    """What every recognizer is shown."""
    values = [*filled(FILLERS, 6), *WRITTEN]
    return [*PLAIN, *framed(values), *shared_rows("pii_id_patterns")]


COMMON = common()


def plain_rules(recognizer: PatternRecognizer) -> list[Rule]:
    """Its rules, those that ask for context left out."""
    return [rule for rule in rules_of(recognizer) if rule.match.context is None]


def differences(recognizer: PatternRecognizer) -> dict[str, set[Found]]:
    """Texts of the check set in which the two do not find the same, and what only one finds."""
    rules = plain_rules(recognizer)
    texts = list(COMMON)
    for rule in rules:
        texts += framed(list(drawn(rule.match.regex, 40, rule.id)))
    wrong = {}
    count = 0
    for text, ours in zip(texts, found(rules, texts), strict=True):
        entity = recognizer.supported_entities[0]
        theirs = recognizer.analyze(text, recognizer.supported_entities)
        made = [
            RecognizerResult(entity, span.start, span.end, judged(rule, text[slice(*span)]))
            for rule, span in ours
        ]
        as_they_are = {(each.start, each.end, each.score) for each in theirs}
        count += len(as_they_are)
        in_one_pass = {
            (each.start, each.end, each.score) for each in EntityRecognizer.remove_duplicates(made)
        }
        if as_they_are != in_one_pass:
            wrong[text] = as_they_are ^ in_one_pass
    assert count, "nothing in the check set is found at all"
    return wrong


def judged(rule: Rule, text: str) -> float:
    """The score of a finding."""
    assert rule.match.foreign
    return rule.match.foreign.judge(text)


@pytest.mark.parametrize("name", RECOGNIZERS)
def test_the_spans_and_scores_are_the_same(name: str) -> None:
    """Save for what is listed with its reason, and no entry is stale."""
    wrong = differences(RECOGNIZERS[name])
    known = KNOWN_DIFFERENCES.get(name)
    if known is None:
        assert not wrong
    else:
        assert wrong, "the difference is gone: take it off the list"
        assert all(known.holds(text, results) for text, results in wrong.items())


def test_other_prefilters_find_the_same() -> None:
    """Literals, and no prefilter at all, over all rules."""
    texts = ["\n".join(COMMON[at : at + 5]) for at in range(0, 250, 5)]
    compiled = compile_rules(RULES)
    seen = [
        [
            [
                (compiled[number].rule.id, *span)
                for number, ends in sorted(hits.get(index, {}).items())
                for span in find_spans(compiled[number], text, ends)
            ]
            for index, text in enumerate(texts)
        ]
        for hits in (each(compiled).hits(texts) for each in (Hyper, Literals, Everything))
    ]
    assert any(seen[0])
    assert seen[0] == seen[1] == seen[2]


def test_every_recognizer_is_adopted_or_listed() -> None:
    """What is no pattern has its reason."""
    shipped = {
        name
        for name, each in vars(predefined_recognizers).items()
        if isinstance(each, type) and issubclass(each, EntityRecognizer)
    }
    assert set(RECOGNIZERS) | set(NOT_ADOPTED) == shipped
    assert not set(RECOGNIZERS) & set(NOT_ADOPTED)
    assert all(each.supported_entities[0] in ENTITIES for each in RECOGNIZERS.values())


def test_the_page_for_those_who_migrate_names_them() -> None:
    """Each that is not adopted, and each that differs."""
    page = (Path(__file__).resolve().parents[3] / "docs" / "migrating.md").read_text("utf-8")
    plain = len(RECOGNIZERS) - len(KNOWN_DIFFERENCES)
    assert all(f"`{name}`" in page for name in [*NOT_ADOPTED, *KNOWN_DIFFERENCES])
    assert f"| {plain} | the same spans, the same scores |" in page
    assert f"{len(RECOGNIZERS)} predefined recognizers become" in page


def test_our_words_are_those_of_the_plugin() -> None:
    """What we hand to Presidio by a name of its own is what we take from it by that name."""
    assert {entity_of(theirs): theirs for theirs in OFFERED.values() if theirs in ENTITIES} == {
        ours: theirs for ours, theirs in OFFERED.items() if theirs in ENTITIES
    }


def test_a_digit_of_another_script_is_not_one() -> None:
    """The one general difference: letters and digits are those of ASCII."""
    text = "\u0662" * 11
    recognizer = RECOGNIZERS["NgNinRecognizer"]
    assert found(plain_rules(recognizer), [text]) == [[]]


@pytest.mark.parametrize(
    ("text", "rule", "score"),
    [
        ("ssn 123-45-6788", "presidio.us-ssn-5-context", 0.85),
        ("ref 123-45-6788", "presidio.us-ssn-5", 0.5),
        ("account 1234567890123", "presidio.us-bank-1-context", 0.4),
        ("number 1234567890123", "presidio.us-bank-1", 0.05),
        ("see https://example.org/a", "presidio.url-1", 0.6),
        (filled(["{iban:DE}"], 1)[0], "presidio.iban-1", 1.0),
    ],
)
def test_a_finding_carries_presidios_score(text: str, rule: str, score: float) -> None:
    """That of the pattern, more where a word of context stands, 1 where the validator agrees."""
    segment = Segment(text, Role.USER, Part.PROMPT, 0)
    scores = {each.rule: each.score for each in SCANNER.scan([segment])[0]}
    assert scores[rule] == pytest.approx(score)
    if not rule.endswith("-context"):
        assert f"{rule}-context" not in scores


SCANNER = build_scanner(RULES)


def test_levels_follow_the_scores() -> None:
    """A profile of level 2 gets what Presidio is sure of, one of level 4 everything."""
    levels = {rule.id: rule.level for rule in RULES}
    assert levels["presidio.url-1"] == 2
    assert levels["presidio.us-ssn-5"] == 3 and levels["presidio.us-ssn-5-context"] == 2
    assert levels["presidio.us-bank-1"] == 4 and levels["presidio.us-bank-1-context"] == 3


def test_the_rules_are_of_the_pack() -> None:
    """Ids, each once; requests alone, since nothing says when a match is over."""
    ids = [rule.id for rule in RULES]
    assert len(set(ids)) == len(ids)
    assert all(rule.pack == "presidio" and not rule.is_streamed for rule in RULES)
    assert {rule.id.rpartition(".")[2].split("-")[0] for rule in RULES} >= {"us", "uk", "url"}


def test_names() -> None:
    """Of recognizers, of entities known and new."""
    assert name_of(RECOGNIZERS["UsSsnRecognizer"]) == "us-ssn"
    assert entity_of("US_SSN") == "pii.national-id.us"
    assert entity_of("XX_NEW_ID") == "pii.xx-new-id"


def test_what_a_validator_says() -> None:
    """Yes, no, nothing, or that it failed."""

    class Odd(PatternRecognizer):
        def validate_result(self, pattern_text: str) -> bool | None:
            if pattern_text == "fails":
                raise ValueError
            return {"yes": True, "no": False}.get(pattern_text)

        def invalidate_result(self, pattern_text: str) -> bool | None:
            return pattern_text == "bad"

    judge = judge_of(Odd("ODD", deny_list=["x"]), 0.3)
    answers = [judge(text) for text in ("yes", "no", "so", "bad", "fails")]
    assert answers == [1.0, 0.0, 0.3, 0.0, 0.0]
    assert [raised(score) for score in (0.0, 0.01, 0.5, 0.9)] == [0.0, 0.4, 0.85, 1.0]


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even the list of public suffixes, for which the e-mail recognizer asks."""

    def refuse(*_: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    segment = Segment("jane.roe@example.co.uk", Role.USER, Part.PROMPT, 0)
    assert "presidio.email-1" in {each.rule for each in SCANNER.scan([segment])[0]}
    assert adopted_rules()
