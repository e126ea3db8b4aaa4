"""Code as two rows of tokens: as it is written, and blind to names and literals.

What a copy changes without becoming another piece of code is dropped from both: blanks, line
ends, comments, the style of quotes, and what stands in front of lines in diffs, quotations and
listings (`+`, `>`, `12|`). In the blind row every identifier is one symbol and every literal one
other, keywords stay. Each line is read for itself, block comments apart, so that a copy is read
as the original was, wherever it was cut out; that it need not be read as its language reads it
follows from that.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from excise.text.tokens import DIGIT, MARK, NEWLINE, WORD, Tokens, tokenize

Bools = NDArray[np.bool_]
Hashes = NDArray[np.uint64]
Ints = NDArray[np.int64]
_Flags = NDArray[np.uint16]

# What a mark may be; a character has several of these.
_JOIN: Final = 1  # part of an identifier
_DOUBLE: Final = 2
_SINGLE: Final = 4
_PREFIX: Final = 8  # stands in front of lines in diffs, quotations and listings
_SHARP: Final = 16
_SLASH: Final = 32
_STAR: Final = 64
_DASH: Final = 128
_LINE_COMMENT: Final = 256  # opens a comment as the first of its line, before a blank
_ESCAPE: Final = 512
_MARKS: Final = {
    "_": _JOIN,
    "$": _JOIN,
    '"': _DOUBLE,
    "'": _SINGLE,
    "`": _SINGLE,
    "#": _SHARP,
    "/": _SLASH,
    "*": _STAR | _LINE_COMMENT,
    "+": _PREFIX,
    "-": _PREFIX | _DASH,
    ">": _PREFIX,
    "|": _PREFIX,
    ":": _PREFIX,
    ";": _LINE_COMMENT,
    "%": _LINE_COMMENT,
    "\\": _ESCAPE,
}
_ARROW: Final = 0x2192  # some tools write it behind line numbers
# A block comment longer than this is no comment but two marks that do not belong together.
_LONGEST_COMMENT: Final = 4000  # tokens

_STIR: Final = np.uint64(0xBF58476D1CE4E5B9)
_SHIFT: Final = np.uint64(31)
_IDENTIFIER: Final = np.uint64(0x2545F4914F6CDD1D)
_LITERAL: Final = np.uint64(0x9E6C63D0676A9A99)
_QUOTE: Final = np.uint64(0xD6E8FEB86659FD93)

_HEAD_BITS: Final = 12
_HEAD_SHIFT: Final = np.uint64(64 - _HEAD_BITS)

# Words that a renaming leaves alone, of the languages that most code is written in.
KEYWORDS: Final = (
    "abstract and as assert async auto await begin bool boolean break byte case catch char class "
    "const continue def default defer del delete do done double dyn echo elif else elsif elseif "
    "end ensure enum esac except export extends extern false False fi final finally float fn for "
    "foreach from fun func function global go goto if impl implements import in include inline "
    "instanceof int interface is lambda let local long loop match mod module move mut namespace "
    "new nil None nonlocal not null nullptr of operator or override package pass print private "
    "protected pub public raise range ref require rescue return self select short signed sizeof "
    "static string struct super switch template then this throw throws trait true True try type "
    "typedef typename union unless unsafe unsigned until use using val var virtual void volatile "
    "when where while with xor yield SELECT FROM WHERE INSERT UPDATE DELETE JOIN ORDER GROUP BY "
    "AND OR NOT NULL INTO VALUES SET CREATE TABLE join order group by"
)


class Row(NamedTuple):
    """Tokens in order: half-open code-point offsets, and a hash of each."""

    starts: Ints
    ends: Ints
    hashes: Hashes


class Code(NamedTuple):
    """One text: where its lines begin and end, and the two rows."""

    line_starts: Ints
    line_ends: Ints
    exact: Row
    blind: Row


class Words(NamedTuple):
    """Identifiers, numbers and marks as they stand, nothing dropped but blanks and line ends."""

    row: Row
    named: Bools  # an identifier that begins with a letter
    line_ends: Ints


class _Layout(NamedTuple):
    """What is known of the tokens of a text before any is dropped."""

    tokens: Tokens
    flags: _Flags
    glued: Bools  # nothing stands between it and the token in front
    breaks: Ints  # numbers of the tokens that end lines, and the number behind the last token


class _Ranges(NamedTuple):
    """Half-open ranges of numbers of tokens, in order; no two begin or end at the same one."""

    starts: Ints
    stops: Ints


def read_code(text: str, tokens: Tokens | None = None) -> Code:
    """Both rows of a text. Any text will do; what is no code only gives rows that match none.
    `tokens` are its own where they are there already."""
    layout = _layout(text, tokens)
    tokens, flags = layout.tokens, layout.flags
    quotes, opens = _quotes(layout)
    quoted = _covered(quotes, flags.size)
    starts = np.append(0, layout.breaks[:-1] + 1)
    firsts = _firsts(layout, starts)
    fronts = np.flatnonzero(firsts > starts)
    dropped = _covered(
        [_Ranges(starts[fronts], firsts[fronts]), *_comments(layout, quoted, firsts)], flags.size
    )
    dropped[layout.breaks[:-1]] = True
    row, heads = _glue(layout, ~dropped)
    classes = tokens.classes[heads]
    named = (classes == WORD) | ((flags[heads] & _JOIN) != 0)
    exact = row.hashes.copy()
    exact[(flags[heads] & (_DOUBLE | _SINGLE)) != 0] = _QUOTE
    blind = row.hashes
    blind[named & ~_is_keyword(blind)] = _IDENTIFIER
    opening = np.zeros(flags.size, bool)
    opening[opens] = True
    opening = opening[heads]
    blind[(classes == DIGIT) | opening] = _LITERAL
    seen = np.flatnonzero(~quoted[heads] | opening)
    return Code(
        np.append(0, tokens.ends[layout.breaks[:-1]]),
        np.append(tokens.starts[layout.breaks[:-1]], len(text)),
        row._replace(hashes=exact),
        Row(row.starts[seen], row.ends[seen], blind[seen]),
    )


def read_words(text: str, tokens: Tokens | None = None) -> Words:
    """Every identifier, number and mark of a text; `tokens` are its own where there already."""
    layout = _layout(text, tokens)
    kept = np.ones(layout.flags.size, bool)
    kept[layout.breaks[:-1]] = False
    row, heads = _glue(layout, kept)
    named = (layout.tokens.classes[heads] == WORD) | ((layout.flags[heads] & _JOIN) != 0)
    line_ends = np.append(layout.tokens.starts[layout.breaks[:-1]], len(text))
    return Words(row, named, line_ends)


def _layout(text: str, tokens: Tokens | None) -> _Layout:
    tokens = tokens or tokenize(text)
    glued = np.zeros(tokens.starts.size, bool)
    np.equal(tokens.starts[1:], tokens.ends[:-1], out=glued[1:])
    breaks = np.append(np.flatnonzero(tokens.classes == NEWLINE), tokens.starts.size)
    return _Layout(tokens, _flags(text, tokens), glued, breaks)


def _flags(text: str, tokens: Tokens) -> _Flags:
    """What the first character of each token is good for."""
    if text.isascii():
        return _table()[np.frombuffer(text.encode(), np.uint8)[tokens.starts]]
    wide = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)[tokens.starts]
    flags = _table()[np.minimum(wide, 128)]
    flags[wide == _ARROW] = _PREFIX
    return flags


@cache
def _table() -> _Flags:
    table = np.zeros(129, np.uint16)
    for char, flag in _MARKS.items():
        table[ord(char)] = flag
    return table


def _glue(layout: _Layout, kept: Bools) -> tuple[Row, Ints]:
    """Identifiers in one piece, of the tokens that are kept, and the number of each one's head."""
    tokens, flags, glued, _ = layout
    part = (tokens.classes == WORD) | (tokens.classes == DIGIT) | ((flags & _JOIN) != 0)
    head = kept.copy()
    head[1:] &= ~(part[1:] & part[:-1] & glued[1:] & kept[:-1])
    heads = np.flatnonzero(head)
    if not heads.size:
        none = np.zeros(0, np.int64)
        return Row(none, none, np.zeros(0, np.uint64)), none
    terms = np.where(kept, tokens.hashes, np.uint64(0))
    tails = np.flatnonzero(kept & ~head)
    owners = np.cumsum(head)[tails] - 1
    ends = tokens.ends[heads]
    # Later pieces come later, so that the last one stays.
    ends[owners] = tokens.ends[tails]
    terms[tails] *= (tails - heads[owners] + 1).astype(np.uint64) * _STIR
    hashes = np.add.reduceat(terms, heads)
    hashes *= _STIR
    hashes ^= hashes >> _SHIFT
    return Row(tokens.starts[heads], ends, hashes), heads


