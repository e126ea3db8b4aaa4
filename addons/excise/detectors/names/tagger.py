"""Names of persons, places and organisations, and street addresses, in prose.

A linear-chain CRF: the score of a tag at a token is a sum of table rows of the tokens and pairs
around it, the best tags of a run of likely tokens are found by Viterbi. Lines that read as code
are left alone. How good it is stands in `models/README.md`.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import accumulate
from typing import Final, Literal, NamedTuple

import numpy as np

from excise.detectors.models import read_model
from excise.detectors.names.decode import best_tags, moves_of
from excise.detectors.names.features import CLASSES, Lexicon
from excise.detectors.names.model import (
    DISTANCES,
    EDGE,
    LABELS,
    LANES,
    PAIRS,
    REACH,
    SCALE,
    Floats,
    Ints,
    Margins,
    NamesModel,
    most_of,
)
from excise.detectors.names.rows import Rows, TokenRows
from excise.model import Span
from excise.text.met import Met, Words, numbering, words_of
from excise.text.tokens import NEWLINE, Tokens, tokenize

Label = Literal["PERSON", "LOCATION", "ORG", "ADDRESS"]

# A token of which no tag comes this near to *outside* is outside, unless beside one that does.
# Measured: looser costs time and finds nothing.
_UNLIKELY: Final = -0.5
# A line counts as code when its mean, drawn to nothing by this many tokens, is above the bar.
_SILENT: Final = 3.0
_CODE: Final = -0.4
# Lines in between lean the scores: towards names where they surely are prose, away from names
# the more they look like code.
_LEAN: Final = 0.4
_LEAN_SLOPE: Final = 0.8
_LEAN_FROM: Final = -2.0
_NEIGHBOUR: Final = 0.5
# Characters of texts read in one go. A longer text goes in pieces of so many tokens, cut at ends
# of line where there are some, each read with so many tokens around it.
_BATCH: Final = 65_536
_PIECE: Final = 16_384
_AROUND: Final = 256
# Tokens whose scores are added up at once: what more would take leaves the processor's cache.
_AT_ONCE: Final = 4_096


class Name(NamedTuple):
    """A stretch of the text, what it is, and how likely that is (0 to 1)."""

    span: Span
    label: Label
    score: float


class NamesDetector:
    """Finds names in text. One instance may serve several threads; it learns tokens as it reads."""

    def __init__(self, model: NamesModel, *, bias: float = 0.0) -> None:
        """`bias` is added to every tag of a name: above 0 finds more, and more wrongly."""
        self._model = model
        self._rows = TokenRows(model)
        self._bias = np.float32(bias)
        self._moves = moves_of(model.transitions)
        self._calibration = model.calibration.tolist()

    @classmethod
    def shipped(cls) -> NamesDetector:
        """The detector over the model that ships; read once per process."""
        return _shipped()

    def find(self, text: str, words: Words | None = None) -> list[Name]:
        """Names in `text` in order of place; they do not overlap. The same text gives the same.

        `words` are those of the text where the caller has them already.
        """
        return self.find_many((text,), None if words is None else (words,))[0]

    def find_many(
        self, texts: Sequence[str], words: Sequence[Words] | None = None
    ) -> list[list[Name]]:
        """What `find` gives for each text, in one go: a text alone costs mostly the going."""
        own = [*map(words_of, texts)] if words is None else words
        found: list[list[Name]] = []
        begin = size = 0
        for end, text in enumerate(texts, 1):
            size += len(text)
            if size >= _BATCH or end == len(texts):
                found += self._find_batch(texts[begin:end], own[begin:end])
                begin, size = end, 0
        return found

    def is_code(self, text: str) -> list[bool]:
        """For each line of `text`, as cut at newline tokens, whether it reads as code."""
        page = self._page((text,), (tokenize(text),))
        _, sizes, leanings = self._line_leanings(page)
        code: list[bool] = (leanings > _CODE)[sizes > 0].tolist()
        return code

    def are_common(self, words: Sequence[str]) -> list[bool]:
        """For each word whether the model's list has it, in any case, as one of ordinary prose."""
        common = Lexicon.KNOWN | Lexicon.FREQUENT
        return [bits & common > 0 for bits in self._model.bits_of(words)]

    def _find_batch(self, texts: Sequence[str], words: Sequence[Words]) -> list[list[Name]]:
        tokens = [own.tokens for own in words]
        if max(own.starts.size for own in tokens) > _PIECE:
            return [
                [name for piece in _pieces(own) for name in self._names_of(text, own, piece)]
                for text, own in zip(texts, tokens, strict=True)
            ]
        found: list[list[Name]] = [[] for _ in texts]
        met = words[0].met if len(words) == 1 else ()
        page = self._page(texts, tokens, met[0] if len(met) == 1 else None)
        for owner, name in self._names(page):
            found[owner].append(name)
        return found

    def _names_of(self, text: str, tokens: Tokens, piece: _Piece) -> Iterator[Name]:
        """The names that begin in a piece of a text."""
        begin, end = max(piece.begin - _AROUND, 0), piece.end + _AROUND
        page = self._page((text,), (tokens.between(begin, end),))
        starts = tokens.starts[piece.begin : piece.end]
        for _, name in self._names(page):
            if starts.size and starts[0] <= name.span.start <= starts[-1]:
                yield name

    def _page(
        self, texts: Sequence[str], tokens: Sequence[Tokens], met: Met | None = None
    ) -> _Page:
        """The texts behind one another, `REACH` edges before each and behind the last. `met` are
        the numbers of all tokens where they are there already."""
        text, every, begins = _joined(texts, tokens)
        sizes = [own.starts.size for own in tokens]
        firsts = [*accumulate(sizes[:-1], initial=0)]
        met = met or numbering().number(every.hashes)
        found = self._rows.rows(text, every.starts, every.ends, met)
        count, size = every.starts.size, every.starts.size + REACH * (len(texts) + 1)
        inner: slice | Ints = slice(REACH, size - REACH)
        if len(texts) > 1:
            inner = np.arange(count) + (np.arange(1, len(texts) + 1) * REACH).repeat(sizes)
        places = np.full(size, EDGE, np.int64)
        places[inner] = found.places
        lines = np.ones(size, bool)
        lines[inner] = every.classes == NEWLINE
        touching = np.zeros(count + 1, bool)
        np.equal(every.starts[1:], every.ends[:-1], out=touching[1:count])
        touching[firsts] = False
        glued = np.zeros(size, bool)
        glued[inner] = touching[:count]
        rows = found._replace(places=places)
        heads = [first + REACH * number for number, first in enumerate(firsts, 1)]
        return _Page(every, begins, heads, lines.nonzero()[0], rows, rows.pair_numbers(glued))

    def _line_leanings(self, page: _Page) -> tuple[Ints, Ints, Floats]:
        """Of each line the tokens, those that are no edges, and the log-odds that it is code."""
        places, table = page.rows.places, page.rows.table
        begins = np.empty_like(page.lines)
        begins[0] = 0
        np.add(page.lines[:-1], 1, out=begins[1:])  # the last token is an edge
        lengths = page.lines - begins
        lengths += 1
        edges = places.take(page.lines) == EDGE
        weights = table.gates.take(places)
        weights += self._model.gate_pairs.take(page.pairs)
        weights[page.lines[edges]] = 0
        sizes = lengths - edges
        around = _with_neighbours(np.add.reduceat(weights, begins))
        around /= _with_neighbours(sizes.astype(np.float32)) + _SILENT
        around += np.float32(self._model.gate_bias)
        return lengths, sizes, around

    def _leans(self, page: _Page) -> Floats | None:
        """What is added to every tag of a name at each token, in steps of the margins: -inf where
        no name may be, which is in code and at ends of line. None where that is everywhere."""
        lengths, _, code = self._line_leanings(page)
        leans = np.minimum((_LEAN_FROM - code) * _LEAN_SLOPE, _LEAN)
        leans += self._bias
        leans *= np.float32(SCALE)
        leans[code > _CODE] = -np.inf
        if not (np.isfinite(leans) & (lengths > 1)).any():
            return None
        each: Floats = leans.repeat(lengths)
        each[page.lines] = -np.inf
        return each

    def _margins(self, page: _Page) -> Margins:
        """For each token how far each tag of a name is above *outside*."""
        size = page.rows.places.size
        out = np.zeros((size, LANES), np.int16)
        rows = page.rows.places * DISTANCES
        for begin in range(REACH, size - REACH, _AT_ONCE):
            end = min(begin + _AT_ONCE, size - REACH)
            near = _windows(rows, begin - REACH, end - begin, DISTANCES) + _DISTANCE
            terms = page.rows.table.margins.take(near, 0)
            np.add.reduce(terms, 0, np.int16, out=out[begin:end])
            near = _windows(page.pairs, begin - 2, end - begin, PAIRS) + _PAIR
            terms = self._model.pairs.take(near, 0)
            out[begin:end] += np.add.reduce(terms, 0, np.int16)
        return out

    def _names(self, page: _Page) -> Iterator[tuple[int, Name]]:
        """The names of a page in order of place, each with the number of its text."""
        leans = self._leans(page)
        if leans is None:
            return
        margins = self._margins(page)
        likely = (most_of(margins) + leans > _UNLIKELY * SCALE).nonzero()[0]
        if not likely.size:
            return
        tagged = best_tags(likely, margins, leans, self._moves)
        run: list[tuple[int, int, float]] = []
        for each in zip(*(values.tolist() for values in tagged), strict=True):
            if run and not _goes_on(run[-1], each):
                yield self._name(page, run)
                run = []
            run.append(each)
        if run:
            yield self._name(page, run)

    def _name(self, page: _Page, run: Sequence[tuple[int, int, float]]) -> tuple[int, Name]:
        """The name of some tokens with their tags and margins."""
        owner = bisect_right(page.heads, run[0][0]) - 1
        edges, begin = REACH * (owner + 1), page.begins[owner]
        start = int(page.tokens.starts[run[0][0] - edges]) - begin
        end = int(page.tokens.ends[run[-1][0] - edges]) - begin
        number = (run[0][1] - 1) // 2
        offset, slope = self._calibration[number]
        margin = sum(gain for _, _, gain in run) / SCALE / math.sqrt(len(run))
        chance = 1 / (1 + math.exp(-(offset + slope * margin)))
        return owner, Name(Span(start, end), LABELS[number], chance)


