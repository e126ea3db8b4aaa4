"""The scanner over compiled rules: one pass over all texts of a message, then a look at each hit.

A text is read as it is, and again in every view that differs: disguised characters folded, escapes
decoded, colours of terminals left out, numbers in words written in digits, cells of tables behind
the names of their columns, encoded runs decoded to their depth as far as one budget for the message
lets. Its head is also read behind its label, as `label = "text"`. Spans always point into the text
as received.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain
from operator import attrgetter
from typing import Final, NamedTuple, Protocol

from excise.detectors.base import Findings, Glance
from excise.detectors.memory import Memory
from excise.detectors.patterns import phones
from excise.detectors.patterns.confirm import find_spans
from excise.detectors.patterns.prefilter import Hits, Prefilter
from excise.detectors.patterns.tail import Tail
from excise.detectors.patterns.work import Work
from excise.model import Finding, Kind, Segment, Span
from excise.rules.compile import CompiledRule
from excise.text.budget import Budget
from excise.text.columns import read_columns
from excise.text.control import bare
from excise.text.escapes import unescape
from excise.text.fold import fold
from excise.text.fold_tables import tables
from excise.text.packed import has_run
from excise.text.spoken import speak
from excise.text.unwrap import Guess, find_encoded, find_guesses

_ORDER: Final = attrgetter("span", "rule")
_MARKS: Final = "\\%&["  # of escapes and of placeholders
_SHORT: Final = 512  # characters below which a text is remembered apart
_MARK: Final = 3  # characters of a literal that tell a value from words
_SEEN: Final = 2  # characters behind a match that decide about it
_LABELLED: Final = 1024  # how much of a labelled text is read behind its label


class _View(Protocol):
    @property
    def text(self) -> str: ...

    def back(self, span: Span) -> Span: ...


Views = tuple[_View, ...]


class _Text(NamedTuple):
    """A text to be searched, made from segment `segment`."""

    segment: int
    text: str
    label: str = ""
    views: Views = ()  # from the segment's own text to this one
    prefix: int = 0  # characters of the label in front; matches must start among them

    @property
    def is_guessed(self) -> bool:
        """Whether only values of a form of their own count in it."""
        return bool(self.views) and isinstance(self.views[-1], Guess)

    def back(self, span: Span) -> Span | None:
        """The span in the segment's own text, or None where it lies outside."""
        if self.prefix:
            start, end = max(span.start - self.prefix, 0), min(span.end, len(self.text) - 1)
            span = Span(start, end - self.prefix)
            if span.start >= span.end:
                return None
        for view in reversed(self.views):
            span = view.back(span)
        return span


class Looked(NamedTuple):
    """What a look at a message found, and by number the segments in which something was left out:
    undecoded, as the budget of the message was spent, or untried, as that of the text was.

    Of those in `passing` another message may show more: what was found is not remembered.
    """

    findings: list[Findings]
    exhausted: tuple[int, ...] = ()
    passing: frozenset[int] = frozenset()


class _Pass(NamedTuple):
    """Rules, what says where they may match, and which of them say nothing."""

    rules: tuple[CompiledRule, ...]
    prefilter: Prefilter
    silent: frozenset[int] = frozenset()


class Verdict(NamedTuple):
    """What was found in a text, and whether something of it is left out at any time."""

    findings: Findings
    exhausted: bool = False


