"""What is remembered of a conversation, and of its principal, from turn to turn; pure.

Two cumulative sums of excess (Page 1954, "Continuous inspection schemes"): how much the new turns
are more suspicious than usual, and how much larger. Each turn adds what lies above the usual and a
slack, and takes away what lies below, never under nought and never over a cap; all of it halves
every half hour. So near misses add up, one odd turn is forgiven, and nothing locks for good.
"""

from __future__ import annotations

from math import log2
from typing import Final, NamedTuple

from excise.policy.situation import Session

HALF_LIFE: Final = 1800.0  # seconds in which all that is held against a session halves
SLACK: Final = 0.1  # suspicion above the usual that is let be
MOST_USUAL: Final = 0.1  # nobody gets us used to more suspicion than this
CAP: Final = 3.0  # of the sum of suspicion; `drift` is its part of this
SIZE_SLACK: Final = 1.5  # doublings above the usual size that are let be
SIZE_STEP: Final = 4.0  # doublings that one turn counts at most
SIZE_CAP: Final = 12.0
MOST_RISK: Final = 1000.0
MOST_REFUSED: Final = 20.0
_LEARNING: Final = 0.1  # what a turn changes of the usual
_FIRST: Final = 3  # turns that only tell what is usual in size
_LEAST: Final = 8.0  # doublings: 256 characters more or less are nothing


class Told(NamedTuple):
    """What a new turn says: how much like an attack its worst text reads (0 to 1), the anomaly
    score of what was found in it, its characters, and whether it was refused for what it says."""

    suspicion: float = 0.0
    risk: float = 0.0
    size: int = 0
    refused: bool = False


class Track(NamedTuple):
    """All that is kept: numbers, no words. `at` is when, in seconds."""

    at: float = 0.0
    turns: float = 0.0
    risk: float = 0.0
    refused: float = 0.0
    usual: float = 0.0  # suspicion
    drift: float = 0.0
    usual_size: float = 0.0  # doublings
    volume: float = 0.0


NEW: Final = Track()


def faded(track: Track, now: float) -> Track:
    """A track as it stands now; a clock that went back changes nothing."""
    part = 0.5 ** (max(0.0, now - track.at) / HALF_LIFE)
    return track._replace(
        at=max(now, track.at),
        risk=track.risk * part,
        refused=track.refused * part,
        drift=track.drift * part,
        volume=track.volume * part,
    )


def advanced(track: Track, told: Told, now: float) -> Track:
    """A track after one more turn."""
    before = faded(track, now)
    suspicion = min(max(told.suspicion, 0.0), 1.0)
    size = max(log2(1 + max(told.size, 0)), _LEAST)
    usual_size = size if before.turns == 0 else before.usual_size
    larger = 0.0
    if before.turns >= _FIRST:
        larger = max(-SIZE_STEP, min(size - usual_size - SIZE_SLACK, SIZE_STEP))
    usual = before.usual + _LEARNING * (suspicion - before.usual)
    return before._replace(
        turns=before.turns + 1,
        risk=min(before.risk + max(told.risk, 0.0), MOST_RISK),
        refused=min(before.refused + told.refused, MOST_REFUSED),
        usual=min(usual, MOST_USUAL),
        drift=_within(before.drift + suspicion - before.usual - SLACK, CAP),
        usual_size=usual_size + _LEARNING * (size - usual_size),
        volume=_within(before.volume + larger, SIZE_CAP),
    )


def session_of(conversation: Track, principal: Track, now: float) -> Session:
    """What expressions see: of sums the larger of both, so that who begins a new conversation takes
    along what adds up."""
    mine, whole = faded(conversation, now), faded(principal, now)
    return Session(
        turns=int(mine.turns),
        risk=round(mine.risk, 2),
        drift=round(max(mine.drift, whole.drift) / CAP, 4),
        volume=round(max(mine.volume, whole.volume) / SIZE_CAP, 4),
        refused=round(mine.refused),
    )


def _within(value: float, cap: float) -> float:
    return min(max(value, 0.0), cap)
