"""What one token says of itself: strings for the trained weights, a class for pairs of tokens.

Everything here is a function of the token's own text, so the answer is worked out once per
distinct token and looked up ever after. Training and use read the same functions.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final
from zlib import crc32


class Lexicon(IntEnum):
    """What the word lists say of a word in lower case, a bit each; two hold how common it is.

    No `IntFlag`: that makes objects of every test of a bit, of which a word takes twenty.
    """

    GIVEN = 1
    SURNAME = 2
    PLACE = 4
    PLACE_PART = 8
    COUNTRY = 16
    STREET = 32
    TITLE = 64
    MONTH = 128
    ORGANISATION = 256
    CUE = 512
    PARTICLE = 1024
    KNOWN = 2048
    FREQUENT = 4096
    TOP_GIVEN = 8192
    TOP_SURNAME = 16384
    JOB = 32768
    DEMONYM = 65536
    SPEECH = 131072
    TOWARDS = 262144
    JOINER = 524288


CLASSES: Final = 55
EDGE_CLASS: Final = 1

_MARKS: Final = {mark: 2 + number for number, mark in enumerate((",", ".", ":", "-", "(", ")"))}
_QUOTES: Final = frozenset("\"'`´‘’‚“”„«»‹›")
_CODE_MARKS: Final = frozenset("{}[]=;<>_$\\|&*+%^~")
_NEWLINES: Final = frozenset("\r\n\x0b\x0c\x85\u2028\u2029")
_DIGITS: Final = {1: 13, 2: 14, 3: 15, 5: 18}


def key_of(text: str) -> int:
    """The number a word or feature goes by in the model file."""
    return crc32(text.encode("utf-8", "surrogatepass"))


def shape_of(token: str) -> str:
    """`Xx`, `x`, `XX`, `X`, `mixed`, `d4` (digits, counted to nine) or the mark itself."""
    first = token[0]
    if first.isdigit():
        return f"d{min(len(token), 9)}"
    if not first.isalpha():
        return "x" if len(token) > 1 else "\\n" if first in _NEWLINES else token
    if token.islower():
        return "x"
    if len(token) == 1:
        return "X" if token.isupper() else "x"
    if token.isupper():
        return "XX" if len(token) < 4 else "XXX"
    if first.isupper() and token[1:].islower():
        return "Xx"
    return "mixed" if first.isupper() else "xX"


def features_of(token: str, bits: int) -> tuple[str, ...]:
    """The features of a token which the lexicon knows by `bits`, most telling first."""
    lower = token.lower()
    shape = shape_of(token)
    base = ("w=" + lower, "h=" + shape, f"g={bits}", f"hg={shape}{bits}")
    if not token[0].isalpha():
        return base
    flags = tuple(f"b={shape}{flag}" for flag in _BACKED if bits & flag)
    ends = ("p3=" + lower[:3], "s3=" + lower[-3:], "s2=" + lower[-2:], "p4=" + lower[:4])
    return (*base, *flags, *ends, "s4=" + lower[-4:], f"l={shape}{min(len(token), 9)}")


_BACKED: Final = (
    Lexicon.GIVEN, Lexicon.SURNAME, Lexicon.PLACE, Lexicon.FREQUENT, Lexicon.KNOWN,
    Lexicon.TOP_GIVEN, Lexicon.TOP_SURNAME, Lexicon.JOB, Lexicon.DEMONYM,
)  # fmt: skip


def class_of(token: str, bits: int) -> int:
    """The token's class for tables over pairs of neighbours, 0 to `CLASSES` - 1."""
    first = token[0]
    if first.isdigit():
        return _digit_class(token)
    if not first.isalpha():
        return _mark_class(first)
    for flag, number in _BY_FLAG:
        if bits & flag:
            return number
    if len(token) == 1 and token.isupper():
        return 31
    if token.islower():
        return _lower_class(bits)
    if token.isupper():
        return _caps_class(token, bits)
    if first.isupper() and token[1:].islower():
        return _capital_class(bits)
    return 47


_BY_FLAG: Final = (
    (Lexicon.TITLE, 20),
    (Lexicon.STREET, 21),
    (Lexicon.CUE, 22),
    (Lexicon.MONTH, 23),
    (Lexicon.TOWARDS, 53),
    (Lexicon.JOINER, 54),
    (Lexicon.PARTICLE, 24),
    (Lexicon.ORGANISATION, 25),
    (Lexicon.SPEECH, 52),
)


def _digit_class(token: str) -> int:
    if len(token) == 4:
        return 16 if token[:2] in ("19", "20") else 17
    return _DIGITS.get(len(token), 19)


def _mark_class(mark: str) -> int:
    if mark in _NEWLINES:
        return 0
    if mark in _QUOTES:
        return 8
    if mark in _CODE_MARKS:
        return 12
    return {"@": 9, "#": 9, "/": 10}.get(mark, _MARKS.get(mark, 11))


def _lower_class(flags: int) -> int:
    if flags & Lexicon.JOB:
        return 50
    if flags & Lexicon.FREQUENT:
        return 26
    if flags & Lexicon.KNOWN:
        return 27
    if flags & Lexicon.GIVEN:
        return 29
    return 30 if flags & (Lexicon.SURNAME | Lexicon.PLACE | Lexicon.COUNTRY) else 28


def _caps_class(token: str, flags: int) -> int:
    if flags & (Lexicon.FREQUENT | Lexicon.KNOWN):
        return 44
    if flags & (Lexicon.GIVEN | Lexicon.SURNAME):
        return 42
    if flags & (Lexicon.PLACE | Lexicon.COUNTRY):
        return 43
    return 46 if len(token) < 4 else 45


def _capital_class(flags: int) -> int:
    common = bool(flags & Lexicon.FREQUENT)
    if flags & Lexicon.DEMONYM:
        return 51
    if flags & Lexicon.COUNTRY:
        return 37
    if flags & Lexicon.PLACE and not common:
        return 36 if flags & (Lexicon.GIVEN | Lexicon.SURNAME) else 35
    if flags & Lexicon.TOP_GIVEN and not common:
        return 48
    if flags & Lexicon.TOP_SURNAME and not common:
        return 49
    if flags & Lexicon.JOB:
        return 50
    if flags & (Lexicon.GIVEN | Lexicon.TOP_GIVEN):
        return 40 if common else 33 if flags & Lexicon.SURNAME else 32
    if flags & (Lexicon.SURNAME | Lexicon.TOP_SURNAME):
        return 41 if common or flags & Lexicon.KNOWN else 34
    return 38 if flags & (Lexicon.FREQUENT | Lexicon.KNOWN) else 39
