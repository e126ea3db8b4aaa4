"""The best tags of runs of likely tokens: Viterbi over the runs of a text that may hold a name."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from excise.detectors.names.model import SCALE, TAGS, Floats, Ints, Margins, most_of

# A run longer than this is cut, so that the number of sequential steps stays bounded.
_LONGEST: Final = 24
_GAP: Final = 2
# Runs decoded together: more would leave the processor's cache.
_BLOCK: Final = 256
# A bound may come out below the sum that it bounds by this much.
_ROUNDING: Final = 0.1


class Moves(NamedTuple):
    """The transitions of a model, tag before × tag after, in steps of the margins; and what the
    change into each tag of a name adds at most: out of *outside*, and out of another such tag."""

    transitions: Floats
    enter: Floats
    goes_on: Floats


def moves_of(transitions: Floats) -> Moves:
    """The transitions as the decoder wants them.

    Against the path that stays outside, what leaving a tag costs is counted where it is entered:
    the sum over a name stays the same, and each of its tokens can be judged by itself.
    """
    scaled = transitions * np.float32(SCALE)
    leave = scaled[:, 0] - scaled[0, 0]
    rest = scaled - scaled[0, 0] - leave[:, None] + leave
    return Moves(scaled, rest[0, 1:].copy(), rest[1:, 1:].max(0))


def best_tags(
    likely: Ints, margins: Margins, leans: Floats, moves: Moves
) -> tuple[Ints, Ints, Floats]:
    """The tokens that are part of a name, their tags, and how far above *outside* these are.

    `likely` are the tokens where a name may be (ascending), `margins` and `leans` belong to all
    tokens: a token's score for a tag is its margin and its lean, and -inf leaves it outside. Runs
    of likely tokens with one token on either side get the tags of the best path, which begins and
    ends outside. Everything is in steps of the margins.
    """
    begins, lengths = _runs(likely, leans.size)
    heads = lengths.cumsum() - lengths
    tokens = (begins - heads).repeat(lengths)
    tokens += np.arange(tokens.size)
    scores = margins.take(tokens, 0) + leans.take(tokens)[:, None]
    alive = _may_hold_a_name(scores, heads, lengths, moves).nonzero()[0]
    tags = np.zeros(tokens.size, np.int64)
    if alive.size:
        order = alive[np.argsort(-lengths[alive], kind="stable")]
        for block in range(0, order.size, _BLOCK):
            few = order[block : block + _BLOCK]
            _decode(tags, scores, moves.transitions, heads[few], lengths[few])
    tagged = tags.nonzero()[0]
    own = tags[tagged]
    return tokens[tagged], own, scores[tagged, own - 1]


def _may_hold_a_name(scores: Floats, heads: Ints, lengths: Ints, moves: Moves) -> np.ndarray:
    """For each run whether any path through a name could beat the one that stays outside: one
    that enters at some token, and whatever of the other tokens speaks for names."""
    first = most_of(scores + moves.enter)
    more = most_of(scores + moves.goes_on)
    np.maximum(more, 0, out=more)
    first -= more
    best: np.ndarray = np.maximum.reduceat(first, heads) + np.add.reduceat(more, heads) > -_ROUNDING
    return best


def _decode(tags: Ints, scores: Floats, transitions: Floats, heads: Ints, lengths: Ints) -> None:
    """Fills in the tags of some runs, longest first, by their places among the scores."""
    steps = np.arange(int(lengths[0]))
    active = (-lengths).searchsorted(-steps).tolist()
    places = np.minimum(heads + steps[:, None], scores.shape[0] - 1)
    # Tags come before runs: numpy works along the last axis in long strides.
    best = np.zeros((steps.size, TAGS, heads.size), np.float32)
    best[:, 1:] = scores.take(places, 0).transpose(0, 2, 1)
    best[0] += transitions[0][:, None]
    moves = transitions[:, :, None]
    for step in range(1, steps.size):
        live = active[step]
        before = best[step - 1, :, None, :live] + moves
        best[step, :, :live] += np.maximum.reduce(before)
    _walk_back(tags, best, transitions, heads, active)


def _walk_back(
    tags: Ints, best: Floats, transitions: Floats, heads: Ints, active: list[int]
) -> None:
    """Fills in the tags of the best paths, last step first."""
    # A path that ends here is followed by *outside*, which is what its column still holds.
    path = np.zeros((best.shape[0] + 1, heads.size), np.int64)
    for step in range(best.shape[0] - 1, -1, -1):
        live = active[step]
        after = transitions.take(path[step + 1, :live], 1)
        after += best[step, :, :live]
        path[step, :live] = after.argmax(0)
    for step, live in enumerate(active):
        tags[heads[:live] + step] = path[step, :live]


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
