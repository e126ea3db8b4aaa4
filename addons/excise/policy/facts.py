"""Rules as policy knows them: where they look and what they do by themselves, no pattern."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from excise.model import Action, Direction, Kind, Mode, Part, Severity


class Layer(StrEnum):
    """Which sort of detection saw something; the anomaly score is kept by layer."""

    LEXICAL = "lexical"  # patterns with their checks
    NAMES = "names"
    CODE = "code"
    DATA = "data"  # the operator's own records and values
    CONDUCT = "conduct"  # what tools and answers would do
    MEANING = "meaning"  # topics, attacks, unsafe content


# Detectors that are no layer of their own; any other is one of meaning.
_LAYERS: Final[Mapping[str, Layer]] = {
    "pattern": Layer.LEXICAL,
    "cards": Layer.LEXICAL,
    "names": Layer.NAMES,
    "deep": Layer.NAMES,
    "code": Layer.CODE,
    "own-code": Layer.CODE,
    "dictionary": Layer.DATA,
    "known-value": Layer.DATA,
    "canary": Layer.DATA,
    "packages": Layer.DATA,
    "facts": Layer.DATA,
    "system-prompt": Layer.DATA,
    "tool-guard": Layer.CONDUCT,
    "tool-pins": Layer.CONDUCT,
    "links": Layer.CONDUCT,
}

# What a rule weighs that does not say so itself, as the OWASP core rule set grades severities.
WEIGHTS: Final[Mapping[Severity, float]] = {
    Severity.INFO: 1.0,
    Severity.LOW: 2.0,
    Severity.MEDIUM: 3.0,
    Severity.HIGH: 4.0,
    Severity.CRITICAL: 5.0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFacts:
    """What policy must know of a rule. `because` is an operator's reason for having changed it."""

    id: str
    pack: str
    entity: str
    kind: Kind
    severity: Severity
    level: int
    action: Action
    directions: frozenset[Direction]
    parts: frozenset[Part]  # empty: every part
    detector: str = "pattern"
    weight: float = 1.0  # what a finding of score 1 adds to the anomaly score
    mode: Mode | None = None  # None: as the pack stands in the profile
    because: str = ""

    @property
    def layer(self) -> Layer:
        """Which sum of the anomaly score its findings count in."""
        return _LAYERS.get(self.detector, Layer.MEANING)
