"""Names of persons, places and organisations, and street addresses, in prose.

A linear-chain CRF: the score of a tag at a token is a sum of table rows of the tokens and pairs
around it, the best tags of a run of likely tokens are found by Viterbi. Lines that read as code
are left alone. How good it is stands in `models/README.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from excise.detectors.models import read_model
from excise.detectors.names_decode import best_tags
from excise.detectors.names_features import Lexicon
from excise.detectors.names_model import (
    DISTANCES,
    EDGE,
    LABELS,
    PAIRS,
    REACH,
    TAGS,
    Floats,
    Ints,
    NamesModel,
    hopes_of,
)  # fmt: skip
from excise.detectors.names_rows import Rows, TokenRows
from excise.model import Span
from excise.text.tokens import NEWLINE, Tokens, tokenize

Label = Literal["PERSON", "LOCATION", "ORG", "ADDRESS"]

# Tokens whose own score is below this cannot become part of a name; tokens whose full score is
# below the second are taken as outside. Both are measured: looser costs time and finds nothing.
_HOPELESS: Final = -3.0
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
# A bound may come out below the sum that it bounds by this much.
_ROUNDING: Final = 0.01
# Between texts read in one go, and the number of characters of such a going.
_BREAK: Final = "\n" * REACH
_BATCH: Final = 65_536


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
        self._pair_hopes = hopes_of(model.pairs).T.copy()

    @classmethod
    def shipped(cls) -> NamesDetector:
        """The detector over the model that ships; read once per process."""
        return _shipped()

    def find(self, text: str, tokens: Tokens | None = None) -> list[Name]:
        """Names in `text` in order of place; they do not overlap. The same text gives the same.

        `tokens` are those of the text where the caller has them already.
        """
        return self.find_many((text,), None if tokens is None else (tokens,))[0]

    def find_many(
        self, texts: Sequence[str], tokens: Sequence[Tokens] | None = None
    ) -> list[list[Name]]:
        """What `find` gives for each text, in one go: a text alone costs mostly the going."""
        found: list[list[Name]] = []
        begin = size = 0
        for end, text in enumerate(texts, 1):
            size += len(text)
            if size >= _BATCH or end == len(texts):
                own = None if tokens is None else tokens[begin:end]
                found += self._find_batch(texts[begin:end], own)
                begin, size = end, 0
        return found

    def is_code(self, text: str) -> list[bool]:
        """For each line of `text`, as cut at newline tokens, whether it reads as code."""
        page = self._page((text,))
        _, sizes, leanings = self._line_leanings(page)
        code: list[bool] = (leanings > _CODE)[sizes > 0].tolist()
        return code

    def are_common(self, words: Sequence[str]) -> list[bool]:
        """For each word whether the model's list has it, in any case, as one of ordinary prose."""
        common = Lexicon.KNOWN | Lexicon.FREQUENT
        return [bits & common > 0 for bits in self._model.bits_of(words)]

    def _page(self, texts: Sequence[str], known: Sequence[Tokens] | None = None) -> _Page:
        """The texts behind one another, `REACH` edges before each and behind the last."""
        joined = _BREAK + _BREAK.join(texts) + _BREAK
        tokens = tokenize(joined) if known is None else _joined(texts, known)
        begins = np.fromiter(accumulate((len(text) + REACH for text in texts), initial=REACH),
                             np.int64, len(texts) + 1)  # fmt: skip
        breaks = np.searchsorted(tokens.starts, begins - REACH)
        edges = (breaks[:, None] + np.arange(REACH)).ravel()
        rows = self._rows.rows(joined, tokens.starts, tokens.ends, tokens.hashes)
        rows.places[edges] = EDGE
        glued = np.zeros(tokens.starts.size, bool)
        np.equal(tokens.starts[1:], tokens.ends[:-1], out=glued[1:])
        glued[edges] = False
        glued[breaks[:-1] + REACH] = False
        return _Page(tokens, begins, edges, rows, rows.pair_numbers(glued))

    def _find_batch(
        self, texts: Sequence[str], tokens: Sequence[Tokens] | None
    ) -> list[list[Name]]:
        found: list[list[Name]] = [[] for _ in texts]
        if not any(texts):
            return found
        page = self._page(texts, tokens)
        places, scores = self._scores(page)
        if not places.size:
            return found
        size = page.tokens.starts.size
        tags = best_tags(places, scores, self._model.transitions, size, _UNLIKELY)
        self._add_names(found, page, tags, places, scores)
        return found

    def _line_leanings(self, page: _Page) -> tuple[Ints, Ints, Floats]:
        """Of each line the first token, its length less edges, and the log-odds that it is code."""
        rows = page.rows
        ends = np.flatnonzero(page.tokens.classes == NEWLINE) + 1
        begins = np.concatenate([[0], ends[:-1]])  # the last token is an edge
        weights = rows.table.gates[rows.places] + self._model.gate_pairs[page.pairs]
        weights[page.edges] = 0
        own = np.ones(weights.size, np.int64)
        own[page.edges] = 0
        sizes = np.add.reduceat(own, begins)
        around = _with_neighbours(np.add.reduceat(weights, begins))
        around /= _with_neighbours(sizes.astype(np.float32)) + _SILENT
        return begins, sizes, around + np.float32(self._model.gate_bias)

    def _code_leaning(self, page: _Page) -> Floats:
        """For each token the log-odds that its line is code."""
        begins, _, leanings = self._line_leanings(page)
        sizes = np.empty_like(begins)
        np.subtract(begins[1:], begins[:-1], out=sizes[:-1])
        sizes[-1] = page.tokens.starts.size - begins[-1]
        return np.repeat(leanings, sizes)

    def _scores(self, page: _Page) -> tuple[Ints, Floats]:
        """Tokens worth a look, and the score of every tag there."""
        rows = page.rows
        code = self._code_leaning(page)
        # A newline is never part of a name: a name over two lines is found as two.
        prose = (code <= _CODE) & (page.tokens.classes != NEWLINE)
        lean = np.minimum((_LEAN_FROM - code) * _LEAN_SLOPE, _LEAN) + self._bias
        hopes = rows.table.hopes.take(rows.places, 0)
        wanted = _with_next((hopes[:, REACH] > _HOPELESS) & prose) & prose
        likely = wanted & (self._most(page, hopes) + lean > _UNLIKELY - _ROUNDING)
        places = (_with_next(likely) & wanted).nonzero()[0]
        flat = rows.table.scores.reshape(-1, TAGS)
        starts = rows.places * DISTANCES
        scores = flat.take(starts.take(places - REACH), 0)
        for distance in range(1, DISTANCES):
            scores += flat.take(starts.take(places + (distance - REACH)) + distance, 0)
        for place in range(PAIRS):
            scores += self._model.pairs[place].take(page.pairs.take(places + (place - 2)), 0)
        scores[:, 1:] += lean.take(places)[:, None]
        return places, scores

    def _most(self, page: _Page, hopes: Floats) -> Floats:
        """For each token how far a tag of a name may come above *outside* there, before leaning."""
        size = hopes.shape[0] - 2 * REACH
        most = np.full(hopes.shape[0], -np.inf, np.float32)
        inner = most[REACH:-REACH]
        np.add(hopes[:size, 0], hopes[1 : size + 1, 1], out=inner)
        for distance in range(2, DISTANCES):
            inner += hopes[distance : size + distance, distance]
        pairs = self._pair_hopes.take(page.pairs, 0)
        for place in range(PAIRS):
            begin = REACH + place - 2
            inner += pairs[begin : begin + size, place]
        return most

    def _add_names(
        self, found: list[list[Name]], page: _Page, tags: Ints, places: Ints, scores: Floats
    ) -> None:
        """Turns runs of tags into names, each into the list of its text."""
        tagged = tags.nonzero()[0]
        if not tagged.size:
            return
        own = tags[tagged]
        labels = (own + 1) // 2
        opens = np.ones(tagged.size, bool)
        opens[1:] = (
            ((tagged[1:] - tagged[:-1]) > 1) | (labels[1:] != labels[:-1]) | (own[1:] & 1 == 1)
        )
        heads = opens.nonzero()[0]
        behind = np.concatenate([heads[1:], [tagged.size]])
        numbers = labels[heads] - 1
        margins = np.add.reduceat(_gains(own, tagged, places, scores), heads)
        margins /= np.sqrt((behind - heads).astype(np.float32))
        offset, slope = self._model.calibration[numbers].T
        chances = 1 / (1 + np.exp(-(offset + slope * margins)))
        starts = page.tokens.starts[tagged[heads]]
        ends = page.tokens.ends[tagged[behind - 1]]
        owners = np.searchsorted(page.begins, starts, side="right") - 1
        starts, ends = starts - page.begins[owners], ends - page.begins[owners]
        for owner, start, end, number, chance in zip(
            owners.tolist(), starts.tolist(), ends.tolist(), numbers.tolist(), chances.tolist(),
            strict=True,
        ):  # fmt: skip
            found[owner].append(Name(Span(start, end), LABELS[number], chance))


