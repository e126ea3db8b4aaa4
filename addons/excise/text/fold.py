"""Texts with characters folded to the ASCII ones that a reader takes them for.

Folded are other forms of ASCII characters (full width, mathematical, circled; tag characters),
characters that show nothing, and, in words of more than one script, look-alike letters of other
scripts. Accents go only from words with a digit or an underscore: prose in German or Polish keeps
its words, and costs no second search. What is ordinary in a script or a pictograph stays.

Folding decides on what folding leaves as it is, so that a folded text is folded no further. All
of it is done on arrays: a text of nothing but disguises costs little more than any other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from excise.model import Span
from excise.text import fold_tables as of
from excise.text.fold_tables import Bits, Codes, place, tables
from excise.text.offsets import OffsetMap

Places = NDArray[np.intp]

_RARE: Final = 4  # wholly foreign words shorter than this are words of that script
_SET: Final = re.compile("[=:][ \t]{0,2}[“„‟«‘‚‛]")


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text, and the way back."""

    text: str = field(repr=False)
    _steps: tuple[OffsetMap, ...] = field(repr=False)

    def back(self, span: Span) -> Span:
        """The span in the original: whole characters, with the marks behind the last one."""
        for step in reversed(self._steps):
            start, end = step.back(span)
            span = Span(start, step.past(end))
        return span


class _Row(NamedTuple):
    """A text as arrays: code points, their places in the tables, their bits."""

    codes: Codes
    places: Places
    bits: Bits

    def before(self, at: Places) -> Bits:
        """The bits of what stands in front, 0 at the start."""
        return np.where(at > 0, self.bits[at - 1], 0).astype(np.uint16)

    def behind(self, at: Places) -> Bits:
        """The bits of what follows, 0 at the end."""
        last = self.bits.size - 1
        return np.where(at < last, self.bits[np.minimum(at + 1, last)], 0).astype(np.uint16)


def fold(text: str) -> Folded | None:
    """The folded text, or None where folding changes nothing."""
    if text.isascii():
        return None
    row = _row(np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32))
    steps: list[OffsetMap] = []
    at = _forms(row)
    if at.size:
        codes, offsets = _reformed(row, at)
        steps.append(offsets)
        row = _row(codes)
    changed = _changed(row)
    if changed is not None:
        codes, offsets = changed
        steps.append(offsets)
    return Folded(_text(codes), tuple(steps)) if steps else None


def _row(codes: Codes) -> _Row:
    places = place(codes)
    return _Row(codes, places, tables().bits[places])


def _text(codes: Codes) -> str:
    return codes.tobytes().decode("utf-32-le", "surrogatepass")


def _places(bits: Bits, kind: int) -> Places:
    return np.flatnonzero(bits & kind)


def _forms(row: _Row) -> Places:
    """Other forms and invisible characters, where they are not part of how a script is written."""
    at = _places(row.bits, of.FORM | of.INVISIBLE)
    if not at.size:
        return at
    here, before = row.bits[at], row.before(at)
    leaning = before & of.LEANING
    # Beside a letter of full width a mark of full width is of no prose.
    for beside in (before, row.behind(at)):
        leaning |= (beside & (of.FORM | of.SENTENCE)) == of.FORM
    form = (here & of.FORM != 0) & ((here & of.SENTENCE == 0) | (leaning != 0))
    gone = (here & of.FORM == 0) & ((before & of.FORM != 0) | (before & of.JOINING == 0))
    chosen: Places = at[form | gone]
    return chosen


def _reformed(row: _Row, at: Places) -> tuple[Codes, OffsetMap]:
    """The text with forms and invisible characters at these places put right."""
    known, places = tables(), row.places[at]
    lengths = known.length[places]
    same = lengths == 1
    if same.all():
        codes = row.codes.copy()
        codes[at] = known.form[places]
        return codes, OffsetMap(())
    sizes = np.ones(row.codes.size, np.intp)
    sizes[at] = lengths
    starts = np.cumsum(sizes) - sizes
    codes = np.repeat(row.codes, sizes)
    shown = lengths > 0
    codes[starts[at[shown]]] = known.form[places[shown]]
    for long in np.unique(places[lengths > 1]).tolist():
        for index, char in enumerate(known.tails[long], 1):
            codes[starts[at[places == long]] + index] = ord(char)
    return codes, _moved(at[~same], lengths[~same].astype(np.intp))


