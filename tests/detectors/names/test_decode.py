"""The batched search equals trying every path."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.detectors.names.decode import best_tags, moves_of
from excise.detectors.names.model import LANES, SCALE, TAGS


def tables(seed: int, size: int, *, lean: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Margins of `size` tokens and transitions, both of a few units."""
    rng = np.random.default_rng(seed)
    margins = np.round((rng.normal(size=(size, LANES)) + lean) * SCALE).astype(np.int16)
    return margins, rng.normal(size=(TAGS, TAGS)).astype(np.float32)


def tagged(margins: np.ndarray, moves: np.ndarray, likely: np.ndarray, size: int) -> list[int]:
    """The tag of each of `size` tokens; those of `likely` have the margins, others cannot be."""
    every = np.zeros((size, LANES), np.int16)
    every[likely] = margins
    leans = np.full(size, -np.inf, np.float32)
    leans[likely] = 0
    tokens, tags, gains = best_tags(likely, every, leans, moves_of(moves))
    assert gains.tolist() == every[tokens, tags - 1].tolist()
    out = np.zeros(size, np.int64)
    out[tokens] = tags
    return out.tolist()


def path_score(path: tuple[int, ...], margins: np.ndarray, moves: np.ndarray) -> float:
    total = moves[0, path[0]] + moves[path[-1], 0]
    total += sum(moves[a, b] for a, b in itertools.pairwise(path))
    return float(total + sum(margins[i, tag - 1] / SCALE for i, tag in enumerate(path) if tag))


@pytest.mark.parametrize("lean", [0, -1, -2, -3, -4])
@pytest.mark.parametrize("seed", range(3))
def test_the_best_path_is_found(seed: int, lean: float) -> None:
    """Also where it is hard to say whether any name is worth it: none is passed over unread."""
    margins, moves = tables(seed, 4, lean=lean)
    best = max(
        itertools.product(range(TAGS), repeat=4), key=lambda path: path_score(path, margins, moves)
    )
    assert tuple(tagged(margins, moves, np.arange(4), 4)) == best


@given(st.integers(0, 2**32), st.floats(-4, 0))
def test_the_best_path_of_two_is_found(seed: int, lean: float) -> None:
    """Over many tables."""
    margins, moves = tables(seed, 2, lean=lean)
    every = list(itertools.product(range(TAGS), repeat=2))
    first, second = sorted((path_score(path, margins, moves) for path in every), reverse=True)[:2]
    best = max(every, key=lambda path: path_score(path, margins, moves))
    got = tuple(tagged(margins, moves, np.arange(2), 2))
    assert got == best or first - second < 1e-4


def test_runs_far_apart_do_not_touch_each_other() -> None:
    margins, moves = tables(9, 4)
    alone = tagged(margins, moves, np.arange(1, 5), 6)
    places = np.concatenate([np.arange(1, 5), np.arange(21, 25)])
    both = tagged(np.concatenate([margins, margins]), moves, places, 26)
    assert both[:6] == alone == both[20:26]
    assert not any(both[6:20])


def test_more_runs_than_are_decoded_together() -> None:
    """Runs of several lengths, more than fit in one block: each comes out as it does alone."""
    margins, moves = tables(4, 7)
    alone = {
        length: tagged(margins[:length], moves, np.arange(1, 1 + length), 12)[1 : 1 + length]
        for length in range(1, 8)
    }
    lengths = [1 + number % 7 for number in range(600)]
    places = np.concatenate([12 * n + np.arange(1, 1 + size) for n, size in enumerate(lengths)])
    every = np.concatenate([margins[:size] for size in lengths])
    tags = tagged(every, moves, places, 12 * len(lengths))
    for number, size in enumerate(lengths):
        begin = 12 * number + 1
        assert tags[begin : begin + size] == alone[size]


def test_where_nothing_is_worth_it_all_is_outside() -> None:
    margins, moves = tables(3, 5, lean=-50)
    assert tagged(margins, moves, np.arange(5), 5) == [0] * 5


def test_a_long_run_is_cut_and_still_tagged() -> None:
    margins = np.zeros((200, LANES), np.int16)
    margins[:, 1] = 80
    moves = np.zeros((TAGS, TAGS), np.float32)
    assert tagged(margins, moves, np.arange(200), 200) == [2] * 200
