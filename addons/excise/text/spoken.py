"""Texts with numbers spelled out in words, as they are read out on the phone, written in digits.

`four one one one, double one …` becomes `4111 11…`, in eight languages at once, also where words
and digits mix; two letters in front, also as `delta echo`, stay with the number as in an IBAN.
Prose is left alone: a view is made only where words in a row stand for eight digits, or for three
behind words that announce a security code or a PIN.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import Final

from excise.model import Span
from excise.text.numerals import (
    WORDS,
    Meaning,
    Number,
    Sort,
    Word,
    hesitates,
    look_up,
    plain,
    read_numbers,
)
from excise.text.offsets import OffsetMap

ENOUGH: Final = 8  # digits in a row from which words are a number that somebody reads out
_FEW: Final = 3  # the same behind what announces a code, and anywhere once there are enough
_BLOCK: Final = 1024  # characters that are read where number words stand close together
_STRETCH: Final = 4096  # characters that are tested at a time where no one else has
_OVERLAP: Final = 256  # and how far the test looks into the next
_NEAR: Final = 512  # characters around a block with number words that are read, too
_MOST: Final = 256  # runs of numbers that are read
_LONGEST: Final = 128  # words of a run that are read
_SHORT: Final = 4  # digits of a code or a date, which no pause parts
_CARD: Final = range(12, 20)  # digits of a card number
_ANNOUNCED: Final = 80  # characters in front of a number in which a code is announced

_TOKEN: Final = re.compile(r"[^\W\d_]+|[0-9]+")
_GAP: Final = re.compile(r"[\s,;.:/|()\[\]\"'\u2010-\u2014\u2026-]{0,4}")
_PAUSE: Final = re.compile(r"[,;.:/|\n\u2013\u2014\u2026]| - ")
_FILLERS: Final = (
    "uh uhm um er erm eh hm hmm then so okay ok and und et y e en i dann aeh ah ahm euh puis alors "
    "pues luego entonces ehm poi allora depois entao dan potem no tak space blank"
)
_MARKS: Final = {
    "dash": "-", "hyphen": "-", "minus": "-", "strich": "-", "bindestrich": "-", "tiret": "-",
    "guion": "-", "trattino": "-", "hifen": "-", "streepje": "-", "myslnik": "-", "slash": "/",
    "stroke": "/", "barra": "/", "barre": "/", "schragstrich": "/",
}  # fmt: skip
_SPELLING: Final = (
    "alfa alpha bravo charlie delta echo foxtrot golf hotel india juliett juliet kilo lima mike "
    "november oscar papa quebec romeo sierra tango uniform victor whiskey whisky xray yankee zulu"
)
_OTHERS: Final = {
    **{word: (word, 0) for word in (*_FILLERS.split(), *_MARKS)},
    **{word: (word[0].upper(), ord(word[0].upper())) for word in _SPELLING.split()},
}
_CODE: Final = re.compile(
    r"cv[vc]|cvn|csc|\bcid\b|\bpin\b|security (?:code|number)|verification (?:code|number|value)"
    r"|(?:code|digits?|numbers?) (?:on|at) the (?:back|front)|(?:three|four)[ -]digits?"
    r"|sicherheitscode|pr(?:ü|ue)f(?:ziffer|nummer|zahl)|geheimzahl|cryptogramme"
    r"|code de s[eé]curit[eé]|c[oó]digo de segur|codice di sicurezza|beveiligingscode"
    r"|kod (?:bezpiecz|zabezp|cv)",
    re.IGNORECASE,
)

# The quick test: words as a split at blanks gives them, a mark behind them or not.
_ACCENTED: Final = (
    "zéro fünf zwölf dreißig três um dois één pięć sześć dziewięć dziesięć veintiún dieciséis "
    "veintidós veintitrés veintiséis ventitré dziewięćset double triple treble doppel doble "
    "doppio dubbel duplo"
)
NUMBER_WORDS: Final = frozenset(
    (
        *(w for w, (sort, _) in WORDS.items() if sort <= Sort.WHOLE or sort is Sort.HUNDRED),
        *_ACCENTED.split(),
    )
)
"""In lower case; what may be part of a number that is read out."""

MARKS_BEHIND: Final = ",.;:"
_QUICK: Final = NUMBER_WORDS | {word + mark for word in NUMBER_WORDS for mark in MARKS_BEHIND}
_LONG: Final = max(map(len, _QUICK)) + 1
_PIECE: Final = re.compile(r"\S+")
_CLOSE: Final = re.compile(rb"\x01[\x00\x01]?\x01[\x00\x01]?\x01")


@dataclass(frozen=True, slots=True)
class Spoken:
    """A text with spelled-out numbers in digits, and the way back."""

    text: str = field(repr=False)
    _offsets: OffsetMap = field(repr=False)

    def back(self, span: Span) -> Span:
        """The span in the original: whole words."""
        return self._offsets.back(span)


def speak(text: str, ends: Sequence[int] | None = None) -> Spoken | None:
    """The text with spelled-out numbers in digits, or None where none is long enough.

    `ends` says where number words may end, a mark behind them included; None: not known.
    """
    found = (run for start, end in _places(text, ends) for run in _runs(text, start, end))
    several = (run for run in found if sum(word.sort < Sort.JOIN for word in run) > 1)
    runs = [part for run in islice(several, _MOST) for part in _numbers(run)]
    enough = any(_length(run) >= ENOUGH for run in runs)
    kept = [
        part
        for run in runs
        for part in _parts(text, run)
        if (enough and _length(part) >= _FEW) or _is_announced(text, part)
    ]
    replaced = [piece for part in kept for piece in _digits(text, part)]
    if not replaced:
        return None
    pieces, at = list[str](), 0
    for start, end, to in replaced:
        pieces += (text[at:start], to)
        at = end
    pieces.append(text[at:])
    return Spoken("".join(pieces), OffsetMap((s, e, len(to)) for s, e, to in replaced))


def _places(text: str, ends: Sequence[int] | None) -> Iterator[tuple[int, int]]:
    """Where three number words stand nearly side by side: blocks of the text, and what is near."""
    low = _low(text)
    ends = [at for at in (_ends(low) if ends is None else ends) if _is_number(low, at)]
    begin = end = 0
    for first, second, third in zip(ends, ends[1:], ends[2:], strict=False):
        if _are_close(low, first, second) and _are_close(low, second, third):
            start = max(0, first // _BLOCK * _BLOCK - _NEAR)
            if start > end:
                if end:
                    yield begin, end
                begin = start
            end = min(len(text), (third // _BLOCK + 1) * _BLOCK + _NEAR)
    if end:
        yield begin, end


def _ends(low: str) -> list[int]:
    """Where words end in the stretches of a text in which three stand nearly side by side."""
    found = set[int]()
    for start in range(0, len(low), _STRETCH):
        piece = low[start : start + _STRETCH + _OVERLAP]
        # What follows costs several times as much, and nearly never has to be done.
        if _CLOSE.search(bytes(map(_QUICK.__contains__, piece.split()))):
            found.update(start + match.end() for match in _PIECE.finditer(piece))
    return sorted(found)


def _is_number(low: str, end: int) -> bool:
    """Whether a number word ends there."""
    before, behind = low[max(end - _LONG, 0) : end], low[end : end + 1]
    if behind.strip() or not before[-1:].strip():
        return False
    return _QUICK.issuperset(before.split()[-1:])


def _low(text: str) -> str:
    low = text.lower()
    return (low if len(low) == len(text) else text).replace("-", " ")


def _are_close(low: str, one: int, other: int) -> bool:
    """Whether of two words that end there the other is next, or next but one."""
    return len(low[one:other].split(None, 2)) <= 2


def _runs(text: str, start: int, stop: int) -> Iterator[list[Word]]:
    """Number words, digits and letters that stand next to each other, fillers left out."""
    run: list[Word] = []
    end = 0
    meanings: dict[str, Meaning | None] = {}  # of this text alone: no word outlives its exchange
    for match in _TOKEN.finditer(text, start, stop):
        token = match[0]
        if token not in meanings:
            meanings[token] = _meaning(token)
        known = meanings[token]
        if run and (known is None or not _GAP.fullmatch(text, end, match.start())):
            yield run
            run = []
        if known is not None and len(run) < _LONGEST:
            end = match.end()
            run.append(Word(*known, match.start(), end))
    if run:
        yield run


def _meaning(token: str) -> Meaning | None:
    """A token as part of a number; fillers and marks are joins, a letter has its code point."""
    known = look_up(token)
    if known is not None:
        return known
    if len(token) == 1 and token.isascii():
        return Meaning(token.upper(), Sort.JOIN, ord(token.upper()))
    other = _OTHERS.get(plain(token))
    return None if other is None else Meaning(other[0], Sort.JOIN, other[1])


def _numbers(words: list[Word]) -> Iterator[list[Number]]:
    """A run as numbers and letters; without two letters in front, letters part it."""
    pause = hesitates(words)
    words = [
        word._replace(sort=Sort.JOIN, value=0) if pause and word.text == "um" else word
        for word in words
    ]
    words = [_zero(words, at) if word.text == "O" else word for at, word in enumerate(words)]
    first = next((at for at, word in enumerate(words) if word.sort is not Sort.JOIN), len(words))
    lead = [word for word in words[max(first - 2, 0) : first] if word.value]
    lettered = len(lead) == 2
    part: list[Word] = []
    run = [Number(word.start, word.end, word.text) for word in lead] if lettered else []
    for word in words[first:]:
        if word.sort is Sort.JOIN and word.value:
            run += read_numbers(part)
            part = []
            if lettered:
                run.append(Number(word.start, word.end, word.text))
            else:
                yield run
                run = []
        else:
            part.append(word)
    run += read_numbers(part)
    while run and not run[-1].digits[-1].isdigit():
        run.pop()
    yield run


def _zero(words: Sequence[Word], at: int) -> Word:
    """The letter o between numbers is a zero."""
    around = (*words[max(at - 1, 0) : at], *words[at + 1 : at + 2])
    if any(word.sort in (Sort.UNIT, Sort.REPEAT) for word in around):
        return words[at]._replace(text="o", sort=Sort.UNIT, value=0)
    return words[at]


def _size(run: Sequence[Number]) -> int:
    return sum(len(number.digits) for number in run)


def _length(run: Sequence[Number]) -> int:
    """Digits of a run in which at least two are spelled out; 0 for any other."""
    spelled = sum(number.end - number.start != len(number.digits) for number in run)
    return _size(run) if spelled > 1 else 0


def _is_announced(text: str, run: Sequence[Number]) -> bool:
    """Whether a run is behind what announces a code; that may be spaced digits alone."""
    size = _size(run)
    if len(run) < 2 or size < _FEW or (size > _SHORT and not _length(run)):
        return False
    start = run[0].start
    return _CODE.search(text, max(0, start - _ANNOUNCED), start) is not None


def _parts(text: str, run: list[Number]) -> list[list[Number]]:
    """A run longer than any card number, parted where one may end: at pauses, and where single
    digits give way to longer numbers."""
    if _length(run) < _CARD.stop:
        return [run]
    parts = [run[:1]]
    for number, after in pairwise(run):
        same = (len(number.digits) == 1) is (len(after.digits) == 1)
        if same and not _PAUSE.search(text, number.end, after.start):
            parts[-1].append(after)
        else:
            parts.append([after])
    return parts if any(_length(part) in _CARD for part in parts) else [run]


def _digits(text: str, run: Sequence[Number]) -> Iterator[tuple[int, int, str]]:
    """What replaces the words of a run and the gaps between them."""
    cuts = _printed(run)
    shown = 0
    for number, after, mark in zip(run, [*run[1:], None], _marks(text, run), strict=True):
        digits = number.digits
        for cut in reversed(cuts):
            if shown < cut < shown + len(number.digits):
                digits = f"{digits[: cut - shown]} {digits[cut - shown :]}"
        shown += len(number.digits)
        gap = " " if shown in cuts else mark
        if after is not None and after.start == number.end:  # no place for it in between
            digits, gap = digits + gap, ""
        yield number.start, number.end, digits
        if after is not None:
            yield number.end, after.start, gap


def _printed(run: Sequence[Number]) -> tuple[int, ...]:
    """Where the groups of a card number end as they are printed; none for other numbers."""
    length = _size(run)
    if length not in _CARD or not run[0].digits.isdigit():
        return ()
    if length == 14 or (length == 15 and run[0].digits[0] == "3"):
        return (4, 10)
    return tuple(range(4, length, 4))


def _marks(text: str, run: Sequence[Number]) -> list[str]:
    """What stands behind each number: nothing where it is one number all along, else the marks
    that are named, or blanks for pauses."""
    nothing = [""] * len(run)
    gaps = [text[number.end : after.start] for number, after in pairwise(run)]
    length = _size(run)
    if length <= _SHORT or length in _CARD or not run[0].digits.isdigit():
        return nothing
    marks = [next((_MARKS[w] for w in gap.lower().split() if w in _MARKS), "") for gap in gaps]
    if any(marks):
        return [*marks, ""]
    pauses = [_PAUSE.search(gap) is not None for gap in gaps]
    return nothing if all(pauses) else [*(" " if pause else "" for pause in pauses), ""]
