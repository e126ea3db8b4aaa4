"""How each kind of set is measured: a row and what was found in it → outcomes to count."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from evaluate_figures import Count, covers, touches
from evaluate_rows import Hit, Row

from excise.detectors.code.languages import DATA, OTHER
from excise.text.numerals import Word, look_up, read_numbers

LABELS: Final = ("PERSON", "LOCATION", "ORG", "ADDRESS")
FAMILIES: Final = ("secrets", "payment data", "personal data", "names", "code", "the rest")
_PREFIXES: Final = {
    "secret": "secrets", "pci": "payment data", "pii": "personal data", "code": "code",
}  # fmt: skip
_COVERING: Final = ("pii.person", "pii.location", "pii.address")
_SOUGHT: Final = frozenset({"PERSON", "ADDRESS"})
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_WHOLE: Final = re.compile(r"[0-9]+")


class Facts(NamedTuple):
    """What the measures need to know of the rules."""

    names: Mapping[str, str]  # rule → label, of the rules that read the names tagger
    languages: frozenset[str]  # rules that read the detector of code
    silent: frozenset[str]  # rules that only log


Measure = Callable[[Row, Sequence[Hit], Facts], Iterator[Count]]


def rows(row: Row, hits: Sequence[Hit], _: Facts) -> Iterator[Count]:
    """Whether anything was found, and how much of what is marked."""
    if not row.positive:
        yield Count("alarms", bool(hits), kind=row.kind)
        return
    yield Count("recall", bool(hits), kind=row.kind)
    places = [hit[:2] for hit in hits]
    for mark in row.marks:
        if mark.label == "date":
            yield Count("dates covered", covers(*mark[:2], places), kind=row.kind)
        else:
            yield Count("spans touched", touches(*mark[:2], places), kind=row.kind)
            yield Count("spans covered", covers(*mark[:2], places), kind=row.kind)


def pii(row: Row, hits: Sequence[Hit], _: Facts) -> Iterator[Count]:
    """Marks found and covered by kind; how many findings lie on marks, by what they are called."""
    places = [hit[:2] for hit in hits]
    if not row.positive:
        yield Count("alarms on look-alikes", bool(hits), kind=row.kind.removeprefix("not:"))
    for mark in row.marks if row.positive else ():
        yield Count("recall", touches(*mark[:2], places), kind=mark.label)
        yield Count("spans covered", covers(*mark[:2], places), kind=mark.label)
    marks = [mark[:2] for mark in row.marks]
    for start, end, entity in stretches(hits):
        kind = ".".join(entity.split(".")[:2])
        yield Count("precision", touches(start, end, marks), kind=kind)


def stretches(hits: Sequence[Hit]) -> Iterator[tuple[int, int, str]]:
    """Findings that overlap as one, called as the longest of them."""
    group: list[Hit] = []
    for hit in sorted(hits):
        if group and hit.start >= max(each.end for each in group):
            yield _as_one(group)
            group = []
        group.append(hit)
    if group:
        yield _as_one(group)


def _as_one(group: Sequence[Hit]) -> tuple[int, int, str]:
    longest = max(group, key=lambda each: each.end - each.start)
    return group[0].start, max(each.end for each in group), longest.entity


def names(row: Row, hits: Sequence[Hit], facts: Facts) -> Iterator[Count]:
    """Exact names by label, and characters of persons and addresses that anything covers.

    F1 counts twice what is right, of all that is found and all that is marked.
    """
    found = {(hit.start, hit.end, facts.names[hit.rule]) for hit in hits if hit.rule in facts.names}
    marked = {tuple(mark) for mark in row.marks}
    for label in LABELS:
        seen = {each for each in found if each[2] == label}
        true = {each for each in marked if each[2] == label}
        right = len(seen & true)
        yield Count(f"F1 {label}", 2 * right, len(seen) + len(true))
        yield Count(f"recall {label}", right, len(true))
        yield Count(f"precision {label}", right, len(seen))
    covered = {
        at
        for hit in hits
        if hit.entity.startswith(_COVERING)
        for at in range(hit.start, hit.end)
    }  # fmt: skip
    sought = {
        at
        for mark in row.marks
        if mark.label in _SOUGHT
        for at in range(mark.start, mark.end)
        if not row.text[at].isspace()
    }
    yield Count("characters covered", len(sought & covered), len(sought))


def code(row: Row, hits: Sequence[Hit], facts: Facts) -> Iterator[Count]:
    """Whether code was found, and the longest stretch of it named rightly."""
    best = _code_in(hits, facts, data=False)
    if not row.positive:
        yield Count("alarms", best is not None, kind=row.kind)
        return
    yield Count("recall", best is not None, kind=row.kind)
    if row.kind != OTHER:
        yield Count("language named", best == row.kind, kind=row.kind)


def markup(row: Row, hits: Sequence[Hit], facts: Facts) -> Iterator[Count]:
    """What markup and data are taken for; neither is an error."""
    yield Count("taken for code", _code_in(hits, facts, data=False) is not None, kind=row.kind)
    yield Count("found as anything", _code_in(hits, facts, data=True) is not None, kind=row.kind)


def _code_in(hits: Sequence[Hit], facts: Facts, *, data: bool) -> str | None:
    found = [
        (hit.end - hit.start, hit.entity.partition(".")[2])
        for hit in hits
        if hit.rule in facts.languages and (data or not hit.entity.endswith(f".{DATA}"))
    ]
    return max(found)[1] if found else None


def spoken(row: Row, hits: Sequence[Hit], _: Facts) -> Iterator[Count]:
    """Whole numbers written in words alone, read to their value; and that none is an alarm.

    Dozens, fractions and `half a million` are words that nobody reads out an id with.
    """
    for mark in row.marks:
        words = row.text[mark.start : mark.end]
        if _WHOLE.fullmatch(mark.label) and not re.search(r"[0-9]", words):
            read = _read(words)
            yield Count("recall", read == mark.label, kind=row.kind)
            if read:
                yield Count("right where every word is known", read == mark.label, kind=row.kind)
    yield Count("alarms", bool(hits), kind=row.kind)


def _read(text: str) -> str:
    """The digits that the words stand for; nothing where one of them is no number."""
    known = [(look_up(each[0]), each) for each in _LETTERS.finditer(text)]
    if any(meaning is None for meaning, _ in known):
        return ""
    words = [Word(*meaning, *each.span()) for meaning, each in known if meaning]
    return " ".join(number.digits for number in read_numbers(words))


def ordinary(row: Row, hits: Sequence[Hit], facts: Facts) -> Iterator[Count]:
    """Rows with a finding by family: of rules that act, and of all that note as well."""
    seen = {family: [hit.rule for hit in own] for family, own in by_family(hits, facts)}
    for family in FAMILIES:
        rules = seen.get(family, [])
        acting = any(rule not in facts.silent for rule in rules)
        yield Count(f"alarms: {family}", acting, kind=row.kind)
        yield Count(f"alarms or notes: {family}", bool(rules), kind=row.kind)


def by_family(hits: Sequence[Hit], facts: Facts) -> list[tuple[str, list[Hit]]]:
    """Findings by the family of what they are called; those of the names tagger apart."""

    def family(hit: Hit) -> str:
        if hit.rule in facts.names:
            return "names"
        return _PREFIXES.get(hit.entity.partition(".")[0], "the rest")

    return [(name, list(own)) for name, own in groupby(sorted(hits, key=family), family)]


MEASURES: Final[dict[str, Measure]] = {
    "rows": rows, "pii": pii, "names": names, "code": code, "markup": markup, "spoken": spoken,
    "ordinary": ordinary,
}  # fmt: skip
