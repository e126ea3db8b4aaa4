"""The text around a finding as the trail may show it: everything that was found in it is masked.

Off unless the operator turns it on. What no detector finds stands there as people wrote it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from excise.audit.fields import Stage
from excise.detectors.base import Scanner
from excise.enforce.redact import mask_of
from excise.model import Finding, Kind, Place, Ruling, Segment, Span

MOST: Final = 16  # of one message
_CUT: Final = "…"
_SHOWN: Final = frozenset({Kind.INSTRUCTION, Kind.ABUSE})
"""What is found there is how a text reads, and no value that must not be seen."""
_PLACES: Final = frozenset({Place.BODY, Place.INSIDE})

Excerpt = Callable[[Ruling], str]
"""The text around one finding, or ""."""


def no_excerpt(_: Ruling) -> str:
    """Where excerpts are off."""
    return ""


def excerpts(scanner: Scanner, width: int, stage: Stage, rulings: Sequence[Ruling]) -> Excerpt:
    """What shows the text around the findings of one message, `width` characters on each side, of
    the first `MOST` that it is asked about.

    Only whole messages have some: the text of a stream is forgotten piece by piece, and what is
    left may begin in the middle of a value.
    """
    if not width or stage not in (Stage.REQUEST, Stage.RESPONSE):
        return no_excerpt
    left = iter(range(MOST))

    def excerpt(ruling: Ruling) -> str:
        segment = ruling.segment
        if segment.place not in _PLACES or next(left, None) is None:
            return ""
        known = (each.finding for each in rulings if each.segment == segment)
        shown = _around(segment.text, ruling.finding, _hidden(scanner, segment, known), width)
        # Once more: cutting and masking must not have brought forth what was not seen before.
        return "" if _hidden(scanner, segment._replace(text=shown)) else shown

    return excerpt


def _hidden(
    scanner: Scanner, segment: Segment, known: Iterable[Finding] = ()
) -> list[tuple[Span, str]]:
    """Stretches that must not be seen, apart from each other and in order, and what is said there
    instead."""
    found = sorted(
        (each.span.start, -each.span.end, each.entity)
        for each in (*scanner.scan([segment])[0], *known)
        if each.kind not in _SHOWN
    )
    merged: list[tuple[Span, str]] = []
    for start, end, entity in found:
        if merged and start < merged[-1][0].end:
            span, first = merged[-1]
            merged[-1] = Span(span.start, max(span.end, -end)), first
        else:
            merged.append((Span(start, -end), mask_of(entity)))
    return merged


def _around(text: str, finding: Finding, hidden: Sequence[tuple[Span, str]], width: int) -> str:
    start, end = _widened(finding.span, hidden)
    first, last = _widened(Span(max(0, start - width), min(len(text), end + width)), hidden)
    if end - start <= 2 * width or any(span == (start, end) for span, _ in hidden):
        stretches = [(first, last)]
    else:
        stretches = [(first, start + width), (end - width, last)]
    whole = _CUT.join("".join(_masked(text, hidden, *each)) for each in stretches)
    return " ".join(f"{_CUT * (first > 0)}{whole}{_CUT * (last < len(text))}".split())


def _widened(here: Span, hidden: Iterable[tuple[Span, str]]) -> Span:
    """A stretch that cuts nothing of what is masked."""
    touched = [span for span, _ in hidden if span.start < here.end and here.start < span.end]
    return Span(
        min([here.start, *(span.start for span in touched)]),
        max([here.end, *(span.end for span in touched)]),
    )


def _masked(text: str, hidden: Sequence[tuple[Span, str]], start: int, end: int) -> Iterator[str]:
    """The text from `start` to `end` with masks; one that an edge cuts stands whole."""
    for span, mask in hidden:
        if span.end > start and span.start < end:
            yield text[start : span.start]
            yield mask
            start = span.end
    yield text[start:end]
