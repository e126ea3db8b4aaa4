"""What is spelled character by character: percent, quoted-printable and HTML escapes, bytes in hex
apart from each other, letters apart from each other.

Escapes side by side count as one stretch, a few at a time, so that long runs cost little.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

import numpy as np

from excise.text.budget import Budget, Replaced
from excise.text.escapes import find_escapes
from excise.text.packed import from_hex

_PERCENT: Final = re.compile(r"(?:%[0-9a-fA-F]{2}){1,8}(?:%[89abAB][0-9a-fA-F]){0,3}")
_ENTITY: Final = re.compile(r"(?:&(?:#(?:[0-9]{1,7};?|[xX][0-9a-fA-F]{1,6};)|[A-Za-z]{2,8};)){1,8}")
_BRACED: Final = re.compile(r"(?:\\u\{[0-9a-fA-F]{1,6}\}){1,8}")
_QUOTED: Final = re.compile(r"=(?:\r?\n|[0-9A-F]{2}(?:=[0-9A-F]{2}){0,7}(?:=[89AB][0-9A-F]){0,3})")
_MOST_EQUAL: Final = 9  # characters of escapes that equations do not come to
_BASE64_END: Final = re.compile(r"[A-Za-z0-9+/]+\Z")
_BASE64_WORD: Final = 6
_UNPADDED: Final = 3
_PAIR: Final = "[0-9a-fA-F]{2}"
_FEW: Final = 10  # letters or bytes apart from each other, from which they are one word
_LISTED: Final = re.compile(rf"0x{_PAIR}(?:(?:,\s{{0,16}}| )0x{_PAIR}){{{_FEW - 1},4095}}+")
_PAIRS: Final = re.compile(
    rf"(?<![0-9a-fA-F]){_PAIR}([: ]){_PAIR}(?:\1{_PAIR}){{{_FEW - 2},4095}}+(?![0-9A-Za-z])"
)
_PAIRED: Final = (b"aa:" * (_FEW - 1), b"aa " * (_FEW - 1))
# What shows in `packed.shape` of letters apart, and what they are looked for by.
_ALONE: Final = "(?<![0-9A-Za-z])"
_APART: Final = (
    (
        b"a " * (_FEW - 5),
        re.compile(rf"{_ALONE}[!-~](?: (?:[ \n] )?[!-~](?![0-9A-Za-z])){{{_FEW - 1},4095}}+"),
    ),
    (
        b"a." * (_FEW - 3),
        re.compile(
            rf"{_ALONE}[0-9A-Za-z]([!-/;-@\[-`{{-~])[!-~](?:\1[!-~]){{{_FEW - 2},4095}}+"
            r"(?![0-9A-Za-z])"
        ),
    ),
    (
        b"a\n" * (_FEW - 3),
        re.compile(rf"{_ALONE}[!-~](?:\n[!-~](?![0-9A-Za-z])){{{_FEW - 1},4095}}+"),
    ),
)
_LARGE: Final = 2_000  # characters from which regular gaps are quicker seen in arrays
_GAP: Final = re.compile(r" ([ \n]) ")
_NO_DIGIT: Final = re.compile("[^0-9a-fA-F]+")
_MARKER: Final = re.compile(r"[-*=:>|+.]\s(?=\w)")


def find_spelled(
    text: str, budget: Budget, *, nested: bool, growing: bool = False
) -> Iterator[Replaced]:
    """Each stretch and what it stands for, kind by kind; with `nested` backslash escapes too.

    Quoted-printable shows by how much of it there is, which in a `growing` text nobody knows."""
    most = budget.characters + 1
    if "%" in text:
        yield from _each(_PERCENT, text, most, _from_percent)
    if "&" in text:
        yield from _each(_ENTITY, text, most, _Entities().shown)
    if "=" in text and not growing:
        yield from _quoted(text, most)
    if "\\u{" in text:
        yield from _each(_BRACED, text, most, _from_braces)
    if nested and "\\" in text:
        yield from find_escapes(text)


def _each(
    pattern: re.Pattern[str], text: str, most: int, decode: Callable[[str], str]
) -> Iterator[Replaced]:
    for match in pattern.finditer(text):
        if most <= 0:
            return
        shown = decode(match[0])
        if shown != match[0]:
            most -= len(shown)
            yield *match.span(), shown


def _from_percent(spelled: str) -> str:
    return bytes.fromhex(spelled.replace("%", "")).decode("utf-8", "replace")


def _from_braces(spelled: str) -> str:
    codes = (int(code, 16) for code in spelled[3:-1].split("}\\u{"))
    return "".join(
        "\ufffd" if 0xD800 <= code < 0xE000 or code > 0x10FFFF else chr(code) for code in codes
    )


class _Entities:
    """Entities decoded, those seen before at less cost; kept for one text."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def shown(self, spelled: str) -> str:
        """What a row of entities stands for."""
        return "".join(map(self._one, spelled.split("&")[1:]))

    def _one(self, name: str) -> str:
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = html.unescape(f"&{name}")
        return known


