"""A filter never says no to what is in it, and rarely yes to what is not."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from excise.detectors.own.bloom import Bloom

HASHES = st.lists(st.integers(0, 2**64 - 1), max_size=200)


@given(inside=HASHES, outside=HASHES)
def test_nothing_inside_is_missed(inside: list[int], outside: list[int]) -> None:
    """Whatever else is asked beside it."""
    bloom = Bloom.of(np.array(inside, np.uint64))
    asked = np.array([*inside, *outside], np.uint64)
    assert bloom.may_hold(asked)[: len(inside)].all()


def test_little_else_passes() -> None:
    """About one in a thousand."""
    dice = np.random.default_rng(1)
    inside, outside = dice.integers(0, 2**64 - 1, (2, 20_000), np.uint64)
    assert Bloom.of(inside).may_hold(outside).mean() < 0.003
    assert not Bloom.of(inside[:0]).may_hold(outside).any()