class PatternScanner:
    """Implements `Scanner` over the rules of the active packs; safe to use from several threads."""

    def __init__(
        self,
        rules: Sequence[CompiledRule],
        prefilter: Prefilter,
        streamed: Prefilter | None = None,
    ) -> None:
        """`streamed` is over `streamed_of` the rules; without one the other serves for streams."""
        self._distinct = frozenset(n for n, rule in enumerate(rules) if _is_distinct(rule))
        self._whole = _Pass(tuple(rules), prefilter)
        # What reads requests only is not waited for in a stream, where it says nothing.
        silent = frozenset(n for n, rule in enumerate(rules) if not rule.rule.is_streamed)
        self._pieces = (
            _Pass(tuple(rules), prefilter, silent)
            if streamed is None
            else _Pass(streamed_of(rules), streamed)
        )
        self._far = tuple(r.lead_shift + r.shape.width + _SEEN for r in self._pieces.rules)
        self._tail = Tail(rules)
        tables()  # made now: the first message with an accent does not wait for them
        self.memory = Memory[Verdict]()
        self.short = Memory[Verdict]()  # so that many of those do not push out a conversation
        self.numbers = prefilter.numbers
        self.reach = max((rule.reach for rule in rules), default=0)

    @property
    def rules(self) -> tuple[CompiledRule, ...]:
        """Those it runs."""
        return self._whole.rules

    def prepare(self) -> Iterator[None]:
        """Make, a step at a time, what else the first text makes that needs it: each step takes
        milliseconds, some tens of them, all together more than a second."""
        for rule in self._whole.rules:
            rule.prepare()
            yield
        if any("phone" in rule.rule.match.checks for rule in self._whole.rules):
            yield from phones.prepare()

    def hold(self, text: str) -> int:
        """The first position from which something may still grow into a finding."""
        return self._tail.hold(text)

    def rests(self, piece: Segment, done: int) -> bool:
        """As of `Scanner`: the text has no other reading, and no rule has a match behind `done`."""
        text = piece.text
        if piece.label or has_other_reading(text):
            return False
        for hits in self._pieces.prefilter.hits([text], (), done).values():
            work = Work(len(text))
            for number, ends in hits.items():
                if ends is not None and ends[-1] + self._far[number] <= done:
                    continue
                spans = find_spans(self._pieces.rules[number], text, ends, work=work)
                if any(span.end > done for span in spans):
                    return False
        return True

    def scan(self, segments: Sequence[Segment], *, whole: bool = True) -> list[Findings]:
        """For each segment what was found in it, sorted by span; rules may overlap."""
        glances = [Glance(segment, numbers=self.numbers) for segment in segments]
        return self.look(glances, whole=whole).findings

    def look(self, glances: Sequence[Glance], *, whole: bool = True) -> Looked:
        """The same, and of which texts something was left out.

        A remembered text takes nothing from the budget, so that an old message does not hide what
        is in a new one.
        """
        results: list[Findings] = [()] * len(glances)
        fresh: dict[int, tuple[Memory[Verdict], bytes]] = {}
        exhausted, passing = set[int](), set[int]()
        texts: list[_Text] = []
        budget = Budget()
        for index, glance in enumerate(glances):
            memory = self.short if glance.size < _SHORT else self.memory
            known = memory.get(glance.digest) if whole else None
            if known is not None:
                results[index] = known.findings
                exhausted.update((index,) * known.exhausted)
                continue
            alone, budget.exhausted = budget == Budget(), False
            _add_texts(texts, index, glance, budget if whole else None)
            exhausted.update((index,) * budget.exhausted)
            if alone or not budget.exhausted:
                fresh[index] = memory, glance.digest
            else:
                passing.add(index)
        if texts:
            exhausted |= self._search(texts, results, self._whole if whole else self._pieces)
        if whole:
            for index, (memory, key) in fresh.items():
                memory.put(key, Verdict(results[index], index in exhausted))
        return Looked(results, tuple(sorted(exhausted)), frozenset(passing))

    def _search(self, texts: list[_Text], results: list[Findings], by: _Pass) -> set[int]:
        """Fill in the results; the segments in which not everything was tried."""
        hits: Hits = by.prefilter.hits(
            [each.text for each in texts], [each.label for each in texts]
        )
        if not hits:
            return set()
        found: dict[int, dict[str, set[Finding]]] = {}  # by segment and rule
        works: dict[int, Work] = {}
        for number in sorted(hits):  # so that a text comes before its views
            text = texts[number]
            work = works.setdefault(text.segment, Work(len(text.text)))
            for rule, ends in hits[number].items():
                if rule in by.silent or (text.is_guessed and rule not in self._distinct):
                    continue
                spans = _confirm(text, by.rules[rule], ends, work)
                if spans:
                    by_rule = found.setdefault(text.segment, {})
                    known = by_rule.setdefault(spans[0].rule, set())
                    known.update(_news(spans, known) if text.views else spans)
        for index, by_rule in found.items():
            results[index] = tuple(sorted(chain.from_iterable(by_rule.values()), key=_ORDER))
        return {segment for segment, work in works.items() if work.exhausted}


