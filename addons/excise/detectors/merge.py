"""Overlapping findings → findings that do not overlap.

Precedence: a specific rule over a generic one, the graver severity, the higher score, the longer
span, the rule's id. The winner's span grows over all it touches, so nothing of a loser is left.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from excise.model import Finding, Severity, Span

GENERIC: Final = 0.8  # rules that yield score below
_GRAVITY: Final = {severity: rank for rank, severity in enumerate(Severity)}


def merge(findings: Iterable[Finding]) -> list[Finding]:
    """One finding for each stretch that findings cover, in order."""
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
