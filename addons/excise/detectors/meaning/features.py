"""What the classifiers of meaning read of a text: words, stems, classes of words, their sequences.

A text is folded and put in small letters, cut by the shared token stage, and each token looked up
in a lexicon of words. At each token stand six features (its word, its stem, pairs and triples of
stems and of classes of words), each a bucket of one table; so that what a stretch of text says is
the sum over its tokens, and a window costs no more than a difference of two sums.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from excise.model import Span
from excise.text.fold import Folded, fold
from excise.text.met import Met, Words, words_of
from excise.text.tokens import DIGIT, NEWLINE, WORD, Tokens, retold

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
_U32s = NDArray[np.uint32]

BITS: Final = 18  # of a bucket
STEM: Final = 5  # letters of a word that make its stem
# Classes of words: what is no word of the lexicon, then clusters of its words.
UNKNOWN: Final = 0
NUMBER: Final = 1
LINE: Final = 2
_MARKS: Final = 3
_MARK_CLASSES: Final = 13
CLUSTERS: Final = 16  # the first class that is a cluster

_U32 = np.uint32
_U64 = np.uint64
_STIR: Final = np.array(
    [[0x9E3779B1], [0x85EBCA6B], [0xC2B2AE35], [0x27D4EB2F], [0x165667B1], [0x2C1B3C6D]], np.uint32
)
_POWERS: Final = tuple(map(np.uint32, (31, 961, 29791, 923521)))  # of the letters behind the first
FEATURES: Final = 6  # at each token


_STOPS: Final = np.zeros(1 << 16, bool)  # by code point; the last stands for all behind it
_STOPS[[ord(each) for each in ".?!|。？！"]] = True
_COLUMNS: Final = 4  # beside the kind
_NO_KIND: Final = 0  # what no class comes to
_KIND_STEP: Final = _U32(0x9E3779B1)


class _Columns:
    """What is known of the tokens of a generation, by their numbers."""

    def __init__(self, capacity: int) -> None:
        self.kinds = np.full(capacity + 1, _NO_KIND, np.uint32)
        self.rest = np.zeros((capacity + 1, _COLUMNS), np.uint32)


class Lexicon:
    """Words by the hash of their token, each with a row and a class. Row 0 is no word."""

    def __init__(self, hashes: NDArray[np.uint64], classes: NDArray[np.int64]) -> None:
        """`hashes` in rising order, with the class of each; the row of the first is 1."""
        self._hashes = hashes
        self._classes = np.concatenate((np.zeros(1, np.int64), classes))

    def columns(self, text: str, tokens: Tokens, met: Met) -> tuple[_U32s, _U32s]:
        """For each of some tokens of a text its kind; and its word and stem as they go into
        buckets, its row, and whether a sentence may end with it. Worked out once for each token
        that is met; the text is in small letters, or ASCII."""
        kept = met.generation.kept(self, _Columns)
        kinds: _U32s = kept.kinds.take(met.numbers)
        if not kinds.all():
            new = met.once((kinds == _NO_KIND).nonzero()[0])
            self._work_out(text, tokens.take(new + met.begin), kept, met.numbers.take(new))
            kinds = kept.kinds.take(met.numbers)
        return kinds, kept.rest.take(met.numbers, 0)

    def _work_out(self, text: str, few: Tokens, kept: _Columns, numbers: Ints) -> None:
        """Fills in the columns of tokens with these numbers."""
        if text.isascii():
            text = text.lower()
            few = retold(text, few)
        rows, classes = self.look_up(few.hashes)
        stems, marks = _stems(text, few.starts, few.ends)
        classes = np.where(few.classes == WORD, classes, _class_of_mark(few.classes, marks))
        kinds = (classes.astype(np.uint32) + _U32(1)) * _KIND_STEP
        stops = _STOPS.take(marks, mode="clip")
        rest = np.empty((numbers.size, _COLUMNS), np.uint32)
        columns = (few.hashes.astype(np.uint32), stems, rows.astype(np.uint32), stops)
        for number, column in enumerate(columns):
            rest[:, number] = column
        kept.rest[numbers] = rest
        kept.kinds[numbers] = kinds  # last: it says that the others are there

    def look_up(self, hashes: NDArray[np.uint64]) -> tuple[Ints, Ints]:
        """The row and class of each token."""
        if not self._hashes.size:
            rows = np.zeros(hashes.size, np.int64)
            return rows, rows
        # What is behind all of them is held against the last one, too.
        rows = self._hashes[:-1].searchsorted(hashes)
        known = self._hashes.take(rows) == hashes
        rows += 1
        rows *= known
        return rows, self._classes.take(rows)


class Reading(NamedTuple):
    """A text as features. `rows` are rows of the lexicon, `buckets` is feature × token; `starts`
    and `ends` stand in the folded text, `back` maps a span of it to the text as received."""

    starts: Ints
    ends: Ints
    kinds: NDArray[np.uint8]
    rows: Ints
    buckets: Ints
    stops: NDArray[np.bool_]  # marks with which a sentence may end
    folded: Folded | None

    def back(self, first: int, last: int) -> Span:
        """The span in the text as received of the tokens from `first` up to `last` inclusive."""
        span = Span(int(self.starts[first]), int(self.ends[last]))
        return self.folded.back(span) if self.folded else span


def read(text: str, lexicon: Lexicon, words: Words | None = None) -> Reading:
    """The features of `text`; any string is accepted. `words` are its own where they are there
    already."""
    folded = fold(text)
    # In ASCII a letter is one in either case.
    if words is None or not text.isascii():
        text = _lowered(folded.text if folded else text)
        words = words_of(text)
    tokens = words.tokens
    pieces = [lexicon.columns(text, tokens, each) for each in words.met]
    kind, rest = pieces[0] if len(pieces) == 1 else map(np.concatenate, zip(*pieces, strict=True))
    word, stem, row, stop = rest.T
    return Reading(
        tokens.starts, tokens.ends, tokens.classes, row.astype(np.int64),
        _buckets(word, stem, kind), stop.astype(bool), folded,
    )  # fmt: skip


def _lowered(text: str) -> str:
    low = text.lower()
    if len(low) == len(text):
        return low
    return "".join(c if len(small := c.lower()) != 1 else small for c in text)


def _stems(text: str, starts: Ints, ends: Ints) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """A hash of the first letters of each token, and its first code point."""
    if not starts.size:
        none = np.zeros(0, np.uint32)
        return none, none
    if text.isascii():
        codes = np.frombuffer(text.encode() + bytes(STEM), np.uint8)
    else:
        wide = text.encode("utf-32-le", "surrogatepass") + bytes(4 * STEM)
        codes = np.frombuffer(wide, np.uint32)
    first = codes.take(starts).astype(np.uint32, copy=False)
    stems = first.copy()
    at = starts.copy()
    for power in _POWERS:
        at += 1
        letters = codes.take(at) * power
        letters *= at < ends
        stems += letters
    stems *= _U32(0x9E3779B1)
    return stems, first


def _class_of_mark(kinds: NDArray[np.uint8], marks: NDArray[np.uint32]) -> Ints:
    classes = (marks % _U32(_MARK_CLASSES)).astype(np.int64) + _MARKS
    classes[kinds == DIGIT] = NUMBER
    classes[kinds == NEWLINE] = LINE
    return classes


def _buckets(
    words: NDArray[np.uint32], stems: NDArray[np.uint32], kinds: NDArray[np.uint32]
) -> Ints:
    """Feature × token: the bucket of each feature."""
    size = words.size
    mixed = np.empty((FEATURES, size), np.uint32)
    before = np.zeros(size + 2, np.uint32)  # those before the first are nought
    before[2:] = stems
    mixed[0] = words
    mixed[1] = stems
    np.multiply(before[1:-1], _U32(3), out=mixed[2])
    np.multiply(before[:-2], _U32(5), out=mixed[3])
    mixed[2:4] += stems
    before[2:] = kinds
    np.multiply(before[1:-1], _U32(7), out=mixed[4])
    mixed[4] += kinds
    np.multiply(before[:-2], _U32(11), out=mixed[5])
    mixed[5] += mixed[4]
    mixed ^= mixed >> _U32(15)
    mixed *= _STIR
    mixed ^= mixed >> _U32(13)
    mixed *= _U32(0x2C1B3C6D)
    mixed >>= _U32(32 - BITS)
    return mixed.astype(np.int64)
