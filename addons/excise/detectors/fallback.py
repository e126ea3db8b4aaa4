"""Prefilter by literals that every match holds: pure Python, for hosts without Hyperscan."""

from __future__ import annotations

from collections.abc import Sequence

from excise.detectors.prefilter import Hits
from excise.rules.compile import CompiledRule


class Literals:
    """Looks for literals with plain `in`; a rule without any is looked for everywhere."""

    def __init__(self, rules: Sequence[CompiledRule]) -> None:
        self._rules = tuple((index, rule.literals) for index, rule in enumerate(rules))

    def hits(self, texts: Sequence[str]) -> Hits:
        """Rules of which a literal stands in the text, to be looked for anywhere in it."""
        found: Hits = {}
        for index, text in enumerate(texts):
            low = text.lower()
            rules = {
                rule: None
                for rule, literals in self._rules
                if not literals or any(literal in low for literal in literals)
            }
            if rules:
                found[index] = dict(rules)
        return found
