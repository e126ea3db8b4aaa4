"""The names tagger as a side detector: whole addresses, and every mention of a person once met.

Street, postcode, town and country are names of their own to the tagger; where they stand side by
side they are one address here. A person once recognised surely is known again by each part of the
name elsewhere in the same text.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final

from excise.detectors.base import Glance, Sight
from excise.detectors.names.model import LABELS
from excise.detectors.names.tagger import Name, NamesDetector
from excise.model import Span

# What may stand between the parts of one address; a line end only behind a street or postcode.
_SAME_LINE: Final = re.compile(r" ?(?:[,;/|-]|\u2013)? ?")
_NEXT_LINE: Final = re.compile(r" ?[,;]?[ \t]*\r?\n[ \t]*(?:> ?)?")
_PARTS: Final = frozenset(("ADDRESS", "LOCATION"))

# Persons surer than this lend their names to other mentions, which get a share of the score.
_SURE: Final = 0.7
_LENT: Final = 0.9
# So few words are found quicker one by one than among all words with a capital.
_FEW: Final = 16
# A word of three letters or more with a capital: Latin, Greek and Cyrillic ones are enough here.
_CAPITAL: Final = re.compile(r"\b(?=[A-Z\u00c0-\u024f\u0370-\u052f])[^\W\d_]{3,}\b")


class Names:
    """Sees PERSON, LOCATION, ORG and ADDRESS in prose; see `models/README.md` for how well."""

    name: Final = "names"
    labels: Final = frozenset(LABELS)

    def __init__(self, detector: NamesDetector) -> None:
        self._detector = detector

    @classmethod
    def shipped(cls) -> Names:
        """Over the model that ships."""
        return cls(NamesDetector.shipped())

    def find(self, glances: Sequence[Glance]) -> list[tuple[Sight, ...]]:
        """For each text what was seen in it, in order of place, without overlaps."""
        texts = [glance.text for glance in glances]
        found = self._detector.find_many(texts, [glance.words for glance in glances])
        return [
            tuple(joined(text, with_mentions(text, whole(text, names), self._detector.are_common)))
            for text, names in zip(texts, found, strict=True)
        ]


def whole(text: str, names: Sequence[Name]) -> Sequence[Name]:
    """The names without those that begin or end inside a word or number, as pieces of ids and
    checksums do."""
    return [name for name in names if _is_whole(text, *name.span)]


def _is_whole(text: str, start: int, end: int) -> bool:
    edges = (text[max(start - 1, 0) : start + 1], text[end - 1 : end + 1])
    return not any(len(edge) == 2 and edge.isalnum() for edge in edges)


def joined(text: str, names: Sequence[Name]) -> Iterator[Sight]:
    """The names as sights, the parts of an address made one.

    A row of parts without any street or postcode stays what it is: places.
    """
    group: list[Name] = []
    for name in names:
        if group and not _adjoins(text, group, name):
            yield from _group(group)
            group = []
        if name.label in _PARTS:
            group.append(name)
        else:
            yield Sight(name.label, name.span, name.score)
    yield from _group(group)


def _adjoins(text: str, group: list[Name], name: Name) -> bool:
    if name.label not in _PARTS:
        return False
    start, end = group[-1].span.end, name.span.start
    if _SAME_LINE.fullmatch(text, start, end):
        return True
    begun = any(part.label == "ADDRESS" for part in group)
    return begun and _NEXT_LINE.fullmatch(text, start, end) is not None


def _group(group: list[Name]) -> Iterator[Sight]:
    scores = [part.score for part in group if part.label == "ADDRESS"]
    if scores:
        yield Sight("ADDRESS", Span(group[0].span.start, group[-1].span.end), max(scores))
    else:
        yield from (Sight(part.label, part.span, part.score) for part in group)


def with_mentions(
    text: str, names: Sequence[Name], are_common: Callable[[Sequence[str]], list[bool]]
) -> Sequence[Name]:
    """The names, and further mentions of the persons among them that the tagger passed over."""
    lent: dict[str, float] = {}
    for name in names:
        if name.label == "PERSON" and name.score >= _SURE:
            for word in _CAPITAL.findall(text, *name.span):
                lent[word] = max(lent.get(word, 0), name.score * _LENT)
    words = list(lent)
    for word, common in zip(words, are_common(words) if words else (), strict=True):
        if common:
            del lent[word]
    if not lent:
        return names
    taken = [name.span for name in names]
    more = [
        Name(span, "PERSON", lent[word])
        for span, word in _mentions(text, lent)
        if not _overlaps(taken, *span)
    ]
    return sorted([*names, *more]) if more else names


def _mentions(text: str, words: Collection[str]) -> Iterator[tuple[Span, str]]:
    """Where the words, each with a capital in front, stand as whole words."""
    if len(words) > _FEW:
        for hit in _CAPITAL.finditer(text):
            if hit.group() in words:
                yield Span(*hit.span()), hit.group()
        return
    for word in words:
        start = text.find(word)
        while start >= 0:
            end = start + len(word)
            if not (_is_inner(text[start - 1 : start]) or _is_inner(text[end : end + 1])):
                yield Span(start, end), word
            start = text.find(word, end)


def _is_inner(char: str) -> bool:
    """Whether a character, if there is one, is part of a word."""
    return char.isalnum() or char == "_"


def _overlaps(taken: list[Span], start: int, end: int) -> bool:
    """Whether one of the spans, which are in order and apart, touches the stretch."""
    at = bisect_left(taken, start, key=lambda span: span.end - 1)
    return at < len(taken) and taken[at].start < end
