"""Patterns and side detectors look at one text, and rules make findings of what these saw."""

import base64
import gzip
import re
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from rules.samples import sample_rules

from excise.audit.fields import WORD
from excise.detectors.asked.deep import Deep
from excise.detectors.base import Glance, Scanned, Sight
from excise.detectors.build import build_scanner, entities_of, side_detectors
from excise.detectors.own.proof import CANARY, PROOF
from excise.detectors.scanner import SPENT, spelled
from excise.errors import NoAnswer
from excise.model import Direction, Kind, Part, Role, Segment, Span
from excise.resources import policies_dir
from excise.rules.fillers import fill
from excise.rules.load import load_pack
from excise.rules.schema import Rule
from excise.text.budget import MOST_RUNS
from excise.workers.asking import Asking

PACK = """\
pack: sample
version: 1
engine: 1
title: A sample
defaults: {severity: low, kind: personal}
"""

RULE = """\
rules:
  - id: sample.person
    entity: pii.person
    title: A made-up name
    match: {detector: names, label: PERSON, min_score: 0.6}
    unless:
      - value: '^Bob$'
        because: Everybody is called Bob.
    why: It names somebody.
    remedy: Leave it out.
    references: [https://example.org/name]
    examples:
      - {name: one, text: "<<Anna>> here"}
      - {name: two, text: "so is <<Carla>>"}
      - {name: nobody, text: "nobody here", expect: none}
      - {name: excused, text: "Bob here", expect: none}
"""


class Capitals:
    """Sees words that begin in upper case: persons of 0.8, places of 0.5."""

    name = "names"
    labels = frozenset({"PERSON", "LOCATION"})

    def __init__(self) -> None:
        self.seen: list[str] = []

    def find(self, glances: Sequence[Glance]) -> list[tuple[Sight, ...]]:
        self.seen += [glance.text for glance in glances]
        return [
            tuple(
                Sight("LOCATION" if m[0] == "Rome" else "PERSON", Span(*m.span()), 0.8)
                for m in re.finditer(r"[A-Z][a-z]+", glance.text)
            )
            for glance in glances
        ]


(PERSON,) = load_pack("sample", {"pack.yaml": PACK, "names.yaml": RULE}).rules


def asking(**changes: object) -> Rule:
    """The rule, asking for something else."""
    assert PERSON.asked
    return replace(PERSON, asked=replace(PERSON.asked, **changes))


def segment(text: str, part: Part = Part.PROMPT) -> Segment:
    """A user's text."""
    return Segment(text, Role.USER, part, 0)


def found(rule: Rule, text: str, part: Part = Part.PROMPT) -> list[tuple[str, str]]:
    """Entity and text of each finding."""
    scanner = build_scanner([rule], detectors={"names": Capitals()})
    each = segment(text, part)
    return [(f.entity, text[f.span.start : f.span.end]) for f in scanner.scan([each])[0]]


@pytest.mark.parametrize(
    ("rule", "text", "wanted"),
    [
        (PERSON, "Anna met Carla", [("pii.person", "Anna"), ("pii.person", "Carla")]),
        (PERSON, "Bob met Anna in Rome", [("pii.person", "Anna")]),
        (asking(min_score=0.9), "Anna met Carla", []),
        (asking(label="LOCATION"), "Anna in Rome", [("pii.person", "Rome")]),
        (
            replace(asking(label="*"), entity="pii.*"),
            "Anna in Rome",
            [("pii.PERSON", "Anna"), ("pii.LOCATION", "Rome")],
        ),
        (asking(detector="dictionary"), "Anna in Rome", []),
    ],
    ids=["all", "excused", "unsure", "other label", "every label", "not there"],
)
def test_a_rule_reads_a_detector(rule: Rule, text: str, wanted: list[tuple[str, str]]) -> None:
    """By label and score, less its excuses; a detector without its data is silent."""
    assert found(rule, text) == wanted


def test_parts_that_no_rule_reads_are_not_shown() -> None:
    """Neither to the detector nor to its rules."""
    capitals = Capitals()
    rule = replace(PERSON, parts=frozenset({Part.PROMPT}))
    scanner = build_scanner([rule], detectors={"names": capitals})
    results = scanner.scan([segment("Anna", Part.METADATA), segment("Carla")])
    assert capitals.seen == ["Carla"] and [len(each) for each in results] == [0, 1]


def test_only_rules_of_the_direction_are_read() -> None:
    """A rule of requests leaves answers alone, and its detector is not asked."""
    capitals = Capitals()
    scanner = build_scanner([PERSON], detectors={"names": capitals})
    assert scanner.inspect([segment("Anna")], Direction.RESPONSE).findings == [()]
    assert not capitals.seen
    assert scanner.inspect([segment("Anna")], Direction.REQUEST).findings != [()]


