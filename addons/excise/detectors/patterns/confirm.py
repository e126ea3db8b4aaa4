"""A hit → spans: where a compiled rule's own pattern matches, what its checks and excuses leave.

What is found is defined by one walk: search from the left; a match that stands is followed by
its end, one that is dropped by the character behind its start. Hits only say where a search can
be left out, so every prefilter gives the same spans (held by a test).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final

from excise.detectors.patterns.checks import CHECKS, entropy
from excise.detectors.patterns.work import Work
from excise.model import Span
from excise.rules.accepted import digest_of
from excise.rules.compile import CompiledExcuse, CompiledRule
from excise.rules.schema import LINE_REACH, Scope

_PATIENCE: Final = 8  # attempts that came to nothing, from which it pays to look ahead
_AHEAD: Final = 8  # widths of a match in which so many must be, and that are looked ahead at a time
_RUN: Final = 256  # characters in which matches may start that are searched at once
_DIGIT: Final = re.compile("[0-9]")


def find_spans(
    rule: CompiledRule,
    text: str,
    ends: Sequence[int] | None,
    *,
    label: str = "",
    limit: int | None = None,
    work: Work | None = None,
) -> Iterator[Span]:
    """Spans of the rule in `text`, from left to right.

    `ends` are sorted positions of which one lies `lead_least` to `lead_width` behind the start of
    each match; None searches everything. Matches must start before `limit`. The search ends early
    where `work` is used up.
    """
    digits, telling = rule.shape.digits, rule.telling
    last = len(text) if limit is None else limit - 1
    tries = _Tries(rule, text, label, work)
    if ends is not None and rule.starts[0]:
        yield from _from_starts(rule, text, _starts(rule, text, ends), last, tries)
        return
    at = 0
    for low, high, stop in _windows(rule, len(text), last, ends):
        at = max(at, low)
        if digits and at <= high:
            digit = _DIGIT.search(text, at, stop)
            at = max(at, digit.start() - rule.shape.entry_width) if digit else high + 1
        if telling and at <= high and not _tells(telling, text[at:stop]):
            at = high + 1
        while at <= high:
            match = _first(rule, text, at, stop, high, tries)
            if match is None:
                at = high + 1
                break
            span = _span(rule, match)
            stands = span.start < span.end and tries.is_genuine(span)
            if stands:
                yield span
            else:
                tries.lose(match.start())
            at = match.end() if stands or rule.rule.match.foreign else match.start() + 1
        if tries.over:
            return


def _windows(
    rule: CompiledRule, size: int, last: int, ends: Sequence[int] | None
) -> Iterator[tuple[int, int, int]]:
    """From where to where matches may start, and up to where they can be told, in order.

    Those of hits side by side are one, so that a place of a text is not looked at for each hit
    around it; but not much longer than a match, so that what must stand in one tells something.
    """
    if ends is None:
        yield 0, min(size, last), size
        return
    lead, least = rule.lead_width, rule.lead_least
    # Two characters more than a match from here can need, so that \b and $ see what follows.
    behind = rule.shape.width + 2
    low, high, stop = -1, -2, 0
    for end in ends:
        start = max(end - lead, 0)
        if high >= start - 1 and start - low < _RUN:
            high = max(high, min(end - least, last))
        else:
            if low >= 0:
                yield low, high, stop
            low, high = start, min(end - least, last)
        stop = end + behind
    yield low, high, stop


def _tells(telling: Sequence[Sequence[str]], piece: str) -> bool:
    """Whether a match may stand in a piece: it holds one literal of each row."""
    if not piece.isascii():
        return True
    low = piece.lower()
    for literals in telling:
        for literal in literals:
            if literal in low:
                break
        else:
            return False
    return True


def _near(needle: re.Pattern[str], within: int, text: str, at: int, high: int) -> int:
    """From where on a match may start: not far in front of the first needle that is within its
    reach, which there has to be one of."""
    piece = text[at : high + within]
    if not piece.isascii():
        return at
    found = needle.search(piece.lower())
    return max(at + found.start() - within, at) if found else high + 1


def _starts(rule: CompiledRule, text: str, ends: Sequence[int]) -> list[int]:
    """Where leads begin that end at one of `ends`, in order."""
    leads, sizes = rule.starts
    telling, before, behind = rule.telling, sizes[-1], rule.shape.width + 2
    if telling:
        # Most leads in ordinary text end here, before anything is cut out of it.
        ends = [e for e in ends if _tells(telling, text[max(0, e - before) : e + behind])]
    found = {
        end - size
        for end in ends
        for size in sizes
        if size <= end and text[end - size : end].lower() in leads
    }
    return sorted(found)


def _from_starts(
    rule: CompiledRule, text: str, starts: Sequence[int], last: int, tries: _Tries
) -> Iterator[Span]:
    """The same walk where all that a match can start at is known."""
    match, sees, at = rule.regex.match, rule.shape.width + 2, 0
    for start in starts:
        if start > last or tries.over:
            return
        if start < at or not tries.may_match(start):
            continue
        found = match(text, start, start + sees)
        span = _span(rule, found) if found else None
        if span is None or span.start >= span.end or not tries.is_genuine(span):
            tries.lose(start)
            # As its own library searches: on behind a match, also behind one that was dropped.
            at = found.end() if found and rule.rule.match.foreign else at
            continue
        yield span
        assert found is not None
        at = found.end()


def _span(rule: CompiledRule, match: re.Match[str]) -> Span:
    foreign = rule.rule.match.foreign
    if foreign is None:
        return Span(*match.span(rule.group))
    for start, end in foreign.spans(match):
        if foreign.judge(match.string[start:end]) > 0:
            return Span(start, end)
    return Span(match.start(), match.start())


def _first(
    rule: CompiledRule, text: str, at: int, stop: int, high: int, tries: _Tries
) -> re.Match[str] | None:
    """The first match that starts from `at` to `high`.

    Where it may start is looked for by the entry: the rule's own pattern would search on behind
    `high`, and costs more at each character.
    """
    enter, match = rule.entry.search, rule.regex.match
    reach = high + rule.shape.entry_width + 2
    # How far a pattern of a library may see must not depend on where its lead was found.
    sees = rule.shape.width + 2 if rule.rule.match.foreign else 0
    exact = rule.is_exact and at == high
    needle, within = rule.needle, rule.shape.needles.within
    while at <= high and not tries.over:
        if needle is not None:
            at = _near(needle, within, text, at, high)
            if at > high:
                return None
        if not exact:
            entry = enter(text, at, reach)
            if entry is None or entry.start() > high:
                return None
            at = entry.start()
        if tries.may_match(at):
            found = match(text, at, at + sees if sees else stop)
            if found is not None:
                return found
            tries.lose(at)
        at += 1
    return None


class _Tries:
    """What was learnt from the attempts of one rule at one text, so that many beginnings without
    an end cost little more than one, and a value that comes again is judged once."""

    def __init__(self, rule: CompiledRule, text: str, label: str, work: Work | None) -> None:
        self.over = False
        self._rule = rule
        self._text = text
        self._label = label
        self._work = work
        self._lost = deque[int](maxlen=_PATIENCE)  # where the last attempts came to nothing
        self._width = rule.shape.width
        self._known: list[int] = []  # of each need where one stands, at or behind the last place
        self._clear: list[int] = []  # and up to where none begins but that
        self._judged: dict[str, bool] = {}

    def lose(self, start: int) -> None:
        """The attempt there came to nothing."""
        self._lost.append(start)
        if self._work is not None and not self._work.lose(self._rule.rule.id, self._width):
            self.over = True

    def may_match(self, start: int) -> bool:
        """Whether one of each need begins within a match's width from `start`, if that is worth
        looking for."""
        if len(self._lost) < _PATIENCE or start - self._lost[0] > _AHEAD * self._width:
            return True
        needs = self._rule.needs
        if not self._known:
            self._known = [-1] * len(needs)
            self._clear = [0] * len(needs)
        return all(self._stands(index, start) for index in range(len(needs)))

    def _stands(self, index: int, start: int) -> bool:
        farthest = start + self._width
        if self._known[index] < start and self._clear[index] <= farthest:
            begin = max(start, self._clear[index])
            end = begin + _AHEAD * self._width
            found = self._rule.needs[index].search(self._text, begin, end + self._width + 2)
            self._known[index] = found.start() if found else -1
            self._clear[index] = found.start() + 1 if found else end
        return start <= self._known[index] <= farthest

    def is_genuine(self, span: Span) -> bool:
        """As the function of that name says."""
        if not self._lost:
            return is_genuine(self._rule, self._text, span, self._label)
        rule, text = self._rule, self._text
        if rule.context is not None and not _has_context(rule, text, span, self._label):
            return False
        value = text[span.start : span.end]
        judged = self._judged.get(value)
        if judged is None:
            judged = self._judged[value] = _is_value(rule, value)
        return judged and not _is_excused(rule, text, span, self._label)


def is_genuine(rule: CompiledRule, text: str, span: Span, label: str = "") -> bool:
    """Whether context, checks and entropy hold and nothing excuses the span."""
    # Context first: it drops most of what is dropped, and some checks cost a hundred times more.
    return (
        (rule.context is None or _has_context(rule, text, span, label))
        and _is_value(rule, text[span.start : span.end])
        and not _is_excused(rule, text, span, label)
    )


def _is_value(rule: CompiledRule, value: str) -> bool:
    """Whether what depends on the value alone holds."""
    match = rule.rule.match
    if match.min_entropy and entropy(value) < match.min_entropy:
        return False
    # Excuses are single searches, some checks read the value several times over.
    for each in rule.unless_value:
        if _fits(each, value):
            return False
    return all(CHECKS[name](value) for name in match.checks)


def _is_excused(rule: CompiledRule, text: str, span: Span, label: str) -> bool:
    """Whether what stands around a span excuses it."""
    return any(excuses(each, text, span, label) for each in rule.unless_around)


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
    if each.pattern is None or excuse.scope is Scope.VALUE:
        return _fits(each, text[start:end])
    match excuse.scope:
        case Scope.BEFORE:
            head = f'{label} = "' if label and start < excuse.within else ""
            subject = (head + text[max(0, start - excuse.within) : start])[-excuse.within :]
        case Scope.AFTER:
            subject = text[end : end + excuse.within]
        case _:
            subject = _line(text, span)
    return each.pattern.search(subject) is not None


def _fits(each: CompiledExcuse, value: str) -> bool:
    """Whether an excuse of values applies to one."""
    if each.excuse.scope is Scope.SHA1:
        return digest_of(value) in each.excuse.values
    if each.pattern is None:
        return value.lower() in each.excuse.values
    return each.pattern.search(value) is not None


def _line(text: str, span: Span) -> str:
    low = max(text.rfind("\n", 0, span.start) + 1, span.start - LINE_REACH)
    break_at = text.find("\n", span.end)
    high = len(text) if break_at < 0 else break_at
    return text[low : min(high, span.end + LINE_REACH)]
