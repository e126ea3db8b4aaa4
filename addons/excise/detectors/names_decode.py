"""The best tags of runs of likely tokens: Viterbi over all runs of a text at once."""

from __future__ import annotations

from typing import Final

import numpy as np

from excise.detectors.names_model import TAGS, Floats, Ints, hopes_of

# A run longer than this is cut, so that the number of sequential steps stays bounded.
_LONGEST: Final = 24
_GAP: Final = 2
# Runs decoded together: more would leave the processor's cache.
_BLOCK: Final = 256
_OUTSIDE: Final = np.array([[0] + [-30] * (TAGS - 1)], np.float32)


def best_tags(places: Ints, scores: Floats, transitions: Floats, size: int, least: float) -> Ints:
    """The tag of each of `size` tokens.

    `places` are the tokens that have scores (ascending), `scores` theirs by tag. Tokens where no
    tag comes within `least` of tag 0 are outside; the others, in runs with one token on either
    side, get the tags of the best path, which begins and ends outside.
    """
    tags = np.zeros(size, np.int64)
    likely = places[hopes_of(scores) > least]
    if not likely.size:
        return tags
    begins, lengths = _runs(likely, size)
    order = np.argsort(-lengths, kind="stable")
    begins, lengths = begins[order], lengths[order]
    # Row 0 is that of a token without scores: outside, whatever its neighbours are.
    table = np.concatenate([_OUTSIDE, scores])
    where = np.zeros(size + _LONGEST, np.int64)
    where[places] = np.arange(1, places.size + 1)
    for block in range(0, begins.size, _BLOCK):
        few = slice(block, block + _BLOCK)
        _decode(tags, table, where, transitions, begins[few], lengths[few])
    return tags


def _decode(
    tags: Ints, table: Floats, where: Ints, transitions: Floats, begins: Ints, lengths: Ints
) -> None:
    """Fills in the tags of some runs, longest first."""
    steps = np.arange(int(lengths[0]))
    active = np.searchsorted(-lengths, -steps, side="left").tolist()
    # Tags come before runs: numpy works along the last axis in long strides.
    best = table.take(where[begins + steps[:, None]], 0).transpose(0, 2, 1).copy()
    best[0] += transitions[0][:, None]
    moves = transitions[:, :, None]
    for step in range(1, steps.size):
        live = active[step]
        before = best[step - 1, :, None, :live] + moves
        best[step, :, :live] += np.maximum.reduce(before)
    _walk_back(tags, best, transitions, begins, active)


def _walk_back(
    tags: Ints, best: Floats, transitions: Floats, begins: Ints, active: list[int]
) -> None:
    """Fills in the tags of the best paths, last step first."""
    # A path that ends here is followed by *outside*, which is what its column still holds.
    path = np.zeros((best.shape[0] + 1, begins.size), np.int64)
    for step in range(best.shape[0] - 1, -1, -1):
        live = active[step]
        after = transitions.take(path[step + 1, :live], 1)
        after += best[step, :, :live]
        path[step, :live] = after.argmax(0)
    for step, live in enumerate(active):
        tags[begins[:live] + step] = path[step, :live]


def _runs(likely: Ints, size: int) -> tuple[Ints, Ints]:
    """Begin and length of every run; neighbours less than `_GAP` apart share one."""
    cuts = ((likely[1:] - likely[:-1]) > _GAP).nonzero()[0]
    begins = np.maximum(likely[np.concatenate([[0], cuts + 1])] - 1, 0)
    ends = np.minimum(likely[np.concatenate([cuts, [likely.size - 1]])] + 2, size)
    if int((ends - begins).max()) <= _LONGEST:
        return begins, ends - begins
    runs = zip(begins.tolist(), ends.tolist(), strict=True)
    pieces = [(at, min(end - at, _LONGEST)) for begin, end in runs
              for at in range(begin, end, _LONGEST)]  # fmt: skip
    return np.array([at for at, _ in pieces]), np.array([length for _, length in pieces])
