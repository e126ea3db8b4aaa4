"""Segments → what stands found in them, and how a decision hardens or softens afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from excise.detectors.base import FOREVER, NO_SIGNALS, Findings, Scanner, Scores, Signals
from excise.detectors.patterns.merge import merge
from excise.enforce.redact import Lookup, is_placeholder
from excise.model import Action, Decision, Direction, Mode, Part, Place, Segment


class Found(NamedTuple):
    """What stands of a scan: the segments in which something was found, and what was not looked
    at."""

    findings: list[tuple[Segment, Findings]]
    missing: tuple[str, ...] = ()
    anomalies: tuple[str, ...] = ()
    signals: Signals = NO_SIGNALS
    scores: Sequence[tuple[Segment, Scores]] = ()  # where classifiers said something


def find(
    scanner: Scanner,
    segments: Sequence[Segment],
    direction: Direction,
    mild: frozenset[str] = frozenset(),
    seconds: float = FOREVER,
) -> Found:
    """The segments in which something was found, with what stands after merging.

    `mild` names the rules that only record; `seconds` are for detectors that wait for something
    outside.
    """
    scanned = scanner.inspect(segments, direction, seconds)
    found = []
    for segment, findings in zip(segments, scanned.findings, strict=True):
        if findings:
            kept = genuine(segment.text, findings, mild)
            if kept:
                found.append((segment, kept))
    scores = [(s, said) for s, said in zip(segments, scanned.scores, strict=False) if said]
    return Found(found, scanned.missing, scanned.anomalies, scanned.signals, scores)


def genuine(text: str, findings: Findings, mild: frozenset[str] = frozenset()) -> Findings:
    """Findings merged, without those that are only a placeholder this firewall put there."""
    kept = tuple(
        finding
        for finding in findings
        if not is_placeholder(text[finding.span.start : finding.span.end])
    )
    return tuple(merge(kept, mild)) if len(kept) > 1 else kept


def with_more(
    found: Found, segments: Sequence[Segment], said: Sequence[tuple[Segment, Findings]]
) -> Found:
    """With more findings, in the order of the segments."""
    if not said:
        return found
    before = {id(segment): each for segment, each in found.findings}
    more = {id(segment): each for segment, each in said}
    every = [
        (segment, (*before.get(id(segment), ()), *more.get(id(segment), ())))
        for segment in segments
        if id(segment) in before or id(segment) in more
    ]
    return found._replace(findings=every)


def without_own(found: Found, lookup: Lookup) -> Found:
    """Without what the firewall itself had put in the place of a value of this principal's: a
    substitute looks like what it stands for, and the model may repeat it."""
    if not found.findings:
        return found
    kept = [(segment, foreign(segment.text, each, lookup)) for segment, each in found.findings]
    if kept == found.findings:
        return found
    return found._replace(findings=[pair for pair in kept if pair[1]])


def foreign(text: str, findings: Findings, lookup: Lookup) -> Findings:
    """Those findings that are no substitutes of ours."""
    return tuple(f for f in findings if lookup(text[f.span.start : f.span.end]) is None)


def may_stand_in_head(found: Found, mild: frozenset[str]) -> bool:
    """Whether head fields and names of a message could hold what was found.

    What `mild` rules only record in the body's own texts (a name, a language) stays there.
    """
    return any(
        segment.place is not Place.BODY
        or segment.part is Part.METADATA
        or any(finding.rule not in mild for finding in findings)
        for segment, findings in found.findings
    )


def seal(decision: Decision, sealed: frozenset[int], floor: Action = Action.ALLOW) -> Decision:
    """What the provider signed is recorded, not edited: it came from there, so it leaks nothing.

    `floor` is what is done about the message whatever was found in it.
    """
    if not sealed:
        return decision
    rulings = tuple(
        replace(ruling, action=Action.ALERT, clause="sealed")
        if ruling.action is Action.REDACT and is_sealed(ruling.segment, sealed)
        else ruling
        for ruling in decision.rulings
    )
    if rulings == decision.rulings:
        return decision
    said = [(r.action, r.mode) for r in rulings]
    said += [(s.action, s.mode) for s in decision.clauses]
    enforced = [action for action, mode in said if mode is Mode.ENFORCE]
    action = max([floor, *enforced], key=lambda each: each.rank)
    would = max([floor, *(action for action, _ in said)], key=lambda each: each.rank)
    return replace(decision, rulings=rulings, action=action, would=would)


def is_sealed(segment: Segment, sealed: frozenset[int]) -> bool:
    """Whether a segment of the body is one that its provider signed."""
    return segment.token in sealed and segment.place is Place.BODY


def forbid_edits(decision: Decision, reason: str) -> Decision:
    """Where a message cannot be edited, what would be cut out stops it instead."""
    return replace(
        decision, action=Action.BLOCK, would=Action.BLOCK, reasons=(*decision.reasons, reason)
    )
