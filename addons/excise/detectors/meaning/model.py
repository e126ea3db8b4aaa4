"""The trained weights behind topics, injection and unsafe content, and how they are summed.

Layout of the model file (an npz without pickles):

- `hashes` (uint64, rising), `classes` (uint8): the lexicon, see `meaning_features`.
- `vectors` (int8, word × 128) with `vector_scale` (a float each word): word vectors.
- `heads`: names, one a line. `table` (int8, bucket × head and one more), `table_scale`, `dense`
  (128 × head), `bias`: the linear heads over buckets and vectors. The last column of the table is
  the mass of each bucket (its weight squared): what stands in a unit is divided by the root of the
  mass of the unit, so that rare words count in it for more than common ones.
- `outcomes`: names, one a line. `settle` (2 × outcome × feature) and `settle_bias`: the logistics
  that make calibrated scores of the heads' views of a text, for what a person wrote and for what a
  document or a tool brought.
- `topics`, `topic_rows` (int8, row of the lexicon × topic), `topic_scale`, `topic_bias`: softmax
  over topics. `codes`, `code_dense` (128 × code), `code_bias`: over the Llama Guard codes.
- `background` (int8, text × 128): directions of ordinary texts, for topics of the operator's own.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from excise.detectors.meaning.features import FEATURES, Floats, Ints, Lexicon, Reading, read
from excise.detectors.names.lanes import RAISED, Words, bytes_of, in_lanes, lanes_of, weights
from excise.text import met
from excise.text.tokens import NEWLINE

WIDTH: Final = 128
# A unit of topics is the sum of its tokens over the root of so many more, one of the heads over
# the root of its mass and this.
SOFT: Final = 4.0
MASS: Final = 200.0
# A long text is seen through windows of so many tokens, each half over the one before.
NARROW: Final = 32
WIDE: Final = 120
_PIECE: Final = 2048  # words that are made into floats at once
_FEW: Final = 512  # tokens of a text whose windows are remembered
_APART: Final = 40  # tokens whose features can be added up in a lane
_AT_ONCE: Final = 4096  # tokens added up at once: what more would take leaves the cache


class Units(NamedTuple):
    """Stretches of a text by their first token and the one past their last."""

    firsts: Ints
    lasts: Ints


def windows(size: int, width: int) -> Units:
    """Windows of `width` tokens over `size` of them; the last one ends where the text does."""
    return _few_windows(size, width) if size <= _FEW else _windows(size, width)


def _windows(size: int, width: int) -> Units:
    last = max(size - width, 0)
    step = max(width // 2, 1)
    firsts = np.arange(0, last + step, step, dtype=np.int64)
    firsts = np.minimum(firsts, last)
    return Units(firsts, np.minimum(firsts + width, size))


# Most texts are short, and those of one length have the same windows.
_few_windows = lru_cache(maxsize=512)(_windows)


def sentences(reading: Reading) -> Units:
    """Lines and sentences: what stands between ends of line and full stops with a gap behind. The
    text must have a token."""
    stop = reading.stops.copy()
    stop[:-1] &= reading.starts[1:] > reading.ends[:-1]
    stop |= reading.kinds == NEWLINE
    stop[-1] = True
    lasts = stop.nonzero()[0]
    lasts += 1
    firsts = np.zeros_like(lasts)
    firsts[1:] = lasts[:-1]
    return Units(firsts, lasts)


# What the last step reads of each head: the highest of sentences, the mean of the two highest, the
# highest of narrow windows, the mean of wide ones; how far the highest sentence stands above their
# mean.
VIEWS: Final = ("sentence", "two", "narrow", "level", "apart")


class Views(NamedTuple):
    """A text as the heads see it: unit × head for sentences, narrow and wide windows."""

    sentences: Units
    narrow: Units
    wide: Units
    by_sentence: Floats
    by_narrow: Floats
    by_wide: Floats

    def features(self) -> Floats:
        """What the last step reads: `VIEWS`, head after head for each."""
        top = np.maximum.reduce(self.by_sentence, 0)
        return np.concatenate(
            (
                top,
                highest(self.by_sentence, 2),
                np.maximum.reduce(self.by_narrow, 0),
                _mean(self.by_wide),
                top - _mean(self.by_sentence),
            )
        )


def highest(values: Floats, count: int) -> Floats:
    """The mean of the highest so many of each column (of all where there are fewer)."""
    if len(values) > count:
        values = values.copy()
        values.partition(-count, 0)
        values = values[-count:]
    return _mean(values)


def _mean(values: Floats) -> Floats:
    # Without what `mean` of an array asks first, which takes longer than a short sum.
    mean: Floats = np.add.reduce(values, 0)
    mean /= np.float32(len(values))
    return mean


def edges_of(size: int, *units: Units) -> Ints:
    """Where units of so many tokens begin or end, and a few places more: between two neighbours
    lie no more than `_APART` tokens, all of which a unit holds, or none."""
    marked = np.zeros(size + 1, bool)
    marked[::_APART] = True
    marked[size] = True
    for each in units:
        marked[each.firsts] = True
        marked[each.lasts] = True
    return marked.nonzero()[0]


def _as_many(edges: Ints, begin: int) -> int:
    """The edge up to which tokens are read at once from another one on."""
    last = len(edges) - 1
    far = edges[begin] + _AT_ONCE
    return last if edges[last] <= far else min(int(edges.searchsorted(far)), last)


def unit_sums(sums: NDArray[Any], edges: Ints, units: Units) -> Floats:
    """Unit × column, from sums over the tokens between edges."""
    total = np.zeros((edges.size, sums.shape[1]))
    np.add.accumulate(sums, 0, out=total[1:])
    own = total.take(edges.searchsorted(units.lasts), 0)
    own -= total.take(edges.searchsorted(units.firsts), 0)
    return own.astype(np.float32)


def unit_scores(sums: Floats, units: Units, bias: Floats) -> Floats:
    """Unit × column, from the sums of the units."""
    scores = sums * ((units.lasts - units.firsts + SOFT) ** -0.5).astype(np.float32)[:, None]
    scores += bias
    return scores


def head_scores(sums: Floats, bias: Floats) -> Floats:
    """Unit × head, from the sums of the heads and, last, of the mass."""
    scores = sums[:, :-1].copy()
    scores *= (np.maximum(sums[:, -1:], 0) + np.float32(MASS)) ** np.float32(-0.5)
    scores += bias
    return scores


@dataclass(frozen=True, slots=True, eq=False)
class MeaningModel:
    """The weights as arrays; see the module's docstring."""

    lexicon: Lexicon
    vectors: NDArray[np.int8]
    vector_scale: Floats
    heads: tuple[str, ...]
    table: Words  # a byte for each column
    table_scale: Floats
    head_rows: Floats
    head_bias: Floats
    outcomes: tuple[str, ...]
    settle: Floats
    settle_bias: Floats
    topics: tuple[str, ...]
    topic_rows: Words  # a lane for each topic
    topic_scale: Floats
    topic_bias: Floats
    codes: tuple[str, ...]
    code_rows: Floats
    code_bias: Floats
    background: Floats

    @classmethod
    def from_bytes(cls, data: bytes) -> MeaningModel:
        """Reads a model file. ValueError or KeyError where it is none."""
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            none = np.zeros((1, WIDTH), np.int8)
            vectors = np.concatenate((none, file["vectors"]))
            scale = np.concatenate((np.zeros(1, np.float32), file["vector_scale"]))

            def names(key: str) -> tuple[str, ...]:
                return tuple(file[key].tobytes().decode().splitlines())

            return cls(
                lexicon=Lexicon(file["hashes"], file["classes"].astype(np.int64)),
                vectors=vectors,
                vector_scale=scale,
                heads=names("heads"),
                table=bytes_of(file["table"]),
                table_scale=file["table_scale"],
                head_rows=_project(vectors, scale, file["dense"]),
                head_bias=file["bias"],
                outcomes=names("outcomes"),
                settle=file["settle"],
                settle_bias=file["settle_bias"],
                topics=names("topics"),
                topic_rows=lanes_of([file["topic_rows"]]),
                topic_scale=file["topic_scale"],
                topic_bias=file["topic_bias"],
                codes=names("codes"),
                code_rows=_project(vectors, scale, file["code_dense"]),
                code_bias=file["code_bias"],
                background=file["background"].astype(np.float32) / 127,
            )

    def read(self, text: str, words: met.Words | None = None) -> Reading:
        """The features of a text; `words` are its own where they are there already."""
        return read(text, self.lexicon, words)

    def views(self, reading: Reading) -> Views:
        """What the heads see; the text must have a token."""
        size = reading.starts.size
        lines, narrow, wide = sentences(reading), windows(size, NARROW), windows(size, WIDE)
        middle = lines.firsts.size
        last = middle + narrow.firsts.size
        edges = edges_of(size, lines, narrow, wide)
        every = Units(*(np.concatenate(each) for each in zip(lines, narrow, wide, strict=True)))
        sums = unit_sums(self._head_sums(reading, edges), edges, every)
        scores = head_scores(sums, self.head_bias)
        return Views(lines, narrow, wide, scores[:middle], scores[middle:last], scores[last:])

    def _head_sums(self, reading: Reading, edges: Ints) -> Floats:
        """For the tokens from each edge to the next the sums of the heads, and of the mass."""
        columns = self.table_scale.size
        out = np.empty((edges.size - 1, columns), np.float32)
        begin = 0
        while begin < len(out):
            end = _as_many(edges, begin)
            first, last = int(edges[begin]), int(edges[end])
            heads = edges[begin:end] - first
            even, odd = in_lanes(self.table.take(reading.buckets[:, first:last]))
            whole = weights(
                np.add.reduceat(np.add.reduce(even, 0), heads),
                np.add.reduceat(np.add.reduce(odd, 0), heads),
            )
            raised = (edges[begin + 1 : end + 1] - edges[begin:end]) * (FEATURES * RAISED)
            piece = out[begin:end]
            piece[:] = whole[:, :columns] - raised[:, None]
            piece *= self.table_scale
            rows = self.head_rows.take(reading.rows[first:last], 0)
            piece[:, :-1] += np.add.reduceat(rows, heads)
            begin = end
        return out

    def outcome(self, views: Views, *, brought: bool) -> Floats:
        """The calibrated score of each outcome; `brought` by a document or a tool."""
        way = int(brought)
        return logistic(self.settle[way] @ views.features() + self.settle_bias[way])

    def topic_scores(self, reading: Reading, units: Units) -> Floats:
        """Unit × topic: the share of each topic."""
        edges = edges_of(reading.rows.size, units)
        columns = self.topic_scale.size
        words = np.add.reduceat(self.topic_rows.take(reading.rows, 0), edges[:-1])
        sums = words.view(np.uint16)[:, :columns].astype(np.int64)
        sums -= (RAISED * (edges[1:] - edges[:-1]))[:, None]
        scores = unit_sums(sums, edges, units) * self.topic_scale
        return softmax(unit_scores(scores, units, self.topic_bias))

    def code_scores(self, reading: Reading, first: int, last: int) -> Floats:
        """The share of each code, given that tokens from `first` to before `last` are unsafe."""
        sums: Floats = self.code_rows.take(reading.rows[first:last], 0).sum(0)[None]
        unit = Units(np.array([first]), np.array([last]))
        shares: Floats = softmax(unit_scores(sums, unit, self.code_bias))[0]
        return shares

    def embed(self, reading: Reading, units: Units) -> Floats:
        """Unit × 128: the direction of each unit's words; noughts where none is known."""
        edges = edges_of(reading.rows.size, units)
        sums = np.empty((edges.size - 1, WIDTH), np.float32)
        begin = 0
        while begin < len(sums):
            end = _as_many(edges, begin)
            rows = reading.rows[edges[begin] : edges[end]]
            values = self.vectors.take(rows, 0) * self.vector_scale.take(rows)[:, None]
            np.add.reduceat(values, edges[begin:end] - edges[begin], out=sums[begin:end])
            begin = end
        out = unit_sums(sums, edges, units)
        out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), np.float32(1e-6))
        return out


def _project(vectors: NDArray[np.int8], scale: Floats, dense: Floats) -> Floats:
    """Word × column, a piece at a time: the vectors as floats would take four times their room."""
    out = np.empty((len(vectors), dense.shape[1]), np.float32)
    for at in range(0, len(vectors), _PIECE):
        piece = slice(at, at + _PIECE)
        out[piece] = (vectors[piece] * scale[piece, None]) @ dense
    return out


def logistic(x: Floats) -> Floats:
    """1 / (1 + e^-x), within what a float32 can hold."""
    # `clip` of numpy asks more first than all of this takes.
    bounded = np.minimum(np.maximum(x, -60), 60)
    chances = 1 / (1 + np.exp(-bounded))
    return chances.astype(np.float32)


def softmax(x: Floats) -> Floats:
    """Shares by row."""
    shares = x - np.maximum.reduce(x, 1, keepdims=True)
    np.exp(shares, out=shares)
    shares /= np.add.reduce(shares, 1, keepdims=True)
    return shares