def _quoted(text: str, most: int) -> Iterator[Replaced]:
    """Quoted-printable, where more of it stands than an equation could look like."""
    found: list[Replaced] = []
    length = 0
    for match in islice(_QUOTED.finditer(text), most):
        soft = match[0][-1] == "\n"
        if not soft or not _is_padding(text, match.start()):
            length += _MOST_EQUAL if soft else len(match[0])
            found.append((*match.span(), _from_quoted(match[0])))
    if length >= _MOST_EQUAL:
        yield from found


def _is_padding(text: str, at: int) -> bool:
    """Whether the equals sign there ends a run of base64, and not a line of quoted-printable."""
    word = _BASE64_END.search(text, max(0, at - 80), at)
    size = len(word[0]) if word else 0
    return text[at - 1 : at] == "=" or (size > _BASE64_WORD and size % 4 == _UNPADDED)


def _from_quoted(spelled: str) -> str:
    if spelled[-1] == "\n":
        return ""
    return bytes.fromhex(spelled.replace("=", "")).decode("utf-8", "replace")


def find_apart(text: str, shaped: bytes) -> Iterator[Replaced]:
    """Bytes in hex and letters with something between any two; `shaped` by `packed.shape`."""
    letters, pairs = (True, True) if len(shaped) < _LARGE else _are_regular(shaped)
    for match in _pairs(text, shaped, pairs):
        shown = from_hex(_NO_DIGIT.sub("", match[0].replace("0x", "")))
        if shown:
            yield *match.span(), shown
    for gate, pattern in _APART:
        if letters and gate in shaped:
            for match in pattern.finditer(text):
                marker = _MARKER.match(match[0])
                start = match.start() + (marker.end() if marker else 0)
                yield start, match.end(), _together(text[start : match.end()])


def _are_regular(shaped: bytes) -> tuple[bool, bool]:
    """Whether somewhere gaps follow each other as those of single letters do, or of pairs."""
    gaps = (np.frombuffer(shaped, np.uint8) != ord("a")).nonzero()[0]
    steps = gaps[1:] - gaps[:-1]
    letters, pairs = ((steps == step).tobytes() for step in (2, 3))
    return b"\1" * (_FEW - 6) in letters, b"\1" * (_FEW - 2) in pairs


def _pairs(text: str, shaped: bytes, regular: bool) -> Iterator[re.Match[str]]:
    if "0x" in text:
        yield from _LISTED.finditer(text)
    if regular and any(gate in shaped for gate in _PAIRED):
        yield from _PAIRS.finditer(text)


def _together(letters: str) -> str:
    """Letters without what is between any two; a wider gap is one of words."""
    if letters[1] != " ":
        return letters[::2]
    return "".join(word[::2] for word in _GAP.split(letters))
