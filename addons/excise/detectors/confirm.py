"""A hit → spans: where a compiled rule's own pattern matches, what its checks and excuses leave.

What is found is defined by one walk: search from the left; a match that stands is followed by
its end, one that is dropped by the character behind its start. Hits only say where a search can
be left out, so every prefilter gives the same spans (held by a test).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from excise.detectors.checks import CHECKS, entropy
from excise.model import Span
from excise.rules.compile import CompiledExcuse, CompiledRule
from excise.rules.schema import LINE_REACH, Scope

_FAR: Final = 4  # a match this many times wider than its starts are many is tried start by start


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
    find = _step if ends is not None and width > _FAR * (lead - least) else _search
    size = len(text)
    last = size if limit is None else limit - 1
    at = 0
    for end in (size,) if ends is None else ends:
        high = min(end, last) if ends is None else min(end - least, last)
        # Two characters more than a match from here can need, so that \\b and $ see what follows.
        stop = size if ends is None else end + width + 2
        at = at if ends is None else max(at, end - lead)
        while at <= high:
            match = find(rule.regex, text, at, stop, high)
            if match is None:
                break
            span = Span(*match.span(rule.group))
            if span.start < span.end and is_genuine(rule, text, span, label):
                yield span
                at = match.end()
            else:
                at = match.start() + 1


def _search(
    regex: re.Pattern[str], text: str, at: int, stop: int, high: int
) -> re.Match[str] | None:
    """The first match that starts from `at` to `high`."""
    match = regex.search(text, at, stop)
    return match if match and match.start() <= high else None


def _step(regex: re.Pattern[str], text: str, at: int, stop: int, high: int) -> re.Match[str] | None:
    """The same for a match so wide that searching behind `high` would cost more."""
    try_at = regex.match
    for start in range(at, min(high, len(text)) + 1):
        match = try_at(text, start, stop)
        if match:
            return match
    return None


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