def _covered(ranges: Iterable[_Ranges], size: int) -> Bools:
    """Which of `size` tokens stand in any of the ranges."""
    steps = np.zeros(size + 1, np.int32)
    for starts, stops in ranges:
        steps[starts] += 1
        steps[stops] -= 1
    covered: Bools = np.cumsum(steps)[:size] > 0
    return covered


def _quotes(layout: _Layout) -> tuple[list[_Ranges], Ints]:
    """What stands in quotes, the quotes with it, and which quotes open; line by line."""
    tokens, flags, glued, breaks = layout
    marks = np.flatnonzero((flags & (_DOUBLE | _SINGLE)) != 0)
    before = np.maximum(marks - 1, 0)
    behind = np.minimum(marks + 1, flags.size - 1)
    escaped = ((flags[before] & _ESCAPE) != 0) & glued[marks]
    # An apostrophe within a word is no quote.
    inner = (tokens.classes[before] == WORD) & glued[marks]
    inner &= (tokens.classes[behind] == WORD) & glued[behind]
    double = (flags[marks] & _DOUBLE) != 0
    outer = _paired(marks[double & ~escaped], breaks)
    single = marks[~double & ~escaped & ~inner]
    place = np.searchsorted(outer.starts, single) - 1
    free = np.ones(single.size, bool)
    held = place >= 0
    free[held] = single[held] >= outer.stops[place[held]]
    other = _paired(single[free], breaks)
    return [outer, other], np.concatenate([outer.starts, other.starts])


