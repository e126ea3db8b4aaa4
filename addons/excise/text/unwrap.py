"""Texts with what is encoded in them decoded: base64 (also URL-safe, unpadded, wrapped, packed by
gzip or zlib), hex, percent and quoted-printable escapes, HTML entities, spaced-out letters.

A view shows each encoded run decoded in its place, so that the words around it still count, and
leaves out what is far from any. A finding in decoded text maps to the whole run. Images, fonts,
sound, film and PDF are not decoded.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_to_bytes

from excise.model import Span
from excise.text.escapes import find_escapes
from excise.text.offsets import OffsetMap

DEPTH: Final = 3
MOST_CHARACTERS: Final = 256 * 1024  # decoded from one text, all depths together
MOST_RUNS: Final = 64  # base64, hex and spaced runs decoded from one text; escapes are cheap
_SHORTEST: Final = 20  # characters of a base64 or hex run worth a look: 15 or 10 bytes
_KEPT: Final = 600  # characters around a run that a view shows: more than rules read of a line
_CUT: Final = "\n\0\n"  # stands for what a view leaves out; no rule matches across
_WIDE: Final = 40  # characters of a line that may be the first of several
_BEHIND: Final = ("", "\n", "\r", "=", '"', "'")  # what may stand behind a line of base64
_SPACED: Final = 10  # letters with a blank between any two, from which they are one word
_HEAD: Final = 256  # characters of a run in which text must begin to show

# Characters of base64 as `a`, blanks as they are, all else as `.`, for searches by plain `find`.
_SHAPE: Final = bytes(
    ord("a")
    if code < 128 and (chr(code).isalnum() or chr(code) in "+/_-")
    else code
    if code == ord(" ")
    else ord(".")
    for code in range(256)
)
_LONG: Final = b"a" * _SHORTEST
_APART: Final = b"a " * (_SPACED - 2)
_NO_RUN: Final = re.compile(rb"[^a]")
_ANY: Final = "[A-Za-z0-9+/_-]"
# Four characters that spell three bytes of ASCII; random ones do one time in eight.
_QUAD: Final = rf"[A-Za-f][A-HQ-Xg-nw-z0-3][ABEFIJMNQRUVYZcdghklopstwx014589+-]{_ANY}"
_AS_TEXT: Final = re.compile(rf"(?:{_QUAD}){{4}}")
_PACKED: Final = ("H4sI", "eJ", "eN", "eF", "eA")
_MEDIA: Final = (
    "iVBORw0K", "/9j/", "R0lGOD", "UklGR", "JVBERi", "d09GR", "d09GM", "T1RUTw", "AAEAAA",
    "T2dnUw", "SUQz", "//uQ", "AAAAGG", "AAAAHG", "AAAAIG", "Qk0", "UEsDB", "AGFzbQ",
)  # fmt: skip
_MEDIA_TYPE: Final = re.compile(
    r"data:(?:image/(?!svg)|font/|audio/|video/|application/(?:pdf|font|x-font))[^,]{0,80},\Z"
)
_HEX: Final = re.compile(r"(?:[2-7][0-9a-fA-F]|0[9aAdD]){10,}")
_PERCENT: Final = re.compile(r"%[0-9a-fA-F]{2}(?:%[0-9a-fA-F]{2})*")
_ENTITY: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,8});")
_QUOTED: Final = re.compile(r"=(?:\r?\n|[0-9A-F]{2}(?:=[0-9A-F]{2})*)")
_WRAP: Final = re.compile(r"[ \t]*\r?\n[ \t>]{0,16}")
_LETTERS: Final = re.compile(rf"(?<!\S)(?:[!-~] ){{{_SPACED - 1},4096}}[!-~](?!\S)")
_CONTROLS: Final = bytes({*range(32), 127} - {9, 10, 13})

Replaced = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """A text with encoded runs decoded, `depth` times over, and the way back."""

    text: str = field(repr=False)
    depth: int
    _steps: tuple[OffsetMap, ...] = field(repr=False)

    def back(self, span: Span) -> Span:
        """The span in the original; a run is covered wholly or not at all."""
        for step in reversed(self._steps):
            span = step.back(span)
        return span


@dataclass(slots=True)
class _Budget:
    runs: int = MOST_RUNS
    characters: int = MOST_CHARACTERS


def find_encoded(text: str) -> Iterator[Unwrapped]:
    """The view of `text` with its encoded runs decoded, then that of the view, to depth 3."""
    budget = _Budget()
    steps: tuple[OffsetMap, ...] = ()
    for depth in range(1, DEPTH + 1):
        replaced = _without_overlap(_find(text, budget, nested=depth > 1))
        if not replaced:
            return
        text, offsets = _view(text, replaced)
        steps = (*steps, offsets)
        yield Unwrapped(text, depth, steps)


def _without_overlap(found: list[Replaced]) -> list[Replaced]:
    kept: list[Replaced] = []
    for each in sorted(found):
        if not kept or each[0] >= kept[-1][1]:
            kept.append(each)
    return kept


def _view(text: str, replaced: list[Replaced]) -> tuple[str, OffsetMap]:
    pieces: list[str] = []
    moved: list[tuple[int, int, int]] = []
    at = 0
    for start, end, to in (*replaced, (len(text), len(text), "")):
        before, after = (at + _KEPT if at else 0), (start - _KEPT if start < len(text) else start)
        if after - before > len(_CUT):
            pieces += (text[at:before], _CUT)
            moved.append((before, after, len(_CUT)))
            at = after
        pieces += (text[at:start], to)
        if end > start:
            moved.append((start, end, len(to)))
        at = end
    return "".join(pieces), OffsetMap(moved)


def _find(text: str, budget: _Budget, *, nested: bool) -> list[Replaced]:
    found: list[Replaced] = []
    shape = text.encode("ascii", "replace").translate(_SHAPE)  # a byte for each character
    for start, end in _runs(text, shape):
        if budget.runs <= 0 or budget.characters <= 0:
            break
        decoded = _decode(text, start, end, budget)
        if decoded is not None:
            budget.runs -= 1
            found.append(decoded)
    if _APART in shape:
        found += [(*each.span(), each[0][::2]) for each in _LETTERS.finditer(text)][: budget.runs]
    found += _escapes(text, nested=nested)
    budget.characters -= sum(len(to) for _, _, to in found)
    return found


def _escapes(text: str, *, nested: bool) -> Iterator[Replaced]:
    """What is spelled character by character."""
    if "%" in text:
        for match in _PERCENT.finditer(text):
            yield *match.span(), unquote_to_bytes(match[0]).decode("utf-8", "replace")
    if "&" in text:
        for match in _ENTITY.finditer(text):
            shown = html.unescape(match[0])
            if shown != match[0]:
                yield *match.span(), shown
    if "=" in text:
        quoted = list(_QUOTED.finditer(text))
        if len("".join(each[0] for each in quoted)) > 8 or any(
            each[0][-1] == "\n" for each in quoted
        ):
            for match in quoted:
                spelled = "" if match[0][-1] == "\n" else match[0].replace("=", "%")
                yield *match.span(), unquote_to_bytes(spelled).decode("utf-8", "replace")
    if nested and "\\" in text:
        yield from find_escapes(text)


def _runs(text: str, shape: bytes) -> Iterator[tuple[int, int]]:
    """Where long runs of the characters of base64 stand, those of a wrapped block as one."""
    start = shape.find(_LONG)
    while start >= 0:
        end = _run_end(shape, start)
        width = end - start
        while width >= _WIDE and (wrap := _WRAP.match(text, end)):
            at, end_of_line = wrap.end(), _run_end(shape, wrap.end())
            behind = text[end_of_line : end_of_line + 1]
            if not 0 < end_of_line - at <= width or behind not in _BEHIND:
                break
            end = end_of_line
            if end - at < width:
                break
        end += 1 if text[end : end + 1] == "=" else 0
        end += 1 if text[end - 1 : end + 1] == "==" else 0
        yield start, end
        start = shape.find(_LONG, end)


def _run_end(shape: bytes, at: int) -> int:
    match = _NO_RUN.search(shape, at)
    return match.start() if match else len(shape)


def _decode(text: str, start: int, end: int, budget: _Budget) -> Replaced | None:
    """The run decoded, if text comes of it."""
    head = text[start : start + _HEAD]
    if _HEX.match(head):
        match = _HEX.match(text, start, min(end, start + 2 * budget.characters))
        if match and match.end() >= end - 1:
            return start, match.end(), bytes.fromhex(match[0]).decode("ascii")
    if head.startswith(_MEDIA) or _MEDIA_TYPE.search(text[max(0, start - 120) : start]):
        return None
    if head.startswith(_PACKED):
        shown = _unpacked(_bytes(text[start:end], budget), budget.characters)
        if shown is not None:
            return start, end, shown
    match = _AS_TEXT.search(re.sub(r"\s+", "", head) if "\n" in head else head)
    if match is None:
        return None
    at = match.start()
    begin = start + at if at and text[start + at - 1] in "/_-" else start + at % 4
    shown = _shown(_bytes(text[begin:end], budget))
    if shown is None:
        return None
    return (begin if begin - start > 3 else start), end, shown


_SAFE: Final = str.maketrans("-_", "+/", " \t\r\n>=")


def _bytes(run: str, budget: _Budget) -> bytes:
    run = run[: budget.characters * 2].translate(_SAFE)
    run = run[: len(run) - (len(run) % 4 == 1)]
    try:
        return base64.b64decode(run + "=" * (-len(run) % 4))[: budget.characters]
    except binascii.Error:
        return b""


def _unpacked(raw: bytes, most: int) -> str | None:
    """What gzip (RFC 1952) or zlib (RFC 1950) packed, as text."""
    if raw[:2] != b"\x1f\x8b" and int.from_bytes(raw[:2]) % 31:
        return None
    try:
        # A block that was cut off still shows what it holds up to there.
        unpacked = zlib.decompressobj(47).decompress(raw, most)
    except zlib.error:
        return None
    return _shown(unpacked)


def _shown(raw: bytes) -> str | None:
    """Bytes as text, or None where they are none."""
    if raw and raw[1::2].count(0) * 10 > len(raw) * 4:
        text = raw.decode("utf-16-le", "replace")
        return text if text.isprintable() or len(text.split()) > 1 else None
    if not raw or len(raw.translate(None, _CONTROLS)) * 20 < len(raw) * 19:
        return None
    text = raw.decode("utf-8", "replace")
    return text if text.count("\ufffd") * 20 <= len(text) else None
