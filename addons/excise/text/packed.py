"""Runs in base64 (also URL-safe, unpadded, wrapped, packed by gzip or zlib) and in hex.

A run is decoded only where text comes of it. Images, fonts, sound, film, archives and PDF are not.
What is glued to a run, as a path in front of it, stays.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Iterator
from typing import Final

from excise.text.budget import Budget, Replaced

_SHORTEST: Final = 20  # characters of a run worth a look: 15 bytes in base64, 10 in hex
_WIDE: Final = 40  # characters of a line that may be the first of several
_BEHIND: Final = ("", "\n", "\r", "=", '"', "'")  # what may stand behind a line of base64
_HEAD: Final = 256  # characters of a run in which text must begin to show
_FOREIGN: Final = 24  # bytes of UTF-8 that do not come about by chance
_TRIES: Final = 12  # places of a run at which text may seem to begin
_LONGEST_WORD: Final = 256
_MOST_OPEN: Final = 4096  # characters of a run over several lines that wait for its end
_GLIMPSE: Final = 64  # characters decoded where nothing may be: enough to know that it would be

# Characters of base64 as `a`, blanks, colons and line ends as they are, all else as `.`, so that
# plain `find` sees what may be encoded.
_SHAPE: Final = bytes(
    ord("a")
    if code < 128 and (chr(code).isalnum() or chr(code) in "+/_-")
    else code
    if chr(code) in " :\n"
    else ord(".")
    for code in range(256)
)
_LONG: Final = b"a" * _SHORTEST
_NO_RUN: Final = re.compile(rb"[^a]")
_ANY: Final = "[A-Za-z0-9+/_-]"
# Four characters that spell three bytes of ASCII; random ones do one time in eight.
_LETTER: Final = re.compile(_ANY)
_QUAD: Final = rf"[A-Za-f][A-HQ-Xg-nw-z0-3][ABEFIJMNQRUVYZcdghklopstwx014589+-]{_ANY}"
_AS_TEXT: Final = re.compile(rf"(?:{_QUAD}){{4}}|(?:{_QUAD}){{3}}{_ANY}{{2,3}}\Z")
_GZIP: Final = "H4sI"
_ZLIBS: Final = ("eA", "eF", "eJ", "eN")
_ZLIB: Final = re.compile(r"(?<![A-Za-z0-9+])e[AFJN]")
_MAGIC: Final = (
    b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM", b"II*\0", b"MM\0*", b"\0\0\1\0",
    b"%PDF", b"wOFF", b"wOF2", b"OTTO", b"\0\1\0\0", b"ttcf", b"OggS", b"ID3", b"\xff\xfb",
    b"fLaC", b"\x1aE\xdf\xa3", b"PK\3\4", b"\0asm", b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ",
)  # fmt: skip
_MEDIA_TYPE: Final = re.compile(
    r"data:(?:image/(?!svg)|font/|audio/|video/|application/(?:pdf|font|x-font))[^,]{0,80},\Z"
)
_BASE32: Final = re.compile(r"([A-Z2-7]{24,})={0,2}")
_HEX_HEAD: Final = re.compile(r"(?<![0-9a-fA-F])[0-9a-fA-F]{20}")
_HEX: Final = re.compile(r"(?:[0-9a-fA-F]{2}){10,}+(?![0-9a-fA-F])")
_DASHES: Final = 9
_DASHED_HEAD: Final = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9A-Za-z]([-_])[0-9A-Za-z_-]\1[0-9A-Za-z_-]\1"
    r"|[0-9a-fA-F]{2}-[0-9a-fA-F]{2}-[0-9a-fA-F]{2}-)"
)
_DASHED: Final = re.compile(
    r"[0-9a-fA-F]{2}(?:-[0-9a-fA-F]{2}){9,4095}+(?![0-9A-Za-z])"
    r"|[0-9A-Za-z](?:-[!-~]){9,4095}+(?![0-9A-Za-z])"
    r"|[0-9A-Za-z](?:_[!-~]){9,4095}+(?![0-9A-Za-z])"
)
_WRAP: Final = re.compile(r"[ \t]*\r?\n[ \t>]{0,16}")
# Behind a run that more lines may follow; a line of them may have begun to arrive.
_OPEN: Final = re.compile(r"={0,2}(?:[ \t]*\r?(?:\n[ \t>]{0,16}[A-Za-z0-9+/_-]{0,128})?)?")
_STANDARD: Final = bytes.maketrans(b"-_", b"+/")
_CONTROL_BYTES: Final = bytes({*range(32), 127} - {9, 10, 13})
_CONTROLS: Final = "\0-\x08\x0b\x0c\x0e-\x1f\x7f"
_BAD: Final = re.compile(f"[{_CONTROLS}\udc80-\udcff]")
_GOOD: Final = re.compile(f"[^{_CONTROLS}\udc80-\udcff]{{12,}}")


def shape(text: str) -> bytes:
    """A byte for each character, by which runs are found."""
    return text.encode("ascii", "replace").translate(_SHAPE)


def has_run(text: str) -> bool:
    """Whether a run stands there that is long enough to be looked at."""
    return len(text) >= _SHORTEST and _LONG in shape(text)


def find_packed(text: str, shaped: bytes, budget: Budget) -> list[Replaced]:
    """Each run decoded, in order, as far as the budget lets; not yet spent from it."""
    found: list[Replaced] = []
    room = budget.characters
    for start, end in _runs(text, shaped):
        runs = budget.runs - len(found)
        spare = room > 0 and runs > 0
        decoded = _decoded(text, start, end, budget, room if spare else _GLIMPSE)
        if decoded is None:
            continue
        if not spare:
            budget.exhausted = True
            break
        budget.exhausted |= (end - start) * 3 // 4 > room  # some of it was not decoded
        room -= len(decoded[2])
        found.append(decoded)
    return found


def find_open(text: str) -> int:
    """Where a run begins that more text may continue, on its line or on the next; `len(text)` if
    none does."""
    size = len(text)
    tail = text[-_SHORTEST:]
    if size < _SHORTEST or (" " in tail and "\n" not in tail):
        return size
    start, end = max(_runs(text, shape(text)), default=(0, 0))
    wide = end == size or end - start >= _WIDE
    if not wide or not _OPEN.fullmatch(text, end):
        return size
    if _decoded(text, start, end, Budget(), _HEAD) is None:
        return size
    # Let go in large pieces: each is searched anew.
    return start if size - start <= _MOST_OPEN else size - _MOST_OPEN // 2


def find_words(shaped: bytes) -> Iterator[tuple[int, int]]:
    """Where runs stand that are long for a word and short for a file."""
    start = shaped.find(_LONG)
    while start >= 0:
        end = _run_end(shaped, start)
        if end - start <= _LONGEST_WORD:
            yield start, end
        start = shaped.find(_LONG, end)


def _runs(text: str, shaped: bytes) -> Iterator[tuple[int, int]]:
    """Where long runs of the characters of base64 stand, those of a wrapped block as one."""
    start = shaped.find(_LONG)
    while start >= 0:
        end = _run_end(shaped, start)
        width = end - start
        while width >= _WIDE and (wrap := _WRAP.match(text, end)):
            at, end_of_line = wrap.end(), _run_end(shaped, wrap.end())
            line = end_of_line - at
            behind = text[end_of_line : end_of_line + 1]
            if not 0 < line <= width or (behind not in _BEHIND and line % 4):
                break
            if behind != "=" and _is_word(text[at:end_of_line]):
                break
            end, width = end_of_line, line  # the first line may have something glued to it
        end += 1 if text[end : end + 1] == "=" else 0
        end += 1 if text[end - 1 : end + 1] == "==" else 0
        yield start, end
        start = shaped.find(_LONG, end)


def _is_word(line: str) -> bool:
    """Whether a short line is a word of prose sooner than the last line of a block."""
    return len(line) < _SHORTEST and line.isalpha() and (line.islower() or line.istitle())


def _run_end(shaped: bytes, at: int) -> int:
    match = _NO_RUN.search(shaped, at)
    return match.start() if match else len(shaped)


def _decoded(text: str, start: int, end: int, budget: Budget, room: int) -> Replaced | None:
    """What a run holds, if text comes of it; `room` is the most characters wanted."""
    head = text[start : min(end, start + _HEAD)]
    match = None
    if seed := _HEX_HEAD.search(head):
        match = _HEX.match(text, start + seed.start(), min(end, start + _HEAD + 2 * room))
    elif head.count("-") + head.count("_") >= _DASHES and (seed := _DASHED_HEAD.search(head)):
        match = _DASHED.match(text, start + seed.start(), start + _HEAD + 3 * room)
    if match and (shown := _without_dashes(match[0])):
        return *match.span(), shown
    if match and match.span() == (start, end):  # a hash
        return None
    if not match and (found := _BASE32.match(text, start, min(end, start + 2 * room))):
        shown = _from_base32(found[1]) if found.end() >= end else ""
        if shown:
            return (
                start,
                end + len(text[end : end + 4]) - len(text[end : end + 4].lstrip("=")),
                shown,
            )
    if _GZIP in head or any(mark in head for mark in _ZLIBS):
        decoded = _unpacked(text, start, end, budget, room)
        if decoded is not None:
            return decoded
    return _as_text(text, start, end, head, room)


def _without_dashes(spelled: str) -> str:
    return spelled[::2] if spelled[1] in "-_" else from_hex(spelled.replace("-", ""))


def from_hex(digits: str) -> str:
    """What bytes spelled in hex say, or nothing where they are no text."""
    shown = bytes.fromhex(digits).decode("utf-8", "surrogateescape")
    return "" if _BAD.search(shown) else shown


def _from_base32(run: str) -> str:
    """What a run of base32 (RFC 4648) says, or nothing where that is no text."""
    run = run[: len(run) - (len(run) % 8 in (1, 3, 6))]
    shown = base64.b32decode(run + "=" * (-len(run) % 8)).decode("utf-8", "surrogateescape")
    return "" if _BAD.search(shown) else shown


def _bytes(run: str) -> bytes:
    raw = run.encode("ascii", "replace").translate(_STANDARD, b" \t\r\n>=")
    raw = raw[: len(raw) - (len(raw) % 4 == 1)]
    try:
        return base64.b64decode(raw + b"=" * (-len(raw) % 4))
    except binascii.Error:
        return b""


def _unpacked(text: str, start: int, end: int, budget: Budget, room: int) -> Replaced | None:
    """What gzip (RFC 1952) or zlib (RFC 1950) packed."""
    at = text.find(_GZIP, start, min(end, start + _HEAD))
    if at < 0:
        match = _ZLIB.search(text, start, min(end, start + _HEAD))
        if match is None:
            return None
        at = match.start()
    raw = _bytes(text[at : min(end, at + 2 * room)])
    if raw[:2] != b"\x1f\x8b" and int.from_bytes(raw[:2]) % 31:
        return None
    unpacker = zlib.decompressobj(47)
    try:
        # A block that was cut off still shows what it holds up to there.
        unpacked = unpacker.decompress(raw, _GLIMPSE)
        if not _is_text(unpacked):
            return None
        unpacked += unpacker.decompress(unpacker.unconsumed_tail, room)
    except zlib.error:
        return None
    budget.exhausted |= len(unpacked) > room
    if not _is_text(unpacked):
        budget.characters -= len(unpacked)
        return None
    return at, end, unpacked.decode("utf-8", "replace")[:room]


def _is_text(raw: bytes) -> bool:
    shown = raw.decode("utf-8", "surrogateescape")
    return bool(shown) and len(_BAD.findall(shown)) * 20 <= len(shown) + 60


def _as_text(text: str, start: int, end: int, head: str, room: int) -> Replaced | None:
    """A run of base64 in whose head text shows, without what is glued to it."""
    clean = "".join(head.split()) if "\n" in head else head
    tried = set[int]()
    at = 0
    for _ in range(_TRIES):
        quads = _AS_TEXT.search(clean, at)
        if quads is None:
            break
        at = quads.start() + 1
        skip = quads.start() % 4
        if skip in tried or not _shows(clean[quads.start() : quads.start() + _GLIMPSE]):
            continue
        if not tried and _is_media(text, start, clean):
            return None
        tried.add(skip)
        decoded = _aligned(text, start + skip, end, room)
        if decoded is not None:
            return decoded
    return _aligned(text, start, end, room) if _is_foreign(clean) else None


def _is_foreign(head: str) -> bool:
    """Whether a run begins as text in UTF-8 of hardly any ASCII."""
    raw = _bytes(head[:_GLIMPSE])
    if len(raw) < _FOREIGN or max(raw[:3]) < 0x80:
        return False
    shown = raw.decode("utf-8", "surrogateescape")
    return _BAD.search(shown, 0, max(len(shown) - 3, 1)) is None


def _shows(quads: str) -> bool:
    """Whether text goes on, for a while at least, where it seems to begin."""
    raw = _bytes(quads)
    return _is_wide(raw) or len(raw.translate(None, _CONTROL_BYTES)) * 4 >= len(raw) * 3


def _is_wide(raw: bytes) -> bool:
    """Whether bytes look like UTF-16 of mostly ASCII, little end first."""
    return raw[1::2].count(0) * 10 > len(raw) * 4 and raw[::2].count(0) * 10 < len(raw)


def _is_media(text: str, start: int, head: str) -> bool:
    raw = _bytes(head[:24])
    typed = _MEDIA_TYPE.search(text[max(0, start - 120) : start])
    return raw.startswith(_MAGIC) or raw[4:8] == b"ftyp" or typed is not None


def _aligned(text: str, begin: int, end: int, room: int) -> Replaced | None:
    """The run from `begin`, a multiple of four characters from where text shows."""
    limit = min(end, begin + 2 * room)
    raw = _bytes(text[begin:limit])[:room]
    if _is_wide(raw):
        wide = raw.decode("utf-16-le", "replace")
        return (begin, end, wide) if wide.isprintable() or len(wide.split()) > 1 else None
    bounds = _bounds(raw)
    if bounds is None:
        return None
    first, last = (
        -(-bounds[0] // 3),
        -(-bounds[1] // 3) if bounds[1] == len(raw) else bounds[1] // 3,
    )
    shown = raw[3 * first : 3 * last].decode("utf-8", "replace")
    if bounds == (0, len(raw)):
        return begin, end, shown
    places = [match.start() for match in _LETTER.finditer(text, begin, limit)]
    stop = end if bounds[1] == len(raw) else places[4 * last - 1] + 1
    return places[4 * first], stop, shown


def _bounds(raw: bytes) -> tuple[int, int] | None:
    """From where to where bytes are text, if most of them are; ends of other kind are left out."""
    shown = raw.decode("utf-8", "surrogateescape")
    bad = [match.start() for match in _BAD.finditer(shown)]
    if not bad:
        return 0, len(raw)
    good = [match.span() for match in _GOOD.finditer(shown)]
    if not good:
        return None
    first, last = good[0][0], good[-1][1]
    if sum(first <= at < last for at in bad) * 20 > last - first:
        first, last = max(good, key=lambda span: span[1] - span[0])
    if (last - first) * 2 < len(shown):
        return None
    before = len(shown[:first].encode("utf-8", "surrogateescape"))
    return before, before + len(shown[first:last].encode("utf-8", "surrogateescape"))
