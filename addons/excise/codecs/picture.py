"""Metadata of pictures, taken out byte by byte: what is drawn stays as it is.

Formats: JPEG (ITU-T T.81 annex B, Exif 2.32, XMP, IPTC-IIM in Photoshop's segment), PNG (W3C PNG
third edition §11.3), WebP (RFC 9649). What a decoder draws by is kept: colour profiles, the colour
transform, transparency, animation, resolution. Of Exif the orientation alone is kept, without
which a photograph lies on its side. Bytes behind a picture's end are metadata too: cameras put
second pictures and films there.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from excise.errors import Unreadable

LONGEST: Final = 1_000_000
"""Characters of metadata that are read of one picture."""

_EXIF: Final = b"Exif\0\0"
_ORIENTATION: Final = 0x0112
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
# Ancillary chunks that change what is drawn or played; all others are metadata or private.
_DRAWN: Final = frozenset(
    {
        *(b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV", b"cLLI"),
        *(b"bKGD", b"hIST", b"pHYs", b"sPLT", b"acTL", b"fcTL", b"fdAT"),
    }
)
_WEBP: Final = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
_WEBP_FLAGS: Final = {b"EXIF": 0x08, b"XMP ": 0x04}
_SCAN_END: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_RUN: Final = re.compile(rb"[\t\n\r\x20-\x7e\x80-\xff]{4,}")
_WIDE: Final = re.compile(rb"(?:[\x20-\x7e]\0){4,}")
# Brands of pictures in the container that films use too (ISO/IEC 23008-12).
_BRANDS: Final = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis")
_OTHERS: Final = (b"GIF8", b"II*\0", b"MM\0*")


class Picture(NamedTuple):
    """A picture without its metadata, and what that said."""

    bare: bytes  # the very bytes that were given where there is no metadata
    texts: tuple[str, ...]


class _Pieces(NamedTuple):
    kept: list[bytes]
    cut: list[bytes]


def read_picture(data: bytes) -> Picture | None:
    """The picture that these bytes are; None for what is no picture, or one without metadata by
    its format. Raises `Unreadable` (`metadata`) where metadata cannot be told from the rest."""
    if data.startswith(b"\xff\xd8\xff"):
        pieces = _jpeg(data)
    elif data.startswith(_SIGNATURE):
        pieces = _png(data)
    elif data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        pieces = _webp(data)
    elif data.startswith(_OTHERS) or (data[4:8] == b"ftyp" and data[8:12] in _BRANDS):
        raise Unreadable("metadata")
    else:
        return None
    return Picture(b"".join(pieces.kept) if pieces.cut else data, _texts(pieces.cut))


# -- JPEG ----------------------------------------------------------------------------------------


def _jpeg(data: bytes) -> _Pieces:
    kept, cut = [data[:2]], []
    for marker, piece in _segments(data):
        if not _is_metadata(marker, piece):
            kept.append(piece)
            continue
        cut.append(piece)
        if marker == 0xE1 and piece[4:10] == _EXIF:
            turn = orientation(piece[10:])
            if turn:
                exif = _EXIF + build_exif(turn)
                kept.append(b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif)
    # A picture that already says no more than its orientation is as it should be.
    return _Pieces(kept, cut if b"".join(kept) != data else [])


def _is_metadata(marker: int, piece: bytes) -> bool:
    """Of the application segments three are needed for drawing: JFIF, a colour profile, and
    Adobe's colour transform. Marker 0 stands for what follows the end."""
    if marker == 0xE0:
        return piece[4:9] != b"JFIF\0"
    if marker == 0xE2:
        return piece[4:16] != b"ICC_PROFILE\0"
    return marker in (0, 0xFE) or (0xE1 <= marker <= 0xEF and marker != 0xEE)


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Each segment with its marker; entropy-coded data belongs to the scan in front of it."""
    at = 2
    while at < len(data):
        start = at
        while data[at : at + 1] == b"\xff" and data[at + 1 : at + 2] == b"\xff":
            at += 1
        if data[at : at + 1] != b"\xff" or at + 2 > len(data):
            raise Unreadable("metadata")
        marker = data[at + 1]
        if marker == 0xD9:
            yield marker, data[start : at + 2]
            if data[at + 2 :]:
                yield 0, data[at + 2 :]
            return
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            at += 2
        else:
            length = int.from_bytes(data[at + 2 : at + 4], "big")
            at += 2 + length
            if length < 2 or at > len(data):
                raise Unreadable("metadata")
            if marker == 0xDA:
                end = _SCAN_END.search(data, at)
                at = end.start() if end else len(data)
        yield marker, data[start:at]


# -- PNG and WebP --------------------------------------------------------------------------------


def _png(data: bytes) -> _Pieces:
    kept, cut = [_SIGNATURE], []
    at, ended = len(_SIGNATURE), False
    while at < len(data) and not ended:
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        end = at + 12 + length
        if end > len(data) or not kind.isalpha():
            raise Unreadable("metadata")
        chunk, at, ended = data[at:end], end, kind == b"IEND"
        if kind[:1].isupper() or kind in _DRAWN:
            kept.append(chunk)
            continue
        cut.append(chunk)
        turn = orientation(chunk[8:-4]) if kind == b"eXIf" else 0
        if turn:
            body = b"eXIf" + build_exif(turn)
            crc = zlib.crc32(body).to_bytes(4, "big")
            kept.append((len(body) - 4).to_bytes(4, "big") + body + crc)
    if not ended:
        raise Unreadable("metadata")
    if data[at:]:
        cut.append(data[at:])
    return _Pieces(kept, cut if b"".join(kept) != data else [])


def _webp(data: bytes) -> _Pieces:
    last = 8 + int.from_bytes(data[4:8], "little")
    if last > len(data):
        raise Unreadable("metadata")
    kept, cut = [b"WEBP"], []
    at, lost = 12, 0
    while at + 8 <= last:
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        end = at + 8 + length + length % 2
        if end > last + 1 or at + 8 + length > last:
            raise Unreadable("metadata")
        chunk, at = data[at:end], end
        if kind in _WEBP:
            kept.append(chunk)
            continue
        cut.append(chunk)
        exif = chunk[8 : 8 + length]
        turn = orientation(exif.removeprefix(_EXIF)) if kind == b"EXIF" else 0
        if turn:
            small = build_exif(turn)
            kept.append(b"EXIF" + len(small).to_bytes(4, "little") + small)
        else:
            lost |= _WEBP_FLAGS.get(kind, 0)
    if data[last:]:
        cut.append(data[last:])
    inside = b"".join(_without_flags(piece, lost) for piece in kept)
    kept = [b"RIFF" + len(inside).to_bytes(4, "little"), inside]
    return _Pieces(kept, cut if b"".join(kept) != data else [])


def _without_flags(chunk: bytes, lost: int) -> bytes:
    if not chunk.startswith(b"VP8X") or len(chunk) < 9:
        return chunk
    return chunk[:8] + bytes([chunk[8] & ~lost]) + chunk[9:]


# -- Exif ----------------------------------------------------------------------------------------


def orientation(tiff: bytes) -> int:
    """How an Exif block has its picture turned, 2 to 8; 0 where it stands upright or says
    nothing."""
    order = {b"II*\0": "little", b"MM\0*": "big"}.get(tiff[:4])
    if order is None:
        return 0

    def number(at: int, size: int) -> int:
        return int.from_bytes(tiff[at : at + size], order)  # type: ignore[arg-type]

    first = number(4, 4)
    for index in range(min(number(first, 2), 1000)):
        entry = first + 2 + 12 * index
        if number(entry, 2) == _ORIENTATION and number(entry + 2, 2) == 3:
            turn = number(entry + 8, 2)
            return turn if 2 <= turn <= 8 else 0
    return 0


def build_exif(turn: int) -> bytes:
    """An Exif block (TIFF 6.0 §2) of one entry: the orientation."""
    entry = _ORIENTATION.to_bytes(2, "big") + b"\0\3\0\0\0\1" + turn.to_bytes(2, "big") + b"\0\0"
    return b"MM\0*\0\0\0\x08\0\x01" + entry + b"\0\0\0\0"


# -- what it says --------------------------------------------------------------------------------


def _texts(cut: list[bytes]) -> tuple[str, ...]:
    """Everything in metadata that reads as text, packed texts unpacked."""
    texts = []
    left = LONGEST
    for piece in cut:
        for raw in (piece, _inflated(piece)):
            runs = [match[0] for match in _RUN.finditer(raw[:left])]
            runs += [match[0][::2] for match in _WIDE.finditer(raw[:left])]
            if runs and left > 0:
                text = b"\n".join(runs).decode("utf-8", "replace")
                left -= len(text)
                texts.append(text)
    return tuple(texts)


def _inflated(chunk: bytes) -> bytes:
    """What a chunk of PNG holds packed: behind its keyword, method and flags."""
    if chunk[4:8] not in (b"zTXt", b"iTXt"):
        return b""
    at = chunk.find(b"\x78", 8)
    while at >= 0:
        try:
            return zlib.decompressobj().decompress(chunk[at:-4], LONGEST)
        except zlib.error:
            at = chunk.find(b"\x78", at + 1)
    return b""
