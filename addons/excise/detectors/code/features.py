"""Token features of the code detector: what a token is, its pair, its triple of shapes.

A token of the shared stage becomes a type: a word of the model's vocabulary, or else a shape
(`lower, 4 to 6 letters`, `camelCase`, one mark of punctuation). Three features stand at each
token: its type, the pair with the token before, the shapes of the last three with their gaps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from excise.text.met import Met, Words, words_of
from excise.text.tokens import NEWLINE, WORD, Tokens, tokenize

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

# Types below `SHAPES` are shapes; the words of the vocabulary follow.
SHAPES: Final = 64
_SHAPE_BITS: Final = 6
_UNKNOWN: Final = -1  # of a token whose type is not worked out yet
NOTHING: Final = 0
LINE: Final = 1
_DIGITS: Final = 2  # and the three behind it: 1, 2 to 3, 4, more
_MARK: Final = 6
_WORD: Final = 7
_FOREIGN: Final = 18
_MARKS: Final = 19
MARK_CHARACTERS: Final = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"

# What the letters of a new token are like; with its length that gives its shape.
_UPPER: Final = 4  # 0 lower, 1 camelCase, 2 Capitalised, 3 PascalCase
_STRANGE: Final = 5
_SIZES: Final = 8
_STATE_OF_CLASS: Final = np.array([8, 0, 6, 8, 7])  # by class of token: blank … mark
_SHAPE_OF_STATE: Final = np.array(
    [
        [_WORD + (n > 1) + (n > 3) + (n > 6) for n in range(_SIZES)],
        [_WORD + 9] * _SIZES,
        [_WORD + 4 if n == 1 else _WORD + 5 + (n > 4) for n in range(_SIZES)],
        [_WORD + 10] * _SIZES,
        [_WORD + 7 + (n > 4) for n in range(_SIZES)],
        [_FOREIGN] * _SIZES,
        [_DIGITS + (n > 1) + (n > 3) + (n > 4) for n in range(_SIZES)],
        [_MARK] * _SIZES,
        [LINE] * _SIZES,
    ],
    np.int64,
).ravel()

_STATES: Final[list[int]] = _STATE_OF_CLASS.tolist()
_SHAPES: Final[list[int]] = _SHAPE_OF_STATE.tolist()
_NO_CAPITALS: Final = dict.fromkeys(range(65, 91))
_FEW: Final = 24  # tokens that are looked at quicker one by one

PAIR_BITS: Final = 14
TRIPLE_BITS: Final = 13
_SLOT_BITS: Final = 16
_U32 = np.uint32
_U64 = np.uint64
_PAIR_OWN: Final = _U32(0x85EBCA6B)
_PAIR_BEFORE: Final = _U32(0xC2B2AE35)
_PAIR_GAP: Final = _U32(0x27D4EB2F)
_FIRST: Final = np.zeros(1, np.int64)


def _no_sorts(capacity: int) -> Ints:
    return np.full(capacity + 1, _UNKNOWN, np.int64)


class Vocabulary:
    """Words by hash, each with its type and its shape. Of two words in one slot the first stays."""

    def __init__(self, words: Sequence[str] = ()) -> None:
        self._shift = _U64(64 - _SLOT_BITS)
        # Slots are many and hold a small number each; what they stand for lies close together.
        self._slots = np.zeros(1 << _SLOT_BITS, np.int16)
        keys, types, shapes = [_U64(0)], [NOTHING], [NOTHING]
        known = [(tokenize(end).hashes[0], LINE, LINE) for end in "\n\r"]
        known += [
            (tokenize(mark).hashes[0], _MARKS + n, _MARKS + n)
            for n, mark in enumerate(MARK_CHARACTERS)
        ]
        known += [(key, SHAPES + n, shape) for n, key, shape in _read_words(words)]
        for key, number, shape in known:
            slot = int(key >> self._shift)
            if not self._slots[slot]:
                self._slots[slot] = len(keys)
                keys.append(key)
                types.append(number)
                shapes.append(shape)
        self._keys = np.array(keys, np.uint64)
        self._types = np.array(types, np.int64)
        self._shapes = np.array(shapes, np.int64)
        self.size = SHAPES + len(words)

    def sorts(self, text: str, tokens: Tokens, met: Met) -> Ints:
        """For each of some tokens of a text its type, and in the lowest bits its shape; worked out
        once for each token that is met."""
        kept = met.generation.kept(self, _no_sorts)
        sorts = kept.take(met.numbers)
        new = (sorts == _UNKNOWN).nonzero()[0]
        if new.size:
            new = met.once(new)
            kept[met.numbers.take(new)] = self._worked_out(text, tokens, new + met.begin)
            sorts = kept.take(met.numbers)
        return sorts

    def _worked_out(self, text: str, tokens: Tokens, places: Ints) -> Ints:
        """The sorts of the tokens at some places."""
        hashes = tokens.hashes.take(places)
        slots = self._slots.take((hashes >> self._shift).view(np.int64))
        types, shapes = self._types.take(slots), self._shapes.take(slots)
        strange = (self._keys.take(slots) != hashes).nonzero()[0]
        if strange.size:
            types[strange] = shapes[strange] = _new_shapes(text, tokens, places.take(strange))
        return types << _SHAPE_BITS | shapes


def _read_words(words: Sequence[str]) -> Iterator[tuple[int, np.uint64, int]]:
    """Number, hash and shape of each word that is one token, all read as one text."""
    text = "\n".join(words)
    tokens = tokenize(text)
    if not tokens.starts.size:
        return
    begins = np.cumsum([0, *(len(word) + 1 for word in words[:-1])])
    places = np.minimum(np.searchsorted(tokens.starts, begins), tokens.starts.size - 1)
    whole = tokens.starts[places] == begins
    whole &= tokens.ends[places] == begins + [len(word) for word in words]
    shapes = _new_shapes(text, tokens, places)
    for number in np.flatnonzero(whole).tolist():
        yield number, tokens.hashes[places[number]], int(shapes[number])


class Encoded(NamedTuple):
    """A text's tokens as types. `begins` holds the first token of each line, ends of line are
    tokens of the line they end; `glued` says that nothing stands between a token and the last.
    `triples` is the bucket of each token as in `triples_of`."""

    tokens: Tokens
    types: Ints
    shapes: Ints
    glued: Flags
    begins: Ints
    triples: Ints


def encode(text: str, vocabulary: Vocabulary, words: Words | None = None) -> Encoded:
    """The tokens of `text` with types and shapes; any string is accepted. `words` are those of
    `text` where the caller has them already."""
    tokens, met = words or words_of(text)
    size = tokens.starts.size
    pieces = [vocabulary.sorts(text, tokens, each) for each in met]
    sorts = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
    types, shapes = sorts >> _SHAPE_BITS, sorts & (SHAPES - 1)
    glued = np.empty(size, bool)
    np.equal(tokens.starts[1:], tokens.ends[:-1], out=glued[1:])
    glued[:1] = tokens.starts[:1] == 0
    begins = (tokens.classes == NEWLINE).nonzero()[0]
    begins += 1
    if size:
        inner = begins[:-1] if begins.size and begins[-1] == size else begins
        begins = np.concatenate((_FIRST, inner))
    return Encoded(tokens, types, shapes, glued, begins, triples_of(shapes, glued))


def pairs_of(types: Ints, glued: Ints | Flags) -> Ints:
    """For each token the bucket of its pair with the one before."""
    now = types.astype(_U32)
    mixed = now * _PAIR_OWN
    mixed += glued.astype(_U32) * _PAIR_GAP
    now *= _PAIR_BEFORE
    mixed[1:] += now[:-1]
    return _pair_buckets(mixed)


def pairs_at(types: Ints, glued: Flags, places: Ints) -> Ints:
    """`pairs_of` at some places of a text."""
    mixed = types[places].astype(_U32)
    mixed *= _PAIR_OWN
    mixed += glued[places].astype(_U32) * _PAIR_GAP
    before = types[places - 1].astype(_U32)
    before *= _PAIR_BEFORE
    before *= places > 0
    mixed += before
    return _pair_buckets(mixed)


def _pair_buckets(mixed: NDArray[np.uint32]) -> Ints:
    mixed ^= mixed >> _U32(15)
    mixed *= _U32(0x2C1B3C6D)
    mixed >>= _U32(32 - PAIR_BITS)
    return mixed.astype(np.int64)


def triples_of(shapes: Ints, glued: Ints | Flags) -> Ints:
    """For each token the bucket of the shapes of the last three tokens and the gaps between."""
    own = shapes.astype(_U32)
    own += own
    own += glued.astype(_U32)
    mixed = own.copy()
    own <<= _U32(7)
    mixed[1:] += own[:-1]
    own <<= _U32(7)
    mixed[2:] += own[:-2]
    mixed *= _U32(0x9E3779B1)
    mixed ^= mixed >> _U32(13)
    mixed *= _U32(0x85EBCA6B)
    mixed >>= _U32(32 - TRIPLE_BITS)
    return mixed.astype(np.int64)


def _shape_of(token: str, kind: int) -> int:
    """The shape of one token, in the slow words that few of them are quickest in."""
    size = len(token)
    if kind != WORD:
        state = _STATES[kind]
    elif token[0] > "\x7f":
        state = _STRANGE
    else:
        # Without the capitals of ASCII.
        inner = size - 1 - len(token[1:].translate(_NO_CAPITALS))
        first = "A" <= token[0] <= "Z"
        state = _UPPER if first and inner == size - 1 and inner else first * 2 + (inner > 0)
    return _SHAPES[state * _SIZES + min(size, _SIZES - 1)]


def _new_shapes(text: str, tokens: Tokens, places: Ints) -> Ints:
    """The shapes of the tokens at some places."""
    if places.size <= _FEW:
        cuts = zip(tokens.starts[places].tolist(), tokens.ends[places].tolist(),
                   tokens.classes[places].tolist(), strict=True)  # fmt: skip
        return np.array([_shape_of(text[start:end], kind) for start, end, kind in cuts], np.int64)
    starts, ends, classes = tokens.starts[places], tokens.ends[places], tokens.classes[places]
    sizes = ends - starts
    if text.isascii():
        codes: NDArray[np.uint8] | NDArray[np.uint32] = np.frombuffer(text.encode(), np.uint8)
        capital = (codes - np.uint8(65)) < 26
    else:
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        capital = (codes - _U32(65)) < 26
    capitals = np.flatnonzero(capital)
    first = capital[starts]
    inner = np.searchsorted(capitals, ends) - np.searchsorted(capitals, starts) - first
    states = first * 2 + (inner > 0)
    states[first & (inner == sizes - 1) & (inner > 0)] = _UPPER
    states = np.where(codes[starts] < 128, states, _STRANGE)
    states = np.where(classes == WORD, states, _STATE_OF_CLASS[classes])
    shapes: Ints = _SHAPE_OF_STATE[states * _SIZES + np.minimum(sizes, _SIZES - 1)]
    return shapes
