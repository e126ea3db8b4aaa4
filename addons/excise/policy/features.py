"""What was found in a message, summed up for expressions: counts, scores and the anomaly score."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from excise.model import Finding, Segment
from excise.policy.facts import Layer, RuleFacts


class Heard(NamedTuple):
    """A finding together with where it stands and the rule that made it."""

    segment: Segment
    finding: Finding
    facts: RuleFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """Findings summed up. `risk` adds, for each rule that fired, its weight times its best score:
    how often it fired does not matter, for a long text is not a worse one."""

    counts: Mapping[str, int] = field(default_factory=dict)  # by entity
    scores: Mapping[str, float] = field(default_factory=dict)  # the highest by entity
    findings: tuple[Mapping[str, Any], ...] = ()  # one for each rule and entity
    layers: tuple[tuple[str, float], ...] = ()  # anomaly score by layer, none of them 0

    @property
    def risk(self) -> float:
        """The anomaly score over all layers."""
        return round(sum((score for _, score in self.layers), 0.0), 2)

    def count(self, pattern: str) -> int:
        """How many findings have this entity, or one below it where it ends in `*`."""
        if not pattern.endswith("*"):
            return self.counts.get(pattern, 0)
        stem = pattern[:-1]
        return sum(n for entity, n in self.counts.items() if entity.startswith(stem))

    def max_score(self, pattern: str) -> float:
        """The highest score of a finding of this entity, or of one below it; 0 without any."""
        if not pattern.endswith("*"):
            return self.scores.get(pattern, 0.0)
        stem = pattern[:-1]
        return max((s for entity, s in self.scores.items() if entity.startswith(stem)), default=0.0)


NOTHING: Final = Features()


class Sum:
    """Findings summed up one by one. Not for several threads."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], dict[str, Any]] = {}
        self._counts: dict[str, int] = {}
        self._scores: dict[str, float] = {}
        self._weights: dict[str, tuple[Layer, float]] = {}

    def add(self, heard: Heard) -> None:
        """The next finding."""
        finding, facts = heard.finding, heard.facts
        entity, score = finding.entity, finding.score
        self._counts[entity] = self._counts.get(entity, 0) + 1
        self._scores[entity] = max(self._scores.get(entity, 0.0), score)
        shown = self._seen.get((finding.rule, entity))
        if shown is None:
            self._seen[finding.rule, entity] = describe(finding)
        else:
            shown["count"] += 1
            shown["score"] = max(shown["score"], score)
        weight = facts.weight * score
        if weight > self._weights.get(finding.rule, (None, 0.0))[1]:
            self._weights[finding.rule] = (facts.layer, weight)

    @property
    def features(self) -> Features:
        """What has come so far; what comes later does not change it."""
        return Features(
            counts=dict(self._counts),
            scores=dict(self._scores),
            findings=tuple(dict(each) for each in self._seen.values()),
            layers=_summed(self._weights),
        )


def sum_up(heard: Iterable[Heard]) -> Features:
    """The features of these findings."""
    total = Sum()
    for each in heard:
        total.add(each)
    return total.features


def describe(finding: Finding) -> dict[str, Any]:
    """A finding as expressions see it; the names are in `fields.FINDING`."""
    return {
        "entity": finding.entity,
        "rule": finding.rule,
        "kind": str(finding.kind),
        "severity": str(finding.severity),
        "score": finding.score,
        "count": 1,
    }


def _summed(weights: Mapping[str, tuple[Layer, float]]) -> tuple[tuple[str, float], ...]:
    sums: dict[str, float] = {}
    for layer, weight in weights.values():
        sums[layer] = sums.get(layer, 0.0) + weight
    return tuple(sorted((str(layer), round(total, 2)) for layer, total in sums.items()))
