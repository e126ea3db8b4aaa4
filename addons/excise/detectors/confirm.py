"""A hit → spans: where a compiled rule's own pattern matches, what its checks and excuses leave.

What is found is defined by one walk: search from the left; a match that stands is followed by
its end, one that is dropped by the character behind its start. Hits only say where a search can
be left out, so every prefilter gives the same spans (held by a test).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from excise.detectors.checks import CHECKS, entropy
from excise.model import Span
from excise.rules.compile import CompiledExcuse, CompiledRule
from excise.rules.schema import LINE_REACH, Scope


def find_spans(
    rule: CompiledRule,
    text: str,
    ends: Sequence[int] | None,
    *,
    label: str = "",
    limit: int | None = None,
) -> Iterator[Span]:
    """Spans of the rule in `text`, from left to right.

    `ends` are sorted positions of which one lies `lead_least` to `lead_width` behind the start of
    each match; None searches everything. Matches must start before `limit`.
    """
    lead, least, width = rule.lead_width, rule.lead_least, rule.shape.width
    size = len(text)
    last = size if limit is None else limit - 1
    foreseen = _Foreseen(rule, text) if rule.needs else None
    at = 0
    for end in (size,) if ends is None else ends:
        high = min(end, last) if ends is None else min(end - least, last)
        # Two characters more than a match from here can need, so that \\b and $ see what follows.
        stop = size if ends is None else end + width + 2
        at = at if ends is None else max(at, end - lead)
        while at <= high:
            match = _first(rule, text, at, stop, high, foreseen)
            if match is None:
                at = high + 1
                break
            span = _span(rule, match)
            stands = span.start < span.end and is_genuine(rule, text, span, label)
            if stands:
                yield span
            at = match.end() if stands or rule.rule.match.foreign else match.start() + 1


def _span(rule: CompiledRule, match: re.Match[str]) -> Span:
    foreign = rule.rule.match.foreign
    if foreign is None:
        return Span(*match.span(rule.group))
    for start, end in foreign.spans(match):
        if foreign.judge(match.string[start:end]) > 0:
            return Span(start, end)
    return Span(match.start(), match.start())


def _first(
    rule: CompiledRule, text: str, at: int, stop: int, high: int, foreseen: _Foreseen | None
) -> re.Match[str] | None:
    """The first match that starts from `at` to `high`.

    Where it may start is looked for by the entry: the rule's own pattern would search on behind
    `high`, and costs more at each character.
    """
    if rule.is_exact and at == high and foreseen is None:
        return rule.regex.match(text, at, stop)
    enter, match = rule.entry.search, rule.regex.match
    reach = high + rule.shape.entry_width + 2
    while at <= high:
        entry = enter(text, at, reach)
        if entry is None or entry.start() > high:
            return None
        at = entry.start()
        if foreseen is None or foreseen.may_match(at):
            found = match(text, at, stop)
            if found is not None:
                return found
        at += 1
    return None


class _Foreseen:
    """Whether all that a wide match needs stands ahead; each position is looked up once, so that
    many beginnings without an end cost no more than one."""

    def __init__(self, rule: CompiledRule, text: str) -> None:
        self._width = rule.shape.width
        self._text = text
        self._needs = rule.needs
        self._next = [-1] * len(rule.needs)

    def may_match(self, start: int) -> bool:
        """Whether one of each need begins within a match's width from `start`."""
        for index, need in enumerate(self._needs):
            if self._next[index] < start:
                found = need.search(self._text, start)
                self._next[index] = found.start() if found else len(self._text) + self._width
            if self._next[index] > start + self._width:
                return False
        return True


def is_genuine(rule: CompiledRule, text: str, span: Span, label: str = "") -> bool:
    """Whether context, checks and entropy hold and nothing excuses the span."""
    # Context first: it drops most of what is dropped, and some checks cost a hundred times more.
    if rule.context is not None and not _has_context(rule, text, span, label):
        return False
    value = text[span.start : span.end]
    match = rule.rule.match
    if match.min_entropy and entropy(value) < match.min_entropy:
        return False
    if not all(CHECKS[name](value) for name in match.checks):
        return False
    return not any(excuses(each, text, span, label) for each in rule.unless)


def _has_context(rule: CompiledRule, text: str, span: Span, label: str) -> bool:
    context, words = rule.rule.match.context, rule.context
    if context is None or words is None:
        return True
    start, end = span
    return (
        _stands(words, text, max(0, start - context.before), start)
        or (context.after > 0 and _stands(words, text, end, min(end + context.after, len(text))))
        or bool(label and words.search(label))
    )


def _stands(words: re.Pattern[str], text: str, low: int, high: int) -> bool:
    """Whether a word stands from `low` to `high`; what is next to it counts on either side."""
    match = words.search(text, low, high + 1)
    return match is not None and match.end() <= high


def excuses(each: CompiledExcuse, text: str, span: Span, label: str = "") -> bool:
    """Whether one excuse applies to a span."""
    excuse, start, end = each.excuse, span.start, span.end
    if each.pattern is None:
        return text[start:end].lower() in excuse.values
    match excuse.scope:
        case Scope.VALUE:
            subject = text[start:end]
        case Scope.BEFORE:
            head = f'{label} = "' if label and start < excuse.within else ""
            subject = (head + text[max(0, start - excuse.within) : start])[-excuse.within :]
        case Scope.AFTER:
            subject = text[end : end + excuse.within]
        case _:
            subject = _line(text, span)
    return each.pattern.search(subject) is not None


def _line(text: str, span: Span) -> str:
    low = max(text.rfind("\n", 0, span.start) + 1, span.start - LINE_REACH)
    break_at = text.find("\n", span.end)
    high = len(text) if break_at < 0 else break_at
    return text[low : min(high, span.end + LINE_REACH)]