def test_a_pattern_for_requests_finds_nothing_in_answers() -> None:
    """Nor does it stand in the way of what it overlaps with; where no direction is asked for, it
    counts."""
    match = replace(PERSON.match, regex="Anna")
    scanner = build_scanner([replace(PERSON, match=match, asked=None)])
    ways = (Direction.REQUEST, Direction.RESPONSE, None)
    found = [scanner.inspect([segment("Anna")], way).findings[0] for way in ways]
    assert [len(each) for each in found] == [1, 0, 1]


def test_detectors_are_told_how_many_signatures_of_attacks_were_met() -> None:
    """By rules of either direction; what is no attack does not count."""
    match = replace(PERSON.match, regex="Anna")
    order = replace(PERSON, match=match, asked=None, entity="injection.x", id="sample.order")
    name = replace(order, entity="pii.person", id="sample.name")
    capitals = Capitals()
    scanner = build_scanner([PERSON, order, name], detectors={"names": capitals})
    told = []
    capitals.find = lambda glances: [told.append(each.signs) or () for each in glances]  # type: ignore[method-assign, func-returns-value]
    scanner.inspect([segment("Anna"), segment("Carla")], Direction.REQUEST)
    assert told == [1, 0]


def test_a_text_is_judged_once() -> None:
    """Also where it stands twice in one message; empty texts never."""
    capitals = Capitals()
    scanner = build_scanner([PERSON], detectors={"names": capitals})
    first = scanner.scan([segment("Anna"), segment(""), segment("Anna")])
    assert scanner.scan([segment("Anna")]) == first[:1] == first[2:]
    assert capitals.seen == ["Anna"]


def test_pieces_of_growing_texts_are_left_to_patterns() -> None:
    """A side detector judges a text as a whole."""
    scanner = build_scanner([PERSON], detectors={"names": Capitals()})
    assert scanner.scan([segment("Anna")], whole=False) == [()]
    assert scanner.hold("Anna and") == len("Anna and")


def test_what_is_blanked_is_not_shown() -> None:
    """Placeholders of our own are nobody's name."""
    scanner = build_scanner(
        [PERSON],
        detectors={"names": Capitals()},
        blind=lambda text: text.replace("[Anna]", "\0" * 6),
    )
    assert [f.span for f in scanner.scan([segment("[Anna] Carla")])[0]] == [Span(7, 12)]


def test_entities_are_spelled_out() -> None:
    """A rule of many labels finds one entity for each."""
    every = replace(asking(label="*"), entity="pii.*")
    detectors = side_detectors([every], {"names": Capitals()})
    assert entities_of([PERSON, every], detectors) == {"pii.person", "pii.PERSON", "pii.LOCATION"}
    assert spelled("code.*", "python") == "code.python" and spelled("code.own", "x") == "code.own"


class Absent:
    """A detector that does not answer the first time."""

    name = "deep"
    labels = frozenset({"PERSON"})

    def __init__(self) -> None:
        self.asked = 0

    def find(self, glances: Sequence[Glance]) -> list[tuple[Sight, ...]]:
        return self.find_within(glances, 1.0)

    def find_within(self, glances: Sequence[Glance], seconds: float) -> list[tuple[Sight, ...]]:
        self.asked += 1
        self.seconds = seconds
        if self.asked == 1:
            raise NoAnswer("late")
        return [(Sight("PERSON", Span(0, 4), 1.0),) for _ in glances]


def test_what_does_not_answer_is_missing_and_asked_again() -> None:
    """The others decide, and no verdict is kept that lacked one."""
    slow = replace(asking(detector="deep"), id="sample.slow")
    detectors: dict[str, Any] = {"names": Capitals(), "deep": Absent()}
    scanner = build_scanner([PERSON, slow], detectors=detectors)
    assert scanner.is_slow and not build_scanner([PERSON], detectors=detectors).is_slow
    first = scanner.inspect([segment("Anna")], Direction.REQUEST)
    assert first.missing == ("deep",)
    assert [f.rule for f in first.findings[0]] == ["sample.person"]
    again = scanner.inspect([segment("Anna")], Direction.REQUEST, 0.75)
    assert again.missing == () and detectors["deep"].seconds == 0.75
    assert [f.rule for f in again.findings[0]] == ["sample.person", "sample.slow"]


class Meeting(Absent):
    """Answers once all others are asked, too."""

    def __init__(self, name: str, barrier: threading.Barrier) -> None:
        super().__init__()
        self.name = name
        self.asked = 1
        self.barrier = barrier

    def find_within(self, glances: Sequence[Glance], seconds: float) -> list[tuple[Sight, ...]]:
        self.barrier.wait(5)
        return super().find_within(glances, seconds)


def test_slow_ones_are_asked_at_once_while_the_others_work() -> None:
    """Three that each wait until all of them are asked, the one in place among them."""
    barrier = threading.Barrier(3)

    class Here(Capitals):
        def find(self, glances: Sequence[Glance]) -> list[tuple[Sight, ...]]:
            barrier.wait(5)
            return super().find(glances)

    rules = [PERSON, *(replace(asking(detector=n), id=f"sample.{n}") for n in ("deep", "judge"))]
    detectors = {"names": Here(), **{n: Meeting(n, barrier) for n in ("deep", "judge")}}
    scanner = build_scanner(rules, detectors=detectors, asking=Asking())
    seen = scanner.inspect([segment("Anna")], Direction.REQUEST, 10.0)
    assert [f.rule for f in seen.findings[0]] == ["sample.deep", "sample.judge", "sample.person"]
    assert (scanner.slow, seen.missing) == ({"deep", "judge"}, ())


