"""Answers that contradict what the operator knows: a few facts, each with the words it is about.

A sentence that names what a fact is about and another value than the fact's is told. Values are
numbers with a unit (`30 days`, `4.5 %`, `EUR 29`), held against every number of that unit in the
sentence; or words, held against those that would be wrong. What no sentence says in these words (a
negation, a number in words, a pronoun for the subject) is not judged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from excise.detectors.base import Glance, Sight
from excise.model import Span

NAME: Final = "facts"
LONGEST: Final = 400  # characters of a sentence; a longer one is read in pieces of so many

_SENTENCE: Final = re.compile(
    rf"[^\n.!?]{{0,{LONGEST}}}(?:[.!?](?!\s)[^\n.!?]{{0,{LONGEST}}}){{0,6}}[.!?]?"
)
_NUMBER: Final = re.compile(
    r"(?P<before>[$€£¥]|\b[A-Z]{3}(?=\s))?\s?(?<![\w.,])(?P<number>\d[\d,.' ]{0,14}\d|\d)"
    r"(?:[\s-]?(?P<after>%|[$€£¥]|[^\W\d_]{1,20}))?"
)
_SIGNS: Final = {"$": "usd", "€": "eur", "£": "gbp", "¥": "jpy", "percent": "%", "euro": "eur"}
_SIGNS_MANY: Final = {"euros": "eur", "dollars": "usd", "dollar": "usd", "pounds": "gbp"}


class Fact(NamedTuple):
    """`about`: words of which one stands in a sentence on it; `value`: what is so; `wrong`: what
    it is taken for (none where the value is a number with a unit)."""

    name: str
    about: tuple[str, ...]
    value: str
    wrong: tuple[str, ...] = ()


class _Ready(NamedTuple):
    name: str
    about: re.Pattern[str]
    value: re.Pattern[str]
    wrong: re.Pattern[str] | None
    number: tuple[float, str] | None


def check_fact(fact: Fact) -> None:
    """ValueError for a fact that nothing can contradict."""
    if not fact.about or not all(map(str.strip, fact.about)):
        raise ValueError("it names nothing that it is about")
    number = _quantity(fact.value)
    if not fact.wrong and (number is None or not number[1]):
        raise ValueError("its value is no number with a unit, and no wrong values are named")
    if fact.value.lower() in map(str.lower, fact.wrong):
        raise ValueError("its value stands among the wrong ones")


def to_bytes(facts: Sequence[Fact]) -> bytes:
    """What is kept."""
    return json.dumps([list(each) for each in facts]).encode()


def from_bytes(data: bytes) -> tuple[Fact, ...]:
    """ValueError where they are none."""
    try:
        return tuple(
            Fact(name, tuple(about), value, tuple(wrong))
            for name, about, value, wrong in json.loads(data)
        )
    except (TypeError, ValueError):
        raise ValueError("no facts") from None


class Facts:
    """Implements `Growing` over the operator's facts; labels are their names."""

    name: Final = NAME

    def __init__(self, facts: Sequence[Fact]) -> None:
        self.labels = frozenset(each.name for each in facts)
        self._facts = [
            _Ready(
                each.name,
                _any_of(each.about),
                _any_of([each.value]),
                _any_of(each.wrong) if each.wrong else None,
                None if each.wrong else _quantity(each.value),
            )
            for each in facts
        ]

    @classmethod
    def stored(cls, files: Mapping[str, bytes], _: bytes = b"") -> Facts:
        """Over facts as they are kept. ValueError where they are none."""
        return cls([fact for data in files.values() for fact in from_bytes(data)])

    def find(self, glances: Sequence[Glance]) -> list[tuple[Sight, ...]]:
        """For each text the values that contradict a fact."""
        return [tuple(sorted(set(self._seen(each.text)), key=_place)) for each in glances]

    def hold(self, text: str) -> int:
        """The beginning of the last sentence, which may go on."""
        start = 0
        for found in _SENTENCE.finditer(text):
            if found.end() < len(text) and found.end() > found.start():
                start = _next(text, found.end())
        return min(start, len(text))

    def _seen(self, text: str) -> Iterator[Sight]:
        if not any(fact.about.search(text) for fact in self._facts):
            return
        for found in _SENTENCE.finditer(text):
            sentence = found[0]
            for fact in self._facts:
                if sentence and fact.about.search(sentence):
                    for span in _against(fact, sentence):
                        place = Span(found.start() + span.start, found.start() + span.end)
                        yield Sight(fact.name, place, 0.8)


def _against(fact: _Ready, sentence: str) -> Iterator[Span]:
    """Where a sentence names another value, and not the fact's beside it."""
    if fact.wrong is not None:
        if not fact.value.search(sentence):
            yield from (Span(*each.span()) for each in fact.wrong.finditer(sentence))
        return
    said = [(each, _read(each)) for each in _NUMBER.finditer(sentence)]
    assert fact.number is not None
    same = [(each, number) for each, (number, units) in said if fact.number[1] in units]
    if all(number != fact.number[0] for _, number in same):
        yield from (Span(each.start("number"), each.end()) for each, _ in same)


def _next(text: str, at: int) -> int:
    """Behind the blanks and ends of line that stand there."""
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _any_of(words: Sequence[str]) -> re.Pattern[str]:
    spelled = (r"\s+".join(map(re.escape, each.split())) for each in words)
    return re.compile(rf"(?<!\w)(?:{'|'.join(spelled)})(?:e?s)?(?!\w)", re.IGNORECASE)


def _quantity(text: str) -> tuple[float, str] | None:
    """A number and its unit, where a text is nothing else."""
    found = _NUMBER.fullmatch(text.strip())
    if found is None:
        return None
    number, units = _read(found)
    return number, min(units, default="")


def _read(found: re.Match[str]) -> tuple[float, frozenset[str]]:
    plain = re.sub(r"[,' ](?=\d{3}\b)|\.(?=\d{3}\b.)", "", found["number"]).replace(",", ".")
    try:
        number = float(plain.replace(" ", ""))
    except ValueError:
        number = float("nan")
    return number, frozenset(_unit(each) for each in (found["before"], found["after"]) if each)


def _unit(word: str) -> str:
    low = word.lower()
    return _SIGNS.get(low) or _SIGNS_MANY.get(low) or low.removesuffix("s")


def _place(sight: Sight) -> tuple[Span, str]:
    return sight.span, sight.label