def _moved(at: Places, lengths: Places) -> OffsetMap:
    """Characters at these places became so many; neighbours that leave nothing count as one."""
    gone = lengths == 0
    joins = np.zeros(at.size, np.bool_)
    joins[1:] = gone[1:] & gone[:-1] & (np.diff(at) == 1)
    first = np.flatnonzero(~joins)
    last = np.append(first[1:], at.size) - 1
    return OffsetMap.of_arrays(at[first], at[last] + 1, lengths[first])


def _changed(row: _Row) -> tuple[Codes, OffsetMap] | None:
    """Blanks, dashes, quotation marks and letters put right, or None where all is."""
    codes = row.codes.copy()
    keep = np.ones(codes.size, np.bool_)
    _between(row, codes)
    _quotes(row, codes)
    _in_words(row, codes, keep)
    if not keep.all():
        gone = np.flatnonzero(~keep)
        return codes[keep], _moved(gone, np.zeros(gone.size, np.intp))
    return None if np.array_equal(codes, row.codes) else (codes, OffsetMap(()))


def _between(row: _Row, codes: Codes) -> None:
    """Blanks between digits, dashes between letters or digits."""
    for kind, beside, to in ((of.BLANK, of.DIGIT, " "), (of.DASH, of.ALNUM, "-")):
        at = _places(row.bits, kind)
        if at.size:
            codes[at[(row.before(at) & row.behind(at) & beside) != 0]] = ord(to)


def _quotes(row: _Row, codes: Codes) -> None:
    """Quotation marks, where one stands behind a colon or an equals sign."""
    at = _places(row.bits, of.QUOTE)
    if at.size and _SET.search(_text(row.codes)):
        codes[at] = tables().quote[row.places[at]]


def _in_words(row: _Row, codes: Codes, keep: NDArray[np.bool_]) -> None:
    """Look-alikes, accents and marks, as the word around them tells."""
    words = _telling_words(row.bits)
    if words is None:
        return
    starts, lengths = words
    offsets = np.cumsum(lengths) - lengths
    number = np.repeat(np.arange(starts.size), lengths)
    at = np.arange(number.size) + (starts - offsets)[number]
    bits, places = row.bits[at], row.places[at]
    marks = bits & of.MARK != 0
    letters = np.where(marks, 0, bits).astype(np.uint16)
    every = np.bitwise_and.reduceat(np.where(marks, of.ALIKE, bits).astype(np.uint16), offsets)
    some = np.bitwise_or.reduceat(letters, offsets)
    count = np.add.reduceat(~marks, offsets, dtype=np.intp)
    whole = (count >= _RARE) & (every & of.ALIKE != 0)
    disguised = (some & of.ALIKE != 0) & ((some & of.ASCII != 0) | whole)
    bare = (some & of.BARE != 0)[number]
    shown = codes[at]
    for rows, wanted in ((tables().alike, disguised[number]), (tables().bare, bare)):
        to = rows[places]
        shown = np.where(wanted & ~marks & (shown == row.codes[at]) & (to != 0), to, shown)
    codes[at] = shown
    keep[at] = ~(marks & (bare | _adorning(marks, shown, offsets)))


def _telling_words(bits: Bits) -> tuple[Places, Places] | None:
    """Start and length of the words in which something may have to be put right."""
    inside = bits & of.WORD != 0
    suspects = np.flatnonzero((bits & (of.ALIKE | of.MARK | of.ACCENT) != 0) & inside)
    if not suspects.size:
        return None
    telling = bits & (of.ALIKE | of.MARK | of.BARE) != 0
    edges = np.flatnonzero(np.diff(inside, prepend=False, append=False))
    starts, ends = edges[::2], edges[1::2]
    words = np.unique(np.searchsorted(starts, suspects, "right") - 1)
    count = np.concatenate(([0], np.cumsum(telling)))
    words = words[count[ends[words]] > count[starts[words]]]
    return (starts[words], ends[words] - starts[words]) if words.size else None


def _adorning(marks: NDArray[np.bool_], shown: Codes, offsets: Places) -> NDArray[np.bool_]:
    """Marks behind a mark, and those that make no one character with what is before them."""
    base = np.concatenate(([0], shown[:-1]))
    behind = np.concatenate(([False], marks[:-1]))
    base[offsets], behind[offsets] = 0, False
    pairs = (base.astype(np.uint64) << np.uint64(21)) | shown
    composing = tables().composing
    near = np.minimum(np.searchsorted(composing, pairs), composing.size - 1)
    adorning: NDArray[np.bool_] = behind | (composing[near] != pairs)
    return adorning
