"""Near misses add up, one odd turn is forgiven, and nothing locks for good."""

from __future__ import annotations

from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.policy.drift import (
    CAP,
    HALF_LIFE,
    MOST_REFUSED,
    MOST_RISK,
    MOST_USUAL,
    NEW,
    SIZE_CAP,
    Told,
    Track,
    advanced,
    faded,
    session_of,
)
from excise.policy.situation import Session

TOLD = st.builds(
    Told,
    suspicion=st.floats(0, 1),
    risk=st.floats(0, 50),
    size=st.integers(0, 10**8),
    refused=st.booleans(),
)
TURNS = st.lists(st.tuples(TOLD, st.floats(0, 10 * HALF_LIFE)), max_size=30)


def walked(turns: list[tuple[Told, float]]) -> Track:
    track, now = NEW, 0.0
    for told, wait in turns:
        now += wait
        track = advanced(track, told, now)
    return track


def after(*suspicions: float, seconds: float = 20.0, size: int = 500) -> Session:
    track = walked([(Told(each, size=size), seconds) for each in suspicions])
    return session_of(track, NEW, track.at)


@given(TURNS)
def test_every_number_has_its_bounds(turns: list[tuple[Told, float]]) -> None:
    track = walked(turns)
    assert 0 <= track.drift <= CAP and 0 <= track.volume <= SIZE_CAP
    assert 0 <= track.risk <= MOST_RISK and 0 <= track.refused <= MOST_REFUSED
    assert 0 <= track.usual <= MOST_USUAL
    seen = session_of(track, track, track.at)
    assert 0 <= seen.drift <= 1 and 0 <= seen.volume <= 1


@given(TURNS, st.integers(1, 12))
def test_whatever_was_done_is_forgiven_in_time(turns: list[tuple[Told, float]], n: int) -> None:
    """From any past, a threshold of 2**-n of the most is passed again after n half-lives."""
    track = walked(turns)
    later = track.at + n * HALF_LIFE
    seen = session_of(track, track, later)
    assert seen.drift <= 2.0**-n + 1e-4 and seen.volume <= 2.0**-n + 1e-4
    assert seen.risk <= MOST_RISK * 2.0**-n + 0.01
    assert seen.refused <= MOST_REFUSED * 2.0**-n + 0.5


@given(TURNS)
def test_harmless_turns_alone_bring_it_down_without_any_waiting(
    turns: list[tuple[Told, float]],
) -> None:
    """A client that tries on without waiting is let in again, too."""
    track = walked(turns)
    for _ in range(int(CAP / 0.1) + 1):
        after = advanced(track, Told(size=10), track.at)
        assert after.drift <= track.drift
        track = after
    assert track.drift == 0


@given(TURNS, TOLD, st.floats(0, 1))
def test_more_suspicion_never_helps(
    turns: list[tuple[Told, float]], told: Told, more: float
) -> None:
    track = walked(turns)
    worse = told._replace(suspicion=min(1.0, told.suspicion + more))
    assert advanced(track, worse, track.at).drift >= advanced(track, told, track.at).drift


@given(TURNS, st.floats(0, 1e6), st.floats(0, 1e6))
def test_fading_in_two_steps_is_fading_in_one(
    turns: list[tuple[Told, float]], one: float, two: float
) -> None:
    track = walked(turns)
    steps = faded(faded(track, track.at + one), track.at + one + two)
    assert steps == pytest.approx(faded(track, track.at + one + two), abs=1e-6)


def test_a_clock_that_goes_back_changes_nothing() -> None:
    track = walked([(Told(0.9), 1000.0)])
    assert faded(track, 0.0) == track


@pytest.mark.parametrize(
    ("suspicions", "low", "high"),
    [
        ([0.05] * 40, 0.0, 0.0),  # what ordinary texts score
        ([0.0, 0.6, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], 0.0, 0.05),  # one odd turn
        ([0.4] * 6, 0.3, 0.6),  # near misses
        ([0.4] * 4, 0.2, 0.4),
        ([0.45, 0.05] * 8, 0.2, 0.6),  # among harmless ones
        ([0.95] * 5, 0.9, 1.0),
        ([0.3] * 200, 0.0, 1.0),
    ],
)
def test_what_sequences_come_to(suspicions: list[float], low: float, high: float) -> None:
    assert low <= after(*suspicions).drift <= high


def test_near_misses_an_hour_apart_do_not_add_up() -> None:
    assert after(*[0.4] * 30, seconds=3600).drift < 0.15


def test_nobody_gets_us_used_to_attacks() -> None:
    """After a thousand near misses an attack still counts."""
    patient = walked([(Told(0.45), HALF_LIFE * 20)] * 1000)
    seen = reduce(lambda t, _: advanced(t, Told(0.9), t.at), range(6), patient)
    assert session_of(seen, NEW, seen.at).drift > 0.8


def test_volume_rises_with_what_is_far_larger_than_usual() -> None:
    usual = [(Told(size=size), 30.0) for size in (400, 2000, 900, 1500, 600, 300, 2500)]
    assert session_of(walked(usual), NEW, 0).volume < 0.1
    dumped = walked([*usual, *[(Told(size=400_000), 30.0)] * 4])
    assert session_of(dumped, NEW, dumped.at).volume > 0.8
    first = walked([(Told(size=400_000), 1.0)] * 3)
    assert session_of(first, NEW, first.at).volume == 0, "nothing is usual yet"


def test_a_new_conversation_takes_along_what_adds_up_of_the_principal() -> None:
    bad = walked([(Told(0.9, risk=5.0, refused=True), 10.0)] * 4)
    seen = session_of(NEW, bad, bad.at)
    assert seen.drift > 0.8 and (seen.turns, seen.risk, seen.refused) == (0, 0.0, 0)