class _Piece(NamedTuple):
    """A range of the tokens of one text."""

    begin: int
    end: int


class _Page(NamedTuple):
    """Several texts as one row of tokens with edges between.

    `tokens` are those of the texts alone, with offsets in all their characters; `begins` are the
    offsets of the texts there, `heads` their places in the row. `lines` are the places of what
    ends lines, edges with it; `rows` and `pairs` say for each place where its weights are.
    """

    tokens: Tokens
    begins: list[int]
    heads: list[int]
    lines: Ints
    rows: Rows
    pairs: Ints


_DISTANCE: Final = np.arange(DISTANCES)[:, None]
_PAIR: Final = (np.arange(PAIRS) * (2 * CLASSES * CLASSES))[:, None]


def _joined(texts: Sequence[str], tokens: Sequence[Tokens]) -> tuple[str, Tokens, list[int]]:
    """The texts as one, its tokens, and where each text begins."""
    if len(texts) == 1:
        return texts[0], tokens[0], [0]
    begins = [*accumulate(map(len, texts), initial=0)]
    moved = [
        own._replace(starts=own.starts + begin, ends=own.ends + begin)
        for own, begin in zip(tokens, begins, strict=False)
    ]
    return "".join(texts), Tokens(*map(np.concatenate, zip(*moved, strict=True))), begins


