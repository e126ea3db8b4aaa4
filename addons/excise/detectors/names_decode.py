"""The best tags of runs of likely tokens: Viterbi over all runs of a text at once."""

from __future__ import annotations

from typing import Final

import numpy as np

from excise.detectors.names_model import TAGS, Floats, Ints

# A run longer than this is cut, so that the number of sequential steps stays bounded.
_LONGEST: Final = 24
_GAP: Final = 2


def best_tags(places: Ints, scores: Floats, transitions: Floats, size: int, least: float) -> Ints:
    """The tag of each of `size` tokens.

    `places` are the tokens that have scores (ascending), `scores` theirs by tag. Tokens where no
    tag comes within `least` of tag 0 are outside; the others, in runs with one token on either
    side, get the tags of the best path, which begins and ends outside.
    """
    tags = np.zeros(size, np.int64)
    likely = places[scores[:, 1:].max(1) - scores[:, 0] > least]
    if not likely.size:
        return tags
    # Row 0 is that of a token without scores: outside, whatever its neighbours are.
    table = np.concatenate([_outside(), scores])
    where = np.zeros(size, np.int64)
    where[places] = np.arange(1, places.size + 1)
    begins, lengths = _runs(likely, size)
    order = np.argsort(-lengths, kind="stable")
    begins, lengths = begins[order], lengths[order]
    steps = int(lengths[0])
    active = np.searchsorted(-lengths, -np.arange(steps), side="left").tolist()
    best = np.zeros((steps, begins.size, TAGS), np.float32)
    best[0] = transitions[0] + table.take(where[begins], 0)
    moves = transitions[:, None, :]
    for step in range(1, steps):
        live = active[step]
        # The tag before is the first axis: numpy reduces over it in long strides, ten times faster.
        before = np.ascontiguousarray(best[step - 1, :live].T)[:, :, None]
        best[step, :live] = np.maximum.reduce(before + moves)
        best[step, :live] += table.take(where[begins[:live] + step], 0)
    return _walk_back(tags, best, transitions, begins, lengths, active)


def _walk_back(
    tags: Ints, best: Floats, transitions: Floats, begins: Ints, lengths: Ints, active: list[int]
) -> Ints:
    """Fills in the tags of the best paths, last step first."""
    into = np.ascontiguousarray(transitions.T)  # tag after × tag before
    last = np.zeros(begins.size, np.int64)
    for step in range(best.shape[0] - 1, -1, -1):
        live = active[step]
        ending = lengths[:live] == step + 1
        after = np.where(ending, 0, last[:live])
        last[:live] = (best[step, :live] + into.take(after, 0)).argmax(1)
        tags[begins[:live] + step] = last[:live]
    return tags


def _outside() -> Floats:
    row = np.full((1, TAGS), -30, np.float32)
    row[0, 0] = 0
    return row


def _runs(likely: Ints, size: int) -> tuple[Ints, Ints]:
    """Begin and length of every run; neighbours less than `_GAP` apart share one."""
    cuts = np.flatnonzero(np.diff(likely) > _GAP)
    begins = np.maximum(likely[np.append(0, cuts + 1)] - 1, 0)
    ends = np.minimum(likely[np.append(cuts, likely.size - 1)] + 2, size)
    if int((ends - begins).max()) <= _LONGEST:
        return begins, ends - begins
    runs = zip(begins.tolist(), ends.tolist(), strict=True)
    pieces = [(at, min(end - at, _LONGEST)) for begin, end in runs
              for at in range(begin, end, _LONGEST)]  # fmt: skip
    return np.array([at for at, _ in pieces]), np.array([length for _, length in pieces])
