"""What is inside of the bytes of a body that are no text: documents are read, pictures lose their
metadata, and of all else what reads as text is taken. A picture is emptied before anything is
looked for, so that what follows sees the body as it leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final, NamedTuple

from excise.codecs import read_body
from excise.codecs.base import Dialect, Reading
from excise.codecs.media import Blob
from excise.codecs.picture import read_picture
from excise.codecs.runs import find_runs
from excise.errors import NoAnswer, Unreadable
from excise.model import (
    Action,
    Decision,
    Direction,
    DocumentText,
    Edit,
    Mode,
    Part,
    Place,
    Segment,
)
from excise.pipeline.reading import Message

STRIPPED: Final = "image-metadata"
"""The audit's anomaly where metadata was taken out of a picture."""

READER: Final = "documents"
"""What a verdict says is missing where no document could be read at all."""

# How documents begin, as they are and in base64.
_SIGNS: Final = (b"%PDF-", b"PK\x03\x04", b"JVBERi", b"UEsDB")

Read = Callable[[bytes], DocumentText]
"""Raises `Unreadable` for a document that cannot be read, `NoAnswer` where nobody reads it."""


class _Seen(NamedTuple):
    """What one blob came to."""

    texts: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    missing: bool = False


def may_hold_document(body: bytes) -> bool:
    """Whether some document may be in these bytes, as far as one look tells."""
    return any(sign in body for sign in _SIGNS)


def look_inside(
    message: Message, dialect: Dialect, read: Read | None, *, strip: bool | None = None
) -> Message:
    """The message with what its blobs say. Pictures lose their metadata with `strip`; without,
    what it says is among the segments. None is for answers: what a provider's picture says of
    itself is nobody's secret, and is not looked at."""
    reading = message.reading
    if reading is None or not reading.blobs:
        return message
    notes: tuple[str, ...] = ()
    if strip and (edits := _emptied(reading)):
        plain = reading.splice(edits)
        # It was read before and only base64 has changed, so it is read again.
        reading = read_body(dialect, Direction.REQUEST, plain)
        message = replace(message, reading=reading, segments=reading.segments, plain=plain)
        notes = (STRIPPED,)
    seen = [_look(blob, read, strip=strip) for blob in reading.blobs]
    others = set(message.unread) - {blob.reason for blob in reading.blobs}
    unread = others.union(*(each.unread for each in seen))
    inside = [
        segment
        for blob, each in zip(reading.blobs, seen, strict=True)
        for segment in _segments(blob, each.texts)
    ]
    return replace(
        message,
        reading=reading,
        segments=(*message.segments, *inside),
        unread=tuple(sorted(unread)),
        anomalies=(*message.anomalies, *notes),
        missing=(READER,) if any(each.missing for each in seen) else (),
    )


def is_inside(decision: Decision) -> bool:
    """Whether something that should be cut out stands where nothing can be."""
    return any(
        ruling.action is Action.REDACT
        and ruling.mode is Mode.ENFORCE
        and ruling.segment.place is Place.INSIDE
        for ruling in decision.rulings
    )


def _emptied(reading: Reading) -> list[Edit]:
    """The edits that take metadata out of pictures."""
    edits = []
    for blob in reading.blobs:
        if blob.reason != "media" or blob.token in reading.sealed:
            continue
        data = blob.data
        try:
            picture = read_picture(data)
        except Unreadable:
            continue
        if picture is not None and picture.bare != data:
            edits.append(blob.edit(picture.bare))
    return edits


def _look(blob: Blob, read: Read | None, *, strip: bool | None) -> _Seen:
    if blob.reason == "document":
        return _read(blob, read)
    if blob.reason == "media":
        return _metadata(blob, strip=strip)
    return _Seen(_runs(blob), (blob.reason,))


def _read(blob: Blob, read: Read | None) -> _Seen:
    if read is None:
        return _Seen(unread=(blob.reason,))
    try:
        text = read(blob.data)
    except Unreadable as why:
        return _Seen(unread=(why.reason,))
    except NoAnswer:
        return _Seen(unread=(blob.reason,), missing=True)
    return _Seen(texts=text.texts, unread=text.unread)


def _metadata(blob: Blob, *, strip: bool | None) -> _Seen:
    try:
        picture = read_picture(blob.data)
    except Unreadable as why:
        return _Seen(_runs(blob), (blob.reason, why.reason) if strip else (blob.reason,))
    if picture is None:
        return _Seen(_runs(blob), (blob.reason,))
    return _Seen(() if strip is None else picture.texts, (blob.reason,))


def _runs(blob: Blob) -> tuple[str, ...]:
    text = find_runs(blob.data)
    return (text,) if text else ()


def _segments(blob: Blob, texts: Iterable[str]) -> list[Segment]:
    part = Part.METADATA if blob.reason == "media" else Part.DOCUMENT
    return [
        Segment(text, blob.role, part, blob.token, (*blob.path, number), place=Place.INSIDE)
        for number, text in enumerate(texts)
    ]