def streamed_of(rules: Sequence[CompiledRule]) -> tuple[CompiledRule, ...]:
    """Those of the rules that read streams, in order."""
    return tuple(rule for rule in rules if rule.rule.is_streamed)


def _confirm(
    text: _Text, rule: CompiledRule, ends: Sequence[int] | None, work: Work
) -> list[Finding]:
    limit = text.prefix if text.prefix else None
    spans = find_spans(rule, text.text, ends, label=text.label, limit=limit, work=work)
    mapped = ((text.back(span), text.text[span.start : span.end]) for span in spans)
    return [_finding(rule, span, value) for span, value in mapped if span is not None]


def has_other_reading(text: str) -> bool:
    """Whether a piece of a growing text may be read in another way than it stands there: decoded,
    or without the placeholders in it."""
    return any(mark in text for mark in _MARKS) or has_run(text)


def _add_texts(texts: list[_Text], index: int, glance: Glance, budget: Budget | None) -> None:
    text, label = glance.text, glance.segment.label
    if not text:
        return
    texts.append(_Text(index, text, label))
    texts.extend(_behind_label(index, text, label, ()))
    for views in _views(glance, budget):
        shown = views[-1].text
        texts.append(_Text(index, shown, label, views))
        if not texts[-1].is_guessed:
            texts.extend(_behind_label(index, shown, label, views))


def _behind_label(index: int, text: str, label: str, views: Views) -> Iterator[_Text]:
    if label:
        head = f'{label} = "'
        yield _Text(index, f'{head}{text[:_LABELLED]}"', label, views, len(head))


def _views(glance: Glance, budget: Budget | None) -> Iterator[Views]:
    """The ways to other readings of a text, each by what it goes through.

    A piece of a growing text has no budget of the message's, and only such disguises as wait for
    their end: else where it is cut would decide what is found.
    """
    way: Views = ()
    text = glance.text
    unescaped = unescape(text)
    if unescaped is not None and unescaped.text != text:
        way, text = (unescaped,), unescaped.text
        yield way
    nested = bool(way)
    if budget is None:
        for decoded in find_encoded(text, nested=nested, growing=True):
            yield (*way, decoded)
        return
    uncoloured = bare(text)
    if uncoloured is not None:
        way, text = (*way, uncoloured), uncoloured.text
        yield way
    # Behind the escapes, whose digits would make accented words look like keys.
    folded = fold(text)
    if folded is not None:
        way, text = (*way, folded), folded.text
        yield way
    spoken = speak(text) if way else glance.spoken
    if spoken is not None:
        yield (*way, spoken)
    columns = read_columns(text, budget)
    if columns is not None:
        yield (*way, columns)
    for decoded in find_encoded(text, budget, nested=nested):
        yield (*way, decoded)
        folded = fold(decoded.text)
        if folded is not None:
            yield (*way, decoded, folded)
    for guess in find_guesses(text):
        yield (*way, guess)


def _is_distinct(compiled: CompiledRule) -> bool:
    """Whether what a rule looks for has a form of its own, which hardly comes about by chance."""
    rule = compiled.rule
    marked = bool(compiled.literals) and min(map(len, compiled.literals)) >= _MARK
    return rule.kind is Kind.SECRET and not rule.generic and marked


def _news(findings: list[Finding], known: set[Finding]) -> list[Finding]:
    """What a view shows that lies in nothing that the same rule found before."""
    spans = sorted(each.span for each in known)
    starts = [span.start for span in spans]
    farthest = [0, *accumulate((span.end for span in spans), max)]  # of so many of the first
    return [
        each for each in findings if farthest[bisect_right(starts, each.span.start)] < each.span.end
    ]


def _finding(rule: CompiledRule, span: Span, value: str) -> Finding:
    facts = rule.rule
    score = 0.6 if facts.generic else 0.99 if facts.match.checks else 0.95
    if facts.match.foreign is not None:
        score = facts.match.foreign.judge(value)
    return Finding(facts.entity, facts.id, span, score, facts.severity, facts.kind)
