"""How much of a growing text must be kept back, because it may be the beginning of a finding.

Three things may: a *word*, the trailing run of visible ASCII, since most values hold no white
space; what the `hold` pattern of a rule recognises as unfinished; and a run of base64 or hex of
which text comes, also over several lines. Other scripts never wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from excise.model import Span
from excise.rules.compile import CompiledHold, CompiledRule
from excise.text.escapes import unescape
from excise.text.packed import find_open

# Six characters for one: `\u0041` and `&#x41;` are an A, so an escaped word may be six times as
# wide.
_ESCAPING: Final = "\\%&"
_ESCAPED: Final = 6
# The part of an unfinished span behind its last white space is a word, no wider than a line of PEM.
_LINE: Final = 80
# Matches no wider than this are looked for from each place that they may begin at.
_SHORT: Final = 160
_ESCAPES: Final = '\\"/bfnrtux0123456789abcdefABCDEF'  # what an escape is made of
_FEW: Final = 512  # characters of which it is quick to tell which there are
_SPELLED: Final = ("\\u00", "\\x")  # how an escape of a visible character begins
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
        self._short = max((min(hold.reach, hold.facts.short) for hold in self._holds if
                           hold.facts.short <= _SHORT), default=0)  # fmt: skip
        self._seeds = tuple({hold.facts.seed for hold in self._holds if hold.facts.seed})
        # Of long ones without a seed: what they and escapes of it are made of.
        self._runs = tuple(
            {
                hold.facts.alphabet + _ESCAPES if hold.facts.alphabet else ""
                for hold in self._holds
                if not hold.facts.seed and hold.facts.short > _SHORT
            }
        )
        self._by_last = tuple(
            tuple(hold for hold in self._holds if hold.last >> code & 1) for code in range(129)
        )

    def hold(self, text: str) -> int:
        """The first position that is not decided yet; `len(text)` where all is."""
        size = len(text)
        if not size:
            return 0
        run = _word_begin(text) if self._word else size
        widest = self._word
        if size - run > widest:
            end = text[-widest * _ESCAPED :]
            if any(mark in end for mark in _ESCAPING):
                widest *= _ESCAPED
        undecided = min(max(run, size - widest), self._unfinished(text))
        if self._word:
            undecided = min(undecided, find_open(text))
        if self._holds and text.find("\\", max(0, size - self._reach)) >= 0:
            undecided = min(undecided, self._escaped(text))
        return undecided

    def _unfinished(self, text: str) -> int:
        """Where the earliest of what a `hold` pattern takes for unfinished begins."""
        earliest = len(text)
        shown = frozenset(text) if len(text) <= _FEW else None
        for hold in self._by_last[min(ord(text[-1]), 128)]:
            firsts = hold.facts.firsts
            if shown is None or not firsts or not firsts.isdisjoint(shown):
                earliest = min(earliest, _begin(hold, text))
        return earliest

    def _escaped(self, text: str) -> int:
        """The same through the view with escapes decoded."""
        begin = self._view_begin(text)
        view = unescape(text[begin:])
        if view is None or not view.text:
            return len(text)
        start, size = self._unfinished(view.text), len(view.text)
        return begin + view.back(Span(start, size)).start if start < size else len(text)

    def _view_begin(self, text: str) -> int:
        """From where on a view may show something unfinished."""
        size = len(text)
        farthest = max(0, size - self._reach * 2)
        for mark in (*_SPELLED, *self._seeds):
            if text.find(mark, farthest) >= 0:
                return farthest
        begin = max(farthest, size - self._short * 2 * _ESCAPED)  # of surrogates there are two
        for run in self._runs:
            begin = min(begin, farthest + len(text[farthest:].rstrip(run)) if run else farthest)
        return begin


def _word_begin(text: str) -> int:
    """Where the trailing run of visible ASCII begins."""
    begin = max(map(text.rfind, " \n")) + 1
    if text.isascii() and text[begin:].isprintable():  # nearly always, and quick to tell
        return begin
    return len(text.rstrip(_VISIBLE))


def _begin(hold: CompiledHold, text: str) -> int:
    """Where the earliest match begins; `len(text)` where none does."""
    size, (alphabet, short, seed, _, reach, _) = len(text), hold.facts
    low = max(0, size - hold.reach)
    near = max(low, size - short)
    if alphabet and (rest := text[near:].rstrip(alphabet)):
        low = near = near + len(rest)
    elif seed and text.find(seed, low) < 0:
        low = near
    elif alphabet and low < near:
        low += len(text[low:near].rstrip(alphabet))
    while low < near:
        at = text.find(seed, low)
        found = hold.head.search(text, max(low, at + len(seed) - reach)) if at >= 0 else None
        if found is None or found.start() >= near:
            break
        if hold.pattern.match(text, found.start()):
            return found.start()
        low = found.start() + 1
    match = hold.pattern.search(text, near) if near < size else None
    return match.start() if match else size


def _word(rule: CompiledRule) -> int:
    """How much of a trailing word the rule needs."""
    width = min(rule.shape.span_width, _LINE) if rule.hold else rule.shape.span_width
    return min(width, rule.rule.window or width)
