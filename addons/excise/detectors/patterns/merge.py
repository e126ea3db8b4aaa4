"""Overlapping findings → findings that do not overlap, layer by layer.

Precedence: a specific rule over a generic one, the graver severity, the higher score, the longer
span, the rule's id. The winner's span grows over all it touches, so nothing of a loser is left.

Layers do not touch each other: a key inside a block of source code is a finding of its own, and
so is the address that stands in a name which is only recorded. Otherwise a winner would grow over
text that nobody asked to cut out. What is said of a call of a tool is no value at all: each word
stands.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from excise.model import Finding, Kind, Severity, Span

GENERIC: Final = 0.8  # rules that yield score below
_GRAVITY: Final = {severity: rank for rank, severity in enumerate(Severity)}
# What is one value; findings of other kinds describe the text that values stand in.
_VALUES: Final = frozenset({Kind.SECRET, Kind.PERSONAL, Kind.PAYMENT})
# Detectors that say several things of one stretch, all of which hold.
_DESCRIBING: Final = frozenset({"tool-guard"})

Layer = tuple[bool, str]


def merge(findings: Iterable[Finding], mild: frozenset[str] = frozenset()) -> list[Finding]:
    """One finding for each stretch of a layer that findings cover, in order.

    `mild` names the rules that only record: they make a layer of their own.
    """
    layers: dict[Layer, list[Finding]] = {}
    for finding in findings:
        layers.setdefault((finding.rule in mild, _layer(finding)), []).append(finding)
    merged = [finding for layer in layers.values() for finding in _merge_layer(layer)]
    return sorted(merged, key=lambda each: (each.span, each.rule)) if len(layers) > 1 else merged


def _layer(finding: Finding) -> str:
    if finding.detector in _DESCRIBING:
        return finding.entity
    return "" if finding.kind in _VALUES else finding.kind


def _merge_layer(findings: Iterable[Finding]) -> list[Finding]:
    merged: list[tuple[Finding, Span]] = []  # the winner as found, and the stretch
    for finding in sorted(findings, key=lambda each: each.span):
        if merged and finding.span.start < merged[-1][1].end:
            winner, stretch = merged[-1]
            stretch = Span(stretch.start, max(stretch.end, finding.span.end))
            merged[-1] = (max(winner, finding, key=_strength), stretch)
        else:
            merged.append((finding, finding.span))
    return [winner._replace(span=stretch) for winner, stretch in merged]


def _strength(finding: Finding) -> tuple[bool, int, float, int, str]:
    length = finding.span.end - finding.span.start
    specific = finding.score >= GENERIC
    return specific, _GRAVITY[finding.severity], finding.score, length, finding.rule
