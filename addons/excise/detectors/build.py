"""Rules → scanner, with Hyperscan where it is installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Container, Iterable, Mapping
from typing import Final, Protocol

from excise.detectors.asked.slow import Asking
from excise.detectors.base import Detector
from excise.detectors.own.proof import PROOF
from excise.detectors.patterns.fallback import Literals
from excise.detectors.patterns.prefilter import Prefilter
from excise.detectors.patterns.scan import PatternScanner, streamed_of
from excise.detectors.scanner import ANY, FullScanner, spelled
from excise.model import Direction
from excise.rules.compile import CompiledRule, compile_rules
from excise.rules.schema import Rule, Status

HYPERSCAN: Final = importlib.util.find_spec("hyperscan") is not None


def _names() -> Detector:
    # Loaded on first use: the model takes a while, and not every profile reads names.
    from excise.detectors.names.sights import Names

    return Names.shipped()


def _code() -> Detector:
    from excise.detectors.code.reader import Code

    return Code.shipped()


def _cards() -> Detector:
    from excise.detectors.patterns.cards import Cards

    return Cards()


def _injection() -> Detector:
    from excise.detectors.meaning.reading import Injection, Meaning

    return Injection(Meaning.shipped())


def _unsafe() -> Detector:
    from excise.detectors.meaning.reading import Meaning, Unsafe

    return Unsafe(Meaning.shipped())


def _topics() -> Detector:
    from excise.detectors.meaning.reading import Meaning, Topics

    return Topics(Meaning.shipped())


def entities_of(rules: Iterable[Rule], detectors: Mapping[str, Detector]) -> frozenset[str]:
    """Every entity that findings may carry, those of rules with many labels spelled out."""
    return frozenset(
        spelled(rule.entity, label)
        for rule in rules
        for label in (
            detectors[rule.asked.detector].labels
            if rule.asked and rule.asked.label == ANY and rule.asked.detector in detectors
            else ("",)
        )
    )


SHIPPED: Final[Mapping[str, Callable[[], Detector]]] = {
    "names": _names,
    "cards": _cards,
    "code": _code,
    "injection": _injection,
    "topics": _topics,
    "unsafe": _unsafe,
}


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
    blind: Callable[[str], str] = str,
    detectors: Mapping[str, Detector] | None = None,
    asking: Asking | None = None,
    awaited: Container[tuple[Direction, str]] | None = None,
) -> FullScanner:
    """A scanner over all these rules. Raises `PolicyError`.

    `detectors` are those over data of the operator's own; those that ship are added where a rule
    reads them. `asking` and `awaited` are as for `FullScanner`.
    """
    rules = tuple(rules)
    compiled = compile_rules(rule for rule in rules if rule.asked is None)
    # A database of their own makes streams cheaper. It takes a second or two to compile, which is
    # worth while where it is kept.
    streamed = None if databases is None else _prefilter(streamed_of(compiled), databases)
    pattern = PatternScanner(compiled, _prefilter(compiled, databases), streamed)
    beside = side_detectors(rules, detectors or {})
    return FullScanner(pattern, beside, rules, blind=blind, asking=asking, awaited=awaited)


def build_plain_scanner(rules: Iterable[Rule]) -> FullScanner:
    """The same without Hyperscan, quick to make and slow to run, for proofs."""
    rules = tuple(rules)
    compiled = compile_rules(rule for rule in rules if rule.asked is None)
    pattern = PatternScanner(compiled, Literals(compiled))
    return FullScanner(pattern, side_detectors(rules, proof_detectors(rules)), rules)


def build_proof_scanner(rules: Iterable[Rule]) -> FullScanner:
    """All rules together, with data by which those over the operator's own are proven."""
    rules = tuple(rules)
    return build_scanner(rules, detectors=proof_detectors(rules))


def proof_detectors(rules: Iterable[Rule]) -> dict[str, Detector]:
    """Those of `PROOF` that these rules read."""
    asked = {rule.asked.detector for rule in rules if rule.asked}
    return {name: make() for name, make in PROOF.items() if name in asked}


def side_detectors(rules: Iterable[Rule], given: Mapping[str, Detector]) -> dict[str, Detector]:
    """The side detectors that these rules read, by name: the given ones, and those that ship."""
    asked = sorted({rule.asked.detector for rule in rules if rule.asked})
    return {
        name: given[name] if name in given else SHIPPED[name]()
        for name in asked
        if name in given or name in SHIPPED
    }


def active(rules: Iterable[Rule], *, level: int) -> tuple[Rule, ...]:
    """The stable rules up to a level: those that may act."""
    return tuple(rule for rule in rules if rule.status is Status.STABLE and rule.level <= level)


def _prefilter(rules: tuple[CompiledRule, ...], databases: Databases | None) -> Prefilter:
    if not HYPERSCAN:
        return Literals(rules)
    from excise.detectors.patterns.hyper import Hyper, fingerprint, restore

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