def _pieces(tokens: Tokens) -> Iterator[_Piece]:
    """Ranges of about `_PIECE` tokens that cover a text."""
    size = tokens.starts.size
    begin = 0
    while begin < size:
        end = min(begin + _PIECE, size)
        if end < size:
            lines = (tokens.classes[end - _PIECE // 4 : end] == NEWLINE).nonzero()[0]
            if lines.size:
                end += int(lines[-1]) + 1 - _PIECE // 4
        yield _Piece(begin, end)
        begin = end


def _windows(values: Ints, begin: int, size: int, count: int) -> Ints:
    """`size` values from `begin` on, and the same one further on, `count` rows in all."""
    return np.ndarray((count, size), np.int64, values, begin * 8, (8, 8))


def _goes_on(before: tuple[int, int, float], after: tuple[int, int, float]) -> bool:
    """Whether a tagged token belongs to the name of the one before it."""
    inside = after[1] % 2 == 0 and (after[1] - 1) // 2 == (before[1] - 1) // 2
    return inside and after[0] - before[0] == 1


def _with_neighbours(values: Floats) -> Floats:
    out = values.copy()
    out[1:] += _NEIGHBOUR * values[:-1]
    out[:-1] += _NEIGHBOUR * values[1:]
    return out


@cache
def _shipped() -> NamesDetector:
    return NamesDetector(NamesModel.from_bytes(read_model("names.npz")))
