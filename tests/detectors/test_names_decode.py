"""The batched search equals trying every path."""

import itertools

import numpy as np
import pytest

from excise.detectors.names_decode import best_tags
from excise.detectors.names_model import TAGS

ANYTHING = -1e9  # nothing is too unlikely


def tables(seed: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(size, TAGS)).astype(np.float32)
    moves = rng.normal(size=(TAGS, TAGS)).astype(np.float32)
    return scores, moves


def path_score(path: tuple[int, ...], scores: np.ndarray, moves: np.ndarray) -> float:
    total = moves[0, path[0]] + moves[path[-1], 0]
    total += sum(moves[a, b] for a, b in itertools.pairwise(path))
    return float(total + sum(scores[i, tag] for i, tag in enumerate(path)))


@pytest.mark.parametrize("seed", range(6))
def test_the_best_path_is_found(seed: int) -> None:
    scores, moves = tables(seed, 4)
    best = max(
        itertools.product(range(TAGS), repeat=4), key=lambda path: path_score(path, scores, moves)
    )
    assert tuple(best_tags(np.arange(4), scores, moves, 4, ANYTHING).tolist()) == best


def test_runs_far_apart_do_not_touch_each_other() -> None:
    scores, moves = tables(9, 4)
    alone = best_tags(np.arange(1, 5), scores, moves, 6, ANYTHING).tolist()
    places = np.concatenate([np.arange(1, 5), np.arange(21, 25)])
    both = best_tags(places, np.concatenate([scores, scores]), moves, 26, ANYTHING).tolist()
    assert both[:6] == alone == both[20:26]
    assert not any(both[6:20])


def test_more_runs_than_are_decoded_together() -> None:
    """Runs of several lengths, more than fit in one block: each comes out as it does alone."""
    scores, moves = tables(4, 7)
    alone = {
        length: best_tags(np.arange(1, 1 + length), scores[:length], moves, 12, ANYTHING)[
            1 : 1 + length
        ]
        for length in range(1, 8)
    }
    lengths = [1 + number % 7 for number in range(600)]
    places = np.concatenate([12 * n + np.arange(1, 1 + size) for n, size in enumerate(lengths)])
    every = np.concatenate([scores[:size] for size in lengths])
    tags = best_tags(places, every, moves, 12 * len(lengths), ANYTHING)
    for number, size in enumerate(lengths):
        begin = 12 * number + 1
        assert tags[begin : begin + size].tolist() == alone[size].tolist()


def test_unlikely_tokens_are_outside() -> None:
    scores, moves = tables(3, 5)
    scores[:, 0] = 50
    assert best_tags(np.arange(5), scores, moves, 5, -3).tolist() == [0] * 5
    none = np.zeros(0, np.int64)
    assert best_tags(none, scores[:0], moves, 3, -3).tolist() == [0, 0, 0]


def test_a_long_run_is_cut_and_still_tagged() -> None:
    scores = np.zeros((200, TAGS), np.float32)
    scores[:, 2] = 5
    moves = np.zeros((TAGS, TAGS), np.float32)
    assert best_tags(np.arange(200), scores, moves, 200, -3).tolist() == [2] * 200