def _paired(marks: Ints, breaks: Ints) -> _Ranges:
    """From each odd mark of a line to the next, or to the line's end."""
    lines = np.searchsorted(breaks, marks)
    rank = np.arange(marks.size) - np.searchsorted(lines, lines)
    odd = np.flatnonzero(rank % 2 == 0)
    stops = breaks[lines[odd]]
    closed = odd[odd + 1 < marks.size]
    same = lines[closed + 1] == lines[closed]
    stops[: closed.size][same] = marks[closed[same] + 1] + 1
    return _Ranges(marks[odd], stops)


def _firsts(layout: _Layout, starts: Ints) -> Ints:
    """For each line the first token behind the marks and digits that stand in front of lines."""
    front = (layout.flags & _PREFIX) != 0
    front |= layout.tokens.classes == DIGIT
    other = np.append(np.flatnonzero(~front), layout.flags.size)
    firsts: Ints = other[np.searchsorted(other, starts)]
    return firsts


def _comments(layout: _Layout, quoted: Bools, firsts: Ints) -> list[_Ranges]:
    """From what opens a comment to the end of its line, and blocks."""
    tokens, flags, glued, breaks = layout
    size = flags.size
    marks = np.flatnonzero((flags & (_SHARP | _SLASH | _DASH | _LINE_COMMENT)) != 0)
    lines = np.searchsorted(breaks, marks)
    first = firsts[lines]
    after = np.minimum(marks + 1, size - 1)
    ends = (marks == size - 1) | ~glued[after] | (tokens.classes[after] == NEWLINE)
    follows = np.where(ends, 0, flags[after])
    fresh = (marks == first) | ~glued[marks]
    own = flags[marks]
    mark_before = np.maximum(marks - 1, 0)
    loose = fresh | ((tokens.classes[mark_before] == MARK) & ((flags[mark_before] & _PREFIX) == 0))
    last = np.minimum(marks + 2, size - 1)
    parted = (last == marks + 1) | ~glued[last] | (tokens.classes[last] == NEWLINE)
    opens = ((own & _SHARP) != 0) & fresh & (ends | ((follows & (_SHARP | _DASH)) != 0))
    opens |= ((own & _SLASH) != 0) & ((follows & _SLASH) != 0) & loose
    opens |= ((own & follows & _DASH) != 0) & (fresh | (marks < first)) & parted
    opens |= ((own & _LINE_COMMENT) != 0) & (marks == first) & ends
    opens &= ~quoted[marks]
    starts = marks[((own & _SLASH) != 0) & ((follows & _STAR) != 0)]
    stops = marks[((own & _STAR) != 0) & ((follows & _SLASH) != 0)]
    lines = lines[opens]
    once = np.diff(lines, prepend=-1) > 0
    return [_Ranges(marks[opens][once], breaks[lines[once]]), _blocks(starts, stops)]


def _blocks(starts: Ints, stops: Ints) -> _Ranges:
    """From each start to the next stop behind it."""
    place = np.searchsorted(stops, starts + 2)
    closed = place < stops.size
    starts, behind = starts[closed], stops[place[closed]] + 2
    near = (behind - starts < _LONGEST_COMMENT) & (np.diff(behind, prepend=-1) > 0)
    return _Ranges(starts[near], behind[near])


@cache
def _keywords() -> tuple[Hashes, Bools]:
    """Their hashes, sorted, and which upper bits any of them has."""
    hashes = np.sort(read_words(KEYWORDS).row.hashes)
    heads = np.zeros(1 << _HEAD_BITS, bool)
    heads[hashes >> _HEAD_SHIFT] = True
    return hashes, heads


def _is_keyword(hashes: Hashes) -> Bools:
    known, heads = _keywords()
    found: Bools = heads[hashes >> _HEAD_SHIFT]
    likely = np.flatnonzero(found)
    places = np.searchsorted(known, hashes[likely])
    places[places == known.size] = 0
    found[likely] = known[places] == hashes[likely]
    return found
