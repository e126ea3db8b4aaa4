"""Bodies that are no JSON but text all the same: forms, and anything in UTF-8."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from excise.codecs.framing.percent import decode_percent, splice_percent
from excise.codecs.json.edit import edit_text, group_edits
from excise.codecs.media import Blob, find_blobs, kind_of
from excise.errors import Unreadable
from excise.model import Edit, Part, Path, Role, Segment, Usage

_FORM: Final = re.compile(rb"[^=&\s\"{}<>]+=[^=&\s\"{}<>]*(?:&[^=&\s\"{}<>]+=[^=&\s\"{}<>]*)*+\s*")
# NUL and its like never stand in text; tabs, line ends, form feeds and terminal escapes may.
_BINARY: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextReading:
    """A body that is text: `pieces` alternate between what is read and what lies between."""

    codec: str
    segments: tuple[Segment, ...]
    pieces: tuple[str, ...] = field(repr=False)
    form: bool = False
    anomalies: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    model: str = ""
    stream: bool = False
    usage: Usage | None = None
    sealed: frozenset[int] = frozenset()
    blobs: tuple[Blob, ...] = ()

    def splice(self, edits: Iterable[Edit]) -> bytes:
        """The body with the edits made. Raises `ValueError`, as for JSON."""
        pieces = list(self.pieces)
        for token, group in group_edits(edits).items():
            if not 0 <= 2 * token < len(pieces):
                raise ValueError("an edit names a token that the body does not have")
            raw = pieces[2 * token]
            pieces[2 * token] = splice_percent(raw, group) if self.form else edit_text(raw, group)
        return "".join(pieces).encode("utf-8", "backslashreplace")


def is_form(body: bytes) -> bool:
    """Whether a whole body is spelt as a form: pairs of name and value, nothing unescaped."""
    return _FORM.fullmatch(body) is not None


def read_form(body: bytes, role: Role, part: Part, codec: str) -> TextReading:
    """Names and values of a form, in turns. Raises `Unreadable`."""
    pieces = tuple(re.split("([=&])", _text(body)))
    segments: list[Segment] = []
    name = ""
    for token, raw in enumerate(pieces[::2]):
        value = decode_percent(raw, plus=True)
        is_name = token == 0 or pieces[2 * token - 1] == "&"
        name = value if is_name else name
        if value:
            path: Path = (name,)
            segments.append(Segment(value, role, part, token, path, "" if is_name else name))
    return _reading(codec, segments, pieces, form=True)


def read_text(body: bytes, role: Role, part: Part, codec: str) -> TextReading:
    """One segment with all of it. Raises `Unreadable`: `charset` or, for binary, what `kind_of`
    says or `media-type`."""
    text = _text(body)
    return _reading(codec, [Segment(text, role, part, 0)], (text,))


def _reading(
    codec: str, segments: Sequence[Segment], pieces: tuple[str, ...], *, form: bool = False
) -> TextReading:
    blobs = tuple(find_blobs(segments))
    return TextReading(
        codec=codec,
        segments=tuple(segments),
        pieces=pieces,
        form=form,
        unread=tuple(sorted({blob.reason for blob in blobs})),
        blobs=blobs,
    )


def _text(body: bytes) -> str:
    reason = "charset"
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Unreadable(reason)
    if _BINARY.search(body):
        raise Unreadable(kind_of(body[:64]) or "media-type")
    try:
        return body.decode()
    except UnicodeDecodeError:
        pass  # the exception that follows must not carry the text of this one
    raise Unreadable(reason)