class _Page(NamedTuple):
    """Several texts as one row of tokens.

    `begins` are the offsets of the texts in the row (and one behind the last), `edges` the tokens
    between them, `pairs` each token's row in the pair tables.
    """

    tokens: Tokens
    begins: Ints
    edges: Ints
    rows: Rows
    pairs: Ints


def _joined(texts: Sequence[str], known: Sequence[Tokens]) -> Tokens:
    """The tokens of the texts with `_BREAK` before each and behind the last."""
    edges = tokenize(_BREAK)
    parts = [edges]
    offset = REACH
    for text, own in zip(texts, known, strict=True):
        parts.append(own._replace(starts=own.starts + offset, ends=own.ends + offset))
        offset += len(text)
        parts.append(edges._replace(starts=edges.starts + offset, ends=edges.ends + offset))
        offset += REACH
    return Tokens(
        np.concatenate([part.starts for part in parts]),
        np.concatenate([part.ends for part in parts]),
        np.concatenate([part.classes for part in parts]),
        np.concatenate([part.hashes for part in parts]),
    )


def _gains(own: Ints, tagged: Ints, places: Ints, scores: Floats) -> Floats:
    """How far the tag of each tagged token is above *outside*."""
    where = np.searchsorted(places, tagged)
    gains: Floats = scores[where, own] - scores[where, 0]
    return gains


def _with_next(chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The tokens chosen and those beside them."""
    out = chosen.copy()
    out[1:] |= chosen[:-1]
    out[:-1] |= chosen[1:]
    return out


def _with_neighbours(values: Floats) -> Floats:
    out = values.copy()
    out[1:] += _NEIGHBOUR * values[:-1]
    out[:-1] += _NEIGHBOUR * values[1:]
    return out


@cache
def _shipped() -> NamesDetector:
    return NamesDetector(NamesModel.from_bytes(read_model("names.npz")))
