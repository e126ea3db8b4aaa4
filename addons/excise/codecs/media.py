"""What in a JSON text is no text: pictures, sound and documents in base64.

Such a text is searched like any other; this says that its meaning was not read.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from typing import Final

from excise.model import Segment

SHORTEST: Final = 64
"""Characters; the smallest picture there is has more of them."""

_HEAD: Final = 1024
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{64}")
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
_DOCUMENTS: Final = (
    *(b"%PDF-", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a"),
    *(b"\xfd7zXZ", b"BZh9", b"SQLite format 3", b"PAR1", b"ORC", b"\x7fELF"),
)
# Where providers put bytes whose format may have no mark of its own, such as bare samples.
_FIELDS: Final = frozenset(
    {
        *("data", "bytes", "file_data", "fileData", "b64_json", "image", "images", "audio"),
        *("video", "url", "image_url", "imageUrl", "blob", "bytesBase64Encoded", "inlineData"),
        *("partial_image_b64", "partial_image", "result", "delta", "source"),
    }
)


def kind_of(head: bytes) -> str:
    """The reason of `Unreadable` for bytes that begin like this; "" where no mark is known."""
    if head.startswith(_DOCUMENTS):
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


def hidden_in(text: str, field: str = "") -> str:
    """Why the bytes that a text spells in base64 are not read: a reason of `Unreadable`, or "".

    `field` is the object key it stands under. Base64 of text is none of this: detectors undo it.
    """
    at = text.find(_MARK)
    named = at >= 0 and text.rfind("data:", max(0, at - 200), at) >= 0
    if named:
        start = at + len(_MARK)
        media_type = text[max(0, at - 200) : at].rpartition("data:")[2].lower()
    elif _BASE64.match(text):
        start, media_type = 0, ""
    else:
        return ""
    head = _decoded(text[start : start + _HEAD])
    kind = kind_of(head)
    if kind or not head or is_text(head) or not (named or field in _FIELDS):
        return kind
    known = not media_type or media_type.startswith(("image/", "audio/", "video/"))
    return "media" if known else "media-type"


def find_hidden(segments: Iterable[Segment]) -> set[str]:
    """The reasons for all texts of a body."""
    # Nearly every text is prose, which one look tells.
    begins = _BASE64.match
    reasons = {
        hidden_in(segment.text, _key_of(segment))
        for segment in segments
        if len(segment[0]) >= SHORTEST and (_MARK in segment[0] or begins(segment[0]))
    }
    return reasons - {""}


def _key_of(segment: Segment) -> str:
    return next((step for step in reversed(segment.path) if type(step) is str), "")


def _decoded(text: str) -> bytes:
    digits = _SPACES.sub("", text).translate(_URL_SAFE)
    try:
        return base64.b64decode(digits[: len(digits) // 4 * 4], validate=True)
    except ValueError:  # other letters than those of ASCII raise no `binascii.Error`
        return b""
