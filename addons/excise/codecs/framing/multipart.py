"""`multipart/form-data` uploads: the head of every part, and every part that is text.

Shapes: RFC 2046 §5.1, RFC 7578. The boundary is what the body itself begins with, so that no
header is needed; whatever does not fit the grammar is text of the part it stands in, and read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from excise.codecs.json.edit import edit_text, group_edits
from excise.codecs.media import Blob, find_blobs, kind_of
from excise.errors import Unreadable
from excise.model import Edit, Part, Role, Segment, Span, Usage

MAX_PARTS: Final = 1000

_START: Final = re.compile(rb"(?:\r?\n)?--([^\r\n]{1,70}?)[ \t]*\r?\n(?i:content-)")
_NAME: Final = re.compile(r'(?i)\bname="((?:[^"\\]|\\.)*)"')
_FILE: Final = re.compile(r"(?i)\bfilename\*?=")
_BINARY: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_BYTES: Final = "latin-1"  # every byte is a character, so that edits of bytes are edits of text
_HEAD_END: Final = re.compile(rb"\r?\n\r?\n")
# What RFC 7578 §4.7 and §4.2 forbid and some services undo: a coding of the content, and a name
# in pieces (RFC 2231 §3).
_ODD: Final = re.compile(
    r"(?i)^content-transfer-encoding:(?!\s*(?:7bit|8bit|binary)\s*$)|name\*[0-9]", re.MULTILINE
)
# Text of two bytes a character: its mark, and on which side the zeros of ASCII stand.
_WIDE: Final = (("utf-16-le", b"\xff\xfe", 1), ("utf-16-be", b"\xfe\xff", 0))
_LOOK: Final = 64  # bytes by which that is told
_WIDE_MARKS: Final = tuple(mark for _, mark, _ in _WIDE)
_CONTROL: Final = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
# Fields of these names are running text of their own.
_PLAIN: Final = frozenset({"prompt", "input", "instructions", "text", "data", "file", ""})


@dataclass(frozen=True, slots=True, kw_only=True)
class MultipartReading:
    """Parts in turns of head and content. Token 2 *n* is the head of part *n*, 2 *n* + 1 what is
    in it; between the pieces stand delimiters and blank lines."""

    codec: str
    segments: tuple[Segment, ...]
    unread: tuple[str, ...] = ()
    pieces: tuple[bytes, ...] = field(repr=False)
    codings: tuple[str, ...] = field(repr=False)
    anomalies: tuple[str, ...] = ()
    model: str = ""
    stream: bool = False
    usage: Usage | None = None
    sealed: frozenset[int] = frozenset()
    blobs: tuple[Blob, ...] = ()
    boundary: str = ""

    def splice(self, edits: Iterable[Edit]) -> bytes:
        """The body with the edits made. Raises `ValueError`, as for JSON."""
        pieces = list(self.pieces)
        for token, group in group_edits(edits).items():
            if not 0 <= token < len(self.codings):
                raise ValueError("an edit names a token that the body does not have")
            coding = self.codings[token]
            text = edit_text(pieces[2 * token + 1].decode(coding), group)
            pieces[2 * token + 1] = text.encode(coding, "backslashreplace")
        return b"".join(pieces)


def is_multipart(body: bytes) -> bool:
    """Whether a body begins with a boundary and the head of a part."""
    return _START.match(body) is not None


def read_multipart(body: bytes, role: Role, codec: str) -> MultipartReading:
    """Every head, and every content that is text. Raises `Unreadable` (`malformed`, `size`).

    Contents that are no text are named by `unread`.
    """
    start = _START.match(body)
    if start is None:
        raise Unreadable("malformed")
    pieces: list[bytes] = []
    codings: list[str] = []
    segments: list[Segment] = []
    blobs: list[Blob] = []
    unread: set[str] = set()
    for between, head, gap, content in _parts(body, start[1]):
        if len(codings) >= 2 * MAX_PARTS:
            raise Unreadable("size")
        pieces += (between, head, gap, content)
        told = head.decode("latin-1")
        name = _named(told)
        if _ODD.search(told):
            unread.add("ambiguous")
        is_file = _FILE.search(told) is not None
        for raw, part, label in (
            (head, Part.METADATA, ""),
            (content, Part.DOCUMENT if is_file else Part.PROMPT, "" if name in _PLAIN else name),
        ):
            coding, why = _coding_of(raw)
            if why:
                unread.add(why)
            if why and why != "charset":
                blobs.append(Blob(why, len(codings), Span(0, len(raw)), raw, role, (name,)))
            if coding and raw:
                segment = Segment(raw.decode(coding), role, part, len(codings), (name,), label)
                segments.append(segment)
                if raw is content:
                    blobs += find_blobs([segment])
            codings.append(coding or _BYTES)
    if not re.search(rb"--[ \t]*(?:\r?\n)?\Z", pieces[-4]) or pieces[-3].strip():
        unread.add("ambiguous")  # no end, or something behind it
    return MultipartReading(
        codec=codec,
        segments=tuple(segments),
        unread=tuple(sorted(unread.union(blob.reason for blob in blobs))),
        pieces=tuple(pieces),
        codings=tuple(codings),
        blobs=tuple(blobs),
        boundary=start[1].decode("latin-1"),
    )


def is_file(body: bytes) -> bool:
    """Whether a body is itself a picture, sound or a document."""
    return kind_of(body[:64]) in ("media", "document") and is_binary(body)


def is_binary(body: bytes) -> bool:
    """Whether bytes stand in a body that no text has. A mark of UTF-16 is another matter."""
    return _BINARY.search(body) is not None and not body.startswith(_WIDE_MARKS)


def read_file(body: bytes, role: Role, codec: str) -> MultipartReading:
    """A body that is one file of no text: as an upload of it without anything around."""
    why = kind_of(body[:64]) or "media-type"
    blob = Blob(why, 0, Span(0, len(body)), body, role)
    return MultipartReading(
        codec=codec,
        segments=(),
        unread=(why,),
        pieces=(b"", body),
        codings=(_BYTES,),
        blobs=(blob,),
    )


def _parts(body: bytes, boundary: bytes) -> Iterator[tuple[bytes, bytes, bytes, bytes]]:
    """Delimiter, head, blank line and content of every part, and at last what is behind them."""
    delimiter = re.compile(rb"(?:\A|\r?\n)--%s(?:--)?[ \t]*(?:\r?\n|\Z)" % re.escape(boundary))
    marks = list(delimiter.finditer(body))
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        inside = body[mark.end() : following.start() if following else len(body)]
        blank = _HEAD_END.search(inside)
        if blank:
            yield mark[0], inside[: blank.start()], blank[0], inside[blank.end() :]
        else:
            yield mark[0], inside, b"", b""


def _named(head: str) -> str:
    match = _NAME.search(head)
    return match[1] if match else ""


def _coding_of(raw: bytes) -> tuple[str, str]:
    """How a piece is read, "" where it is no text; and what is to be said of that."""
    kind = kind_of(raw[:64])
    if _BINARY.search(raw):
        wide = "" if kind else _wide(raw)
        return wide, "" if wide else kind or "media-type"
    try:
        raw.decode()
    except UnicodeDecodeError:
        # Older files are in an eight-bit set; its letters differ, what secrets are made of does
        # not.
        return _BYTES, kind or "charset"
    return "utf-8", kind


def _wide(raw: bytes) -> str:
    """The coding of text in UTF-16, "" for other bytes."""
    for coding, mark, zeros in _WIDE:
        if raw.startswith(mark) or (len(raw) > 2 and not raw[zeros:_LOOK:2].strip(b"\0")):
            try:
                text = raw.decode(coding)
            except UnicodeDecodeError:
                return ""
            return "" if _CONTROL.search(text) else coding
    return ""
