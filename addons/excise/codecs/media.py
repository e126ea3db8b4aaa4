"""What in a body is no text: pictures, sound and documents, in base64 or as they are.

Such a text is searched like any other; this says where the bytes stand whose meaning was not read.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from excise.model import Edit, Part, Path, Role, Segment, Span

SHORTEST: Final = 64
"""Characters; the smallest picture there is has more of them."""

_HEAD: Final = 1024
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{64}")
_DIGITS: Final = re.compile(r"[A-Za-z0-9+/_-]*+={0,2}")
_ALL_DIGITS: Final = re.compile(r"[A-Za-z0-9+/_\s-]*+[=\s]*")
_SPACES: Final = re.compile(r"[\s=]+")
_URL_SAFE: Final = str.maketrans("-_", "+/")
_MARK: Final = ";base64,"
_CONTROL: Final = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")

# First bytes, from each format's own specification.
_MEDIA: Final = (
    *(b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"II*\x00", b"MM\x00*", b"\x00\x00\x01\x00"),
    *(b"RIFF", b"OggS", b"fLaC", b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xf1"),
    *(b"\x1aE\xdf\xa3", b"FLV\x01", b"#!AMR", b"FORM", b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3"),
)
_DOCUMENTS: Final = (b"%PDF-", b"\xd0\xcf\x11\xe0\xa1\xb1")
_ARCHIVES: Final = (b"PK\x03\x04", b"PK\x05\x06", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a")
_OTHERS: Final = (b"\xfd7zXZ", b"BZh9", b"SQLite format 3", b"PAR1", b"ORC", b"\x7fELF")
# What an archive begins with that is an Office document (ECMA-376 part 2) or an OpenDocument one.
_OFFICE: Final = (b"[Content_Types].xml", b"_rels/", b"docProps/", b"word/", b"xl/", b"ppt/",
                  b"customXml/", b"mimetype")  # fmt: skip
_NAME_OF_ENTRY: Final = 30  # where an archive's first name stands (APPNOTE.TXT §4.3.7)
# Where providers put bytes whose format may have no mark of its own, such as bare samples.
_FIELDS: Final = frozenset(
    {
        *("data", "bytes", "file_data", "fileData", "b64_json", "image", "images", "audio"),
        *("video", "url", "image_url", "imageUrl", "blob", "bytesBase64Encoded", "inlineData"),
        *("partial_image_b64", "partial_image", "result", "delta", "source"),
    }
)


class Blob(NamedTuple):
    """Bytes in a body that are no text: why nobody reads them, where they stand, and how to put
    others there.

    `span` counts in the text of the token; `raw` is base64 where it is `str`, else the bytes.
    """

    reason: str
    token: int
    span: Span
    raw: str | bytes
    role: Role
    path: Path = ()

    def __repr__(self) -> str:
        return f"<Blob {self.reason} {self.token} {len(self.raw)}>"

    @property
    def data(self) -> bytes:
        """The bytes; b"" where the base64 is none."""
        return self.raw if isinstance(self.raw, bytes) else _decoded(self.raw)

    def edit(self, data: bytes) -> Edit:
        """Other bytes in their place, spelled as these are."""
        if isinstance(self.raw, bytes):
            return Edit(self.token, self.span, data.decode("latin-1"))
        digits = base64.b64encode(data).decode()
        if "-" in self.raw or "_" in self.raw:
            digits = digits.replace("+", "-").replace("/", "_")
        if len(self.raw) % 4:
            digits = digits.rstrip("=")
        return Edit(self.token, self.span, digits)


def kind_of(head: bytes) -> str:
    """The reason of `Unreadable` for bytes that begin like this; "" where no mark is known."""
    if head.startswith(_DOCUMENTS):
        return "document"
    if head.startswith(_ARCHIVES):
        return "document" if head.startswith(_OFFICE, _NAME_OF_ENTRY) else "archive"
    if head.startswith(_OTHERS):
        return "media-type"
    if (
        head.startswith(_MEDIA)
        or head[4:8] == b"ftyp"
        or (head[:2] == b"BM" and not head[6:10].strip(b"\0"))
    ):
        return "media"
    return ""


def is_text(head: bytes) -> bool:
    """Whether bytes begin like text in UTF-8; the last character may be cut."""
    try:
        text = head.decode()
    except UnicodeDecodeError as fault:
        if len(head) - fault.start > 3:
            return False
        text = head[: fault.start].decode()
    return _CONTROL.search(text) is None


def find_blobs(segments: Iterable[Segment]) -> Iterator[Blob]:
    """Every stretch of base64 in the texts of a body that spells no text."""
    # Nearly every text is prose, which one look tells.
    begins = _BASE64.match
    for segment in segments:
        text = segment[0]
        if len(text) < SHORTEST:
            continue
        if _MARK in text:
            yield from _in_uris(segment)
        elif begins(text):
            # A field that holds nothing else may break its digits over lines.
            whole = _ALL_DIGITS.fullmatch(text)
            end = len(text) if whole else _end_of_digits(text, 0)
            reason = _reason(text, 0, "", _key_of(segment))
            if reason:
                yield _blob(segment, reason, 0, end)


def hidden_in(text: str, field: str = "") -> str:
    """Why the bytes that a text spells in base64 are not read: a reason of `Unreadable`, or "".

    `field` is the object key it stands under. Base64 of text is none of this: detectors undo it.
    """
    segment = Segment(text, Role.USER, Part.METADATA, 0, (field,))
    return next((blob.reason for blob in find_blobs([segment])), "")


def _in_uris(segment: Segment) -> Iterator[Blob]:
    text = segment[0]
    at = text.find(_MARK)
    while at >= 0:
        start = at + len(_MARK)
        before = text[max(0, at - 200) : at]
        if "data:" in before:
            media_type = before.rpartition("data:")[2].lower()
            reason = _reason(text, start, media_type or "?", _key_of(segment))
            if reason:
                alone = _ALL_DIGITS.fullmatch(text, start)
                yield _blob(
                    segment, reason, start, len(text) if alone else _end_of_digits(text, start)
                )
        at = text.find(_MARK, start)


def _reason(text: str, start: int, media_type: str, field: str) -> str:
    run = _ALL_DIGITS.match(text, start, start + _HEAD)
    head = _decoded(run[0]) if run else b""
    kind = kind_of(head)
    if kind or not head or _spells_text(head) or not (media_type or field in _FIELDS):
        return kind
    known = not media_type or media_type.startswith(("?", "image/", "audio/", "video/"))
    return "media" if known else "media-type"


def _spells_text(head: bytes) -> bool:
    """Whether a detector that undoes base64 reads these bytes: UTF-8, and UTF-16 that is mostly
    ASCII."""
    if head.startswith(b"\xff\xfe"):
        text = head.decode("utf-16", "ignore")
        return _CONTROL.search(text) is None and 2 * sum(map(str.isascii, text)) > len(text)
    return is_text(head)


def _blob(segment: Segment, reason: str, start: int, end: int) -> Blob:
    text, role, _, token, path, _, _ = segment
    return Blob(reason, token, Span(start, end), text[start:end], role, path)


def _end_of_digits(text: str, start: int) -> int:
    run = _DIGITS.match(text, start)
    return run.end() if run else start


def _key_of(segment: Segment) -> str:
    return next((step for step in reversed(segment.path) if type(step) is str), "")


def _decoded(text: str) -> bytes:
    digits = _SPACES.sub("", text).translate(_URL_SAFE)
    # Whole first; else cut in the middle, or with one digit that says nothing.
    for quads in (digits + "=" * (-len(digits) % 4), digits[: len(digits) // 4 * 4]):
        try:
            return base64.b64decode(quads, validate=True)
        except ValueError:  # other letters than those of ASCII raise no `binascii.Error`
            continue
    return b""
