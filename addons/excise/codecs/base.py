"""What a codec is: bytes → segments with addresses → bytes. No codec touches a socket or a clock.

A *dialect* knows one wire format: which fields mean what, how its stream deltas hang together,
how it refuses, how it ends a stream. Known fields only give labels: whatever a dialect does not
know is read all the same, so that a new block type is never skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple, Protocol

from excise.codecs.media import Blob
from excise.model import Edit, Part, Refusal, Reply, Role, Segment, Usage


class Asked(NamedTuple):
    """The request that a refusal answers, as far as the shape of the answer depends on it."""

    target: str = ""
    media_type: str = ""
    body: bytes = b""  # its content coding undone; b"" where that cannot be


NOBODY: Final = Asked()


class Label(NamedTuple):
    """What a dialect knows of a place in a document.

    `plain` is true where the field is running text of its own (`content`), false where the
    object key says what the value is (`{"password": …}`) and detectors should read it as context.
    `state` is the dialect's own, handed on to the children of this place.
    """

    role: Role
    part: Part
    plain: bool = False
    state: str = ""


class Channel(NamedTuple):
    """One text that a stream spells out over many events, such as one content block.

    `json` is true where that text is itself JSON (tool arguments), so that what is put into it
    must be escaped and what is looked for in it unescaped.
    """

    key: tuple[str | int, ...]
    json: bool = False


class Delta(NamedTuple):
    """The next piece of a channel's text."""

    channel: Channel
    segment: Segment


class Reading(Protocol):
    """A body as it was understood."""

    @property
    def codec(self) -> str: ...
    @property
    def segments(self) -> tuple[Segment, ...]: ...
    @property
    def anomalies(self) -> tuple[str, ...]:
        """Closed words: `duplicate-key`, `bom`, `number-extreme` …"""
        ...

    @property
    def unread(self) -> tuple[str, ...]:
        """Reasons of `Unreadable` for pieces of the body whose meaning nobody read."""
        ...

    @property
    def blobs(self) -> tuple[Blob, ...]:
        """The pieces of the body that are no text; their reasons stand in `unread` too."""
        ...

    @property
    def model(self) -> str: ...
    @property
    def stream(self) -> bool: ...
    @property
    def usage(self) -> Usage | None: ...
    @property
    def sealed(self) -> frozenset[int]:
        """Body tokens that are signed: read, but `splice` refuses to edit them."""
        ...

    def splice(self, edits: Iterable[Edit]) -> bytes:
        """The body with the edits made; every byte outside the edited spans is unchanged."""
        ...


class Frame(Protocol):
    """One record as its framing cut it out of a stream."""

    raw: bytes  # as received, framing included

    @property
    def data(self) -> bytes | None:
        """What the record says, in UTF-8; None where it says nothing."""
        ...

    @property
    def place(self) -> tuple[int, int] | None:
        """Where the data stands in `raw`; None where it is not there in one piece."""
        ...

    def with_data(self, data: bytes) -> bytes:
        """`raw` with other data in it. Raises `ValueError` where it has none."""
        ...


class Framer(Protocol):
    """Cuts chunks into frames; the raws of all of them and `rest`, joined, are what was fed."""

    def feed(self, chunk: bytes) -> Iterator[Frame]:
        """Frames completed by this chunk. Raises `Unreadable` behind those before the bad one."""
        ...

    def finish(self) -> Frame | None:
        """What is left when upstream has ended. Raises `Unreadable`."""
        ...

    def rest(self) -> bytes:
        """The bytes that are no frame yet, or could not be one."""
        ...


class StreamEvent(Protocol):
    """One whole record of a stream."""

    raw: bytes  # its bytes as received, framing and terminator included
    segments: tuple[Segment, ...]  # texts that stand whole in this event
    deltas: tuple[Delta, ...]
    ends: tuple[Channel, ...]  # channels that this event shows to be complete
    ends_all: bool  # every channel is complete: the answer is over
    usage: Usage | None
    model: str
    sealed: frozenset[int]  # tokens that must not be edited: the provider signed them
    unread: tuple[str, ...]  # as of `Reading`

    @property
    def news(self) -> tuple[Any, ...]:
        """What it says, as dicts, lists, texts and numbers; nothing where it differs from an
        earlier event in nothing but texts."""
        ...

    def splice(self, edits: Iterable[Edit]) -> bytes:
        """`raw` with the edits made (tokens are those of this event's segments)."""
        ...


class StreamReader(Protocol):
    """Cuts a stream into events, and remembers what the client has seen of it."""

    def feed(self, chunk: bytes) -> Iterator[StreamEvent]:
        """Events completed by this chunk, one by one; the iterator must be used up.

        Raises `Unreadable` behind the events that stand in front of the unreadable one.
        """
        ...

    def finish(self) -> Iterator[StreamEvent]:
        """What is left when upstream has ended, as one last event where anything is.

        Raises `Unreadable`.
        """
        ...

    def rest(self) -> bytes:
        """Bytes that were fed and never became an event."""
        ...

    def sent(self, event: StreamEvent, edits: Sequence[Edit] = ()) -> None:
        """Note that the client has been given this event with these edits made."""
        ...

    def close(self, notice: str) -> bytes:
        """A clean native ending that shows `notice`, fit to follow what was `sent`."""
        ...


class Dialect(Protocol):
    """One wire dialect; stateless, one instance for all exchanges."""

    name: str

    def read_request(self, body: bytes) -> Reading:
        """Raises `Unreadable`."""
        ...

    def read_response(self, body: bytes) -> Reading:
        """Raises `Unreadable`."""
        ...

    def open_stream(self, media_type: str) -> StreamReader | None:
        """A reader for a streamed answer of this media type, or None where it is no stream."""
        ...

    def refuse(self, refusal: Refusal, asked: Asked = NOBODY) -> Reply:
        """The refusal in this provider's own error shape, as an answer to what was asked."""
        ...
