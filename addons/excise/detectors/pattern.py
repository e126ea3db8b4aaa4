"""The scanner over compiled rules: one pass over all texts of a message, then a look at each hit.

A text is read as it is, a second time with its escapes decoded where it has any, and its head a
third time behind its label, as `label = "text"`. Spans always point into the text as received.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from excise.detectors.base import Findings
from excise.detectors.confirm import find_spans
from excise.detectors.prefilter import Hits, Prefilter
from excise.detectors.tail import Tail
from excise.model import Finding, Segment, Span
from excise.rules.compile import CompiledRule
from excise.text.escapes import View, unescape

REMEMBERED: Final = 8192  # verdicts kept; one is a digest and its findings, some hundred bytes
_WORTH: Final = 512  # characters from which hashing a text is cheaper than scanning it
_LABELLED: Final = 1024  # how much of a labelled text is read behind its label

Reading = Callable[[Span], Span | None]


class _Text(NamedTuple):
    """A text to be searched, made from segment `segment`."""

    segment: int
    text: str
    label: str = ""
    view: View | None = None
    prefix: int = 0  # characters of the label in front; matches must start among them

    def back(self, span: Span) -> Span | None:
        """The span in the segment's own text, or None where it lies outside."""
        if self.view is not None:
            return self.view.back(span)
        if self.prefix:
            start, end = max(span.start - self.prefix, 0), min(span.end, len(self.text) - 1)
            end -= self.prefix
            return Span(start, end) if start < end else None
        return span


class PatternScanner:
    """Implements `Scanner` over the rules of the active packs; safe to use from several threads."""

    def __init__(
        self,
        rules: Sequence[CompiledRule],
        prefilter: Prefilter,
        *,
        blind: Callable[[str], str] | None = None,
    ) -> None:
        """`blind` returns a text of the same length in which nothing is left of what the firewall
        itself put there: a placeholder must not be the context of the text behind it."""
        self._blind = blind
        self._rules = tuple(rules)
        self._prefilter = prefilter
        self._tail = Tail(rules)
        self._memory = _Memory(REMEMBERED)
        self.reach = max((rule.reach for rule in rules), default=0)

    def hold(self, text: str) -> int:
        """The first position from which something may still grow into a finding."""
        return self._tail.hold(text)

    def scan(self, segments: Sequence[Segment]) -> list[Findings]:
        """For each segment what was found in it, sorted by span; rules may overlap."""
        results: list[Findings] = [()] * len(segments)
        keys: dict[int, bytes] = {}
        texts: list[_Text] = []
        for index, segment in enumerate(segments):
            if len(segment.text) >= _WORTH:
                key = _key(segment)
                known = self._memory.get(key)
                if known is not None:
                    results[index] = known
                    continue
                keys[index] = key
            _add_texts(texts, index, self._blinded(segment))
        if texts:
            self._search(texts, results)
        for index, key in keys.items():
            self._memory.put(key, results[index])
        return results

    def _blinded(self, segment: Segment) -> Segment:
        if self._blind is None or "[" not in segment.text:
            return segment
        return segment._replace(text=self._blind(segment.text))

    def _search(self, texts: list[_Text], results: list[Findings]) -> None:
        hits: Hits = self._prefilter.hits([each.text for each in texts])
        found: dict[int, set[Finding]] = {}
        for number, rules in hits.items():
            for rule, ends in rules.items():
                spans = self._confirm(texts[number], self._rules[rule], ends)
                if spans:
                    found.setdefault(texts[number].segment, set()).update(spans)
        for index, findings in found.items():
            results[index] = tuple(sorted(findings, key=lambda each: (each.span, each.rule)))

    def _confirm(
        self, text: _Text, rule: CompiledRule, ends: Sequence[int] | None
    ) -> list[Finding]:
        limit = text.prefix if text.prefix else None
        spans = find_spans(rule, text.text, ends, label=text.label, limit=limit)
        mapped = (text.back(span) for span in spans)
        return [_finding(rule, span) for span in mapped if span is not None]


def _add_texts(texts: list[_Text], index: int, segment: Segment) -> None:
    text, label = segment.text, segment.label
    if not text:
        return
    texts.append(_Text(index, text, label))
    if label:
        head = f'{label} = "'
        texts.append(_Text(index, f'{head}{text[:_LABELLED]}"', label, prefix=len(head)))
    view = unescape(text) if "\\" in text else None
    if view is not None and view.text != text:
        texts.append(_Text(index, view.text, label, view=view))


def _finding(rule: CompiledRule, span: Span) -> Finding:
    facts = rule.rule
    score = 0.6 if facts.generic else 0.99 if facts.match.checks else 0.95
    return Finding(facts.entity, facts.id, span, score, facts.severity, facts.kind)


def _key(segment: Segment) -> bytes:
    digest = hashlib.blake2b(segment.label.encode("utf-8", "surrogatepass"), digest_size=16)
    digest.update(b"\0")
    digest.update(segment.text.encode("utf-8", "surrogatepass"))
    return digest.digest()


class _Memory:
    """Findings by the digest of a text, the least recently used forgotten first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, Findings] = OrderedDict()

    def get(self, key: bytes) -> Findings | None:
        with self._lock:
            known = self._known.get(key)
            if known is not None:
                self._known.move_to_end(key)
            return known

    def put(self, key: bytes, findings: Findings) -> None:
        with self._lock:
            self._known[key] = findings
            if len(self._known) > self._size:
                self._known.popitem(last=False)
