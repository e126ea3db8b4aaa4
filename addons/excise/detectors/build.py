"""Rules → scanner, with Hyperscan where it is installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable

from excise.detectors.fallback import Literals
from excise.detectors.pattern import PatternScanner
from excise.detectors.prefilter import Prefilter
from excise.rules.compile import CompiledRule, compile_rules
from excise.rules.schema import Rule, Status

HYPERSCAN = importlib.util.find_spec("hyperscan") is not None


def build_scanner(rules: Iterable[Rule]) -> PatternScanner:
    """A scanner over all these rules. Raises `PolicyError`."""
    compiled = compile_rules(rules)
    return PatternScanner(compiled, _prefilter(compiled))


def build_plain_scanner(rules: Iterable[Rule]) -> PatternScanner:
    """The same without Hyperscan: quick to make, slow to run."""
    compiled = compile_rules(rules)
    return PatternScanner(compiled, Literals(compiled))


def active(rules: Iterable[Rule], *, level: int) -> tuple[Rule, ...]:
    """The stable rules up to a level: those that may act."""
    return tuple(rule for rule in rules if rule.status is Status.STABLE and rule.level <= level)


def _prefilter(rules: tuple[CompiledRule, ...]) -> Prefilter:
    if not HYPERSCAN:
        return Literals(rules)
    from excise.detectors.hyper import Hyper

    return Hyper(rules)
