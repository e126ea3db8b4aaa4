"""How much of a growing text must be kept back, because it may be the beginning of a finding.

Two things may: a *word*, the trailing run of visible ASCII, since most values hold no white
space; and what the `hold` pattern of a rule recognises as unfinished. Other scripts never wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from excise.model import Span
from excise.rules.compile import CompiledRule
from excise.text.escapes import unescape

# Six characters for one: `\u0041` is an A, so an escaped word may be six times as wide.
_ESCAPED: Final = 6
# The part of an unfinished span behind its last white space is a word, no wider than a line of PEM.
_LINE: Final = 80
_VISIBLE: Final = "".join(map(chr, range(33, 127)))


class Tail:
    """Knows the widest word and all `hold` patterns of a set of rules."""

    def __init__(self, rules: Sequence[CompiledRule]) -> None:
        streamed = [rule for rule in rules if rule.rule.is_streamed]
        words = [_word(rule) for rule in streamed]
        holds = {
            (rule.hold.source, rule.hold.ignore_case, rule.hold.reach): rule.hold
            for rule in streamed
            if rule.hold
        }
        self._word = max(words, default=0)
        self._holds = tuple(holds.values())
        self._reach = max((hold.reach for hold in self._holds), default=0)
        self._by_last = tuple(
            tuple(hold for hold in self._holds if hold.last >> code & 1) for code in range(129)
        )

    def hold(self, text: str) -> int:
        """The first position that is not decided yet; `len(text)` where all is."""
        size = len(text)
        if not size:
            return 0
        run = len(text.rstrip(_VISIBLE)) if self._word else size
        widest = self._word
        if size - run > widest and "\\" in text[-widest * _ESCAPED :]:
            widest *= _ESCAPED
        undecided = min(max(run, size - widest), self._unfinished(text))
        if self._holds and "\\" in text[-self._reach :]:
            undecided = min(undecided, self._escaped(text))
        return undecided

    def _unfinished(self, text: str) -> int:
        """Where the earliest of what a `hold` pattern takes for unfinished begins."""
        start = len(text)
        holds = self._by_last[min(ord(text[-1]), 128)]
        low = text[-self._reach :].lower() if holds else ""
        stands: dict[tuple[str, ...], bool] = {(): True}
        for hold in holds:
            if hold.literals not in stands:
                stands[hold.literals] = any(literal in low for literal in hold.literals)
            if not stands[hold.literals]:
                continue
            match = hold.pattern.search(text, max(0, len(text) - hold.reach))
            start = min(start, match.start()) if match else start
        return start

    def _escaped(self, text: str) -> int:
        """The same through the view with escapes decoded."""
        begin = max(0, len(text) - self._reach * 2)
        view = unescape(text[begin:])
        if view is None or not view.text:
            return len(text)
        start, size = self._unfinished(view.text), len(view.text)
        return begin + view.back(Span(start, size)).start if start < size else len(text)


def _word(rule: CompiledRule) -> int:
    """How much of a trailing word the rule needs."""
    width = min(rule.shape.span_width, _LINE) if rule.hold else rule.shape.span_width
    return min(width, rule.rule.window or width)