def test_who_hangs_is_missing_in_its_time_and_the_others_decide() -> None:
    """Also where it never looks at the time that it was given."""
    free = threading.Event()
    deep = Deep(lambda asked, left: free.wait(10), 60.0)
    slow = replace(asking(detector="deep"), id="sample.slow")
    detectors: dict[str, Any] = {"names": Capitals(), "deep": deep}
    scanner = build_scanner([PERSON, slow], detectors=detectors, asking=Asking())
    seen = scanner.inspect([segment("Anna")], Direction.REQUEST, 0.05)
    free.set()
    assert (seen.missing, [f.rule for f in seen.findings[0]]) == (("deep",), ["sample.person"])


def test_findings_carry_what_the_rule_says() -> None:
    """And the score and name of the detector."""
    scanner = build_scanner([PERSON], detectors={"names": Capitals()})
    (finding,) = scanner.scan([segment("Anna")])[0]
    assert (finding.rule, finding.kind, finding.score, finding.detector) == (
        "sample.person",
        Kind.PERSONAL,
        0.8,
        "names",
    )


def test_what_is_left_out_of_the_look_is_an_anomaly() -> None:
    """With side detectors and without, and under a name that the audit knows how to write."""
    bomb = base64.b64encode(gzip.compress(b"word " * 2_000_000)).decode()
    for rules in ([], [PERSON]):
        scanner = build_scanner(rules, detectors={"names": Capitals()})
        assert scanner.inspect([segment("Anna")], Direction.REQUEST).anomalies == ()
        looked = scanner.inspect([segment("Anna"), segment(bomb)], Direction.REQUEST)
        assert looked.anomalies == (SPENT,)
    assert re.fullmatch(WORD, SPENT)


def test_what_others_left_no_room_for_is_looked_at_anew() -> None:
    """All else is remembered, and a text that stands twice is looked at once."""

    def tokens_in(scanned: Scanned) -> list[int]:
        return [sum(each.rule != PERSON.id for each in found) for found in scanned.findings]

    seen = Capitals()
    scanner = build_scanner([*sample_rules(), PERSON], detectors={"names": seen})
    tokens = [fill("key-{alnum:16}", str(number)).encode() for number in range(MOST_RUNS + 10)]
    lines = [base64.b64encode(token).decode() for token in tokens]
    message = [segment("\n".join(lines[:-20])), segment("\n".join(lines[-20:])), segment("Anna")]
    message.append(message[-1])
    first = scanner.inspect(message, Direction.REQUEST)
    assert first.anomalies == (SPENT,) and len(seen.seen) == 3
    assert tokens_in(first) == [len(lines) - 20, 10, 0, 0]
    for fresh in (1, 0):
        del seen.seen[:]
        again = scanner.inspect(message, Direction.REQUEST)
        assert again.anomalies == () and len(seen.seen) == fresh
        assert tokens_in(again) == [len(lines) - 20, 20, 0, 0]
        assert first.findings[2:] == again.findings[2:] and again.findings[2]


class Subjects(Capitals):
    """A classifier of the same words."""

    name = "topics"


def test_the_best_scores_of_classifiers_are_told_whatever_a_rule_makes_of_them() -> None:
    """The second time, too, when the verdict is remembered; those of other detectors are not."""
    rules = [asking(detector="topics", label="PERSON", min_score=0.99)]
    scanner = build_scanner(rules, detectors={"topics": Subjects(), "names": Capitals()})
    texts = [Segment(text, Role.USER, Part.PROMPT, 0) for text in ("Anna", "nobody", "in Rome")]
    for _ in range(2):
        scanned = scanner.inspect(texts, Direction.REQUEST)
        assert not any(scanned.findings)
        assert scanned.signals == {"topics": {"PERSON": 0.8, "LOCATION": 0.8}}
    plain = build_scanner([PERSON], detectors={"names": Capitals()})
    assert plain.inspect(texts, Direction.REQUEST).signals == {}


def test_a_detector_that_reads_growing_texts_is_heard_in_pieces() -> None:
    """And waited for."""
    folder = policies_dir() / "packs" / "own-data"
    pack = load_pack("own-data", {each.name: each.read_text() for each in folder.glob("*.yaml")})
    scanner = build_scanner(pack.rules, detectors={"canary": PROOF["canary"]()})
    piece = Segment(f"so: {CANARY}!", Role.ASSISTANT, Part.COMPLETION, 0)
    assert [each.entity for each in scanner.scan([piece], whole=False)[0]] == ["canary.cellar"]
    assert scanner.hold(piece.text[:16]) == 4
