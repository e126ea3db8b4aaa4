"""Prefilter by literals that every match holds: pure Python, for hosts without Hyperscan."""

from __future__ import annotations

from collections.abc import Sequence

from excise.detectors.patterns.prefilter import Hits
from excise.rules.compile import CompiledRule


class Literals:
    """Looks for literals with plain `in`; a rule without any is looked for everywhere."""

    def __init__(self, rules: Sequence[CompiledRule]) -> None:
        self._rules = tuple((index, rule.literals, rule.words) for index, rule in enumerate(rules))

    def hits(self, texts: Sequence[str], labels: Sequence[str] = (), behind: int = 0) -> Hits:
        """Rules of which a literal stands in the text, and a word of context there or in the label,
        to be looked for anywhere in the text."""
        found: Hits = {}
        for index, text in enumerate(texts):
            low = text.casefold()
            both = f"{labels[index].casefold()}\n{low}" if labels and labels[index] else low
            rules = {
                rule: None
                for rule, literals, words in self._rules
                if _one_in(literals, low) and _one_in(words, both)
            }
            if rules:
                found[index] = dict(rules)
        return found

    def numbers(self, text: str) -> None:
        """Not known."""


def _one_in(words: tuple[str, ...], text: str) -> bool:
    return not words or any(word in text for word in words)
