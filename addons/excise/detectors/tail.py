"""How much of a growing text must be kept back, because it may be the beginning of a finding.

Two things may: a *word*, the trailing run of visible ASCII, since most values hold no white
space; and what the `hold` pattern of a rule recognises as unfinished. Other scripts never wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from excise.model import Span
from excise.rules.compile import CompiledHold, CompiledRule
from excise.text.escapes import unescape

# Six characters for one: `\u0041` is an A, so an escaped word may be six times as wide.
_ESCAPED: Final = 6
_VISIBLE: Final = "".join(map(chr, range(33, 127)))


class Tail:
    """Knows the widest word and all `hold` patterns of a set of rules."""

    def __init__(self, rules: Sequence[CompiledRule]) -> None:
        words = [
            min(rule.shape.span_width, rule.rule.window or rule.shape.span_width)
            for rule in rules
            if rule.hold is None
        ]
        self._word = max(words, default=0)
        self._holds = tuple(rule.hold for rule in rules if rule.hold is not None)
        self._reach = max((hold.reach for hold in self._holds), default=0)

    def hold(self, text: str) -> int:
        """The first position that is not decided yet; `len(text)` where all is."""
        size = len(text)
        run = len(text.rstrip(_VISIBLE)) if self._word else size
        widest = self._word
        if size - run > widest and "\\" in text[-widest * _ESCAPED :]:
            widest *= _ESCAPED
        undecided = max(run, size - widest)
        for hold in self._holds:
            undecided = min(undecided, _start(hold, text))
        if "\\" in text[-self._reach :] and self._holds:
            undecided = min(undecided, self._escaped(text))
        return undecided

    def _escaped(self, text: str) -> int:
        """The same through the view with escapes decoded."""
        begin = max(0, len(text) - self._reach * 2)
        view = unescape(text[begin:])
        if view is None:
            return len(text)
        start = min(_start(hold, view.text) for hold in self._holds)
        if start == len(view.text):
            return len(text)
        return begin + view.back(Span(start, len(view.text))).start


def _start(hold: CompiledHold, text: str) -> int:
    low = max(0, len(text) - hold.reach)
    if hold.prefix:
        low = text.find(hold.prefix, low)
        if low < 0:
            return len(text)
    match = hold.pattern.search(text, low)
    return match.start() if match else len(text)
