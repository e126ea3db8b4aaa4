"""Rules → scanner, with Hyperscan where it is installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable
from typing import Protocol

from excise.detectors.fallback import Literals
from excise.detectors.pattern import PatternScanner
from excise.detectors.prefilter import Prefilter
from excise.rules.compile import CompiledRule, compile_rules
from excise.rules.schema import Rule, Status

HYPERSCAN = importlib.util.find_spec("hyperscan") is not None


class Databases(Protocol):
    """Where compiled databases are kept between runs; a lost one is only made again."""

    def get(self, name: str) -> bytes:
        """The database of this name, or b"" where there is none."""
        ...

    def put(self, name: str, database: bytes) -> None:
        """Keep it."""
        ...


def build_scanner(
    rules: Iterable[Rule],
    databases: Databases | None = None,
    *,
    blind: Callable[[str], str] | None = None,
) -> PatternScanner:
    """A scanner over all these rules. Raises `PolicyError`."""
    compiled = compile_rules(rules)
    return PatternScanner(compiled, _prefilter(compiled, databases), blind=blind)


def build_plain_scanner(rules: Iterable[Rule]) -> PatternScanner:
    """The same without Hyperscan: quick to make, slow to run."""
    compiled = compile_rules(rules)
    return PatternScanner(compiled, Literals(compiled))


def active(rules: Iterable[Rule], *, level: int) -> tuple[Rule, ...]:
    """The stable rules up to a level: those that may act."""
    return tuple(rule for rule in rules if rule.status is Status.STABLE and rule.level <= level)


def _prefilter(rules: tuple[CompiledRule, ...], databases: Databases | None) -> Prefilter:
    if not HYPERSCAN:
        return Literals(rules)
    from excise.detectors.hyper import Hyper, fingerprint, restore

    if databases is None:
        return Hyper(rules)
    name = fingerprint(rules)
    kept = databases.get(name)
    restored = restore(rules, kept) if kept else None
    if restored is not None:
        return restored
    made = Hyper(rules)
    databases.put(name, made.serialize())
    return made
