"""Event streams of no dialect of their own: what calls itself a delta goes on from event to event.

A text is put together where its event's type or its place says that it is a piece: `delta`,
`chunk`, `append`, `partial`, `token`. Every other string is a whole text.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, ClassVar, Final, NamedTuple, cast

from excise.codecs.base import Channel, Delta, Framer, Label, StreamEvent
from excise.codecs.dialects.generic_json import RESPONSE_ROOT, label_response
from excise.codecs.facts import usage_anywhere, word
from excise.codecs.framing.ssejson import SseEvent, SseReader, edited_text, is_key
from excise.codecs.json.close import complete_json
from excise.codecs.json.value import item, member, whole_number
from excise.codecs.labels import Labeler
from excise.codecs.refusal import set_apart
from excise.model import Edit, Path, Segment, Span

_PIECES: Final = ("delta", "chunk", "append", "partial", "token")
_LAST: Final = (".done", "_done", ".completed", "_stop", "-end", "_end", ".finished")
# Members that hold a text where an event is a piece; `v` is that of patches in ChatGPT's web.
_TEXTS: Final = frozenset(
    {
        *("text", "content", "delta", "value", "v", "completion", "thinking", "reasoning"),
        *("transcript", "message", "output", "code", "input", "refusal", "summary", "response"),
    }
)
_JSON: Final = frozenset({"arguments", "partial_json"})
_MOST: Final = 1000  # texts that may be open at a time
_ROOT: Final = RESPONSE_ROOT


class _Piece(NamedTuple):
    """A piece of a text as the client was given it."""

    event: SseEvent
    segment: Segment
    edits: tuple[Edit, ...]

    def saying(self, text: str) -> bytes:
        """The same event, edited as it was, with another text in it."""
        token = self.segment.token
        others = [edit for edit in self.edits if edit.token != token]
        whole = Edit(token, Span(0, len(self.segment.text)), text)
        return self.event.splice([*others, whole])


class GenericSseStream(SseReader):
    """Puts pieces together; ends with one more piece, the notice."""

    codec = "generic-sse"
    labeler: Labeler = label_response
    root: Label = _ROOT
    strict = False
    ending: ClassVar[bytes] = b""  # what stands behind the last piece

    def __init__(self, framer: Framer | None = None) -> None:
        super().__init__(framer)
        self._open: dict[Channel, None] = {}
        self._shown: _Piece | None = None
        self._calls: dict[Channel, tuple[_Piece, list[str]]] = {}
        self._over = False

    # -- reading -----------------------------------------------------------------------------

    def shape(self, event: SseEvent) -> None:
        """Sort the texts of an event."""
        document = event.document
        event.kind = kind = word(member(document, "type")) or word(member(document, "object"))
        event.model = word(member(document, "model"))
        event.usage = usage_anywhere(document)
        deltas: list[Delta] = []
        whole: list[Segment] = []
        for segment in event.segments:
            channel = None if is_key(segment) else _channel_of(segment.path, kind, document)
            if channel is None or (channel not in self._open and len(self._open) >= _MOST):
                whole.append(segment)
            else:
                deltas.append(Delta(channel, segment))
                self._open[channel] = None
        event.segments, event.deltas = tuple(whole), tuple(deltas)
        if not deltas and kind.endswith(_LAST):
            event.ends = tuple(self._open)
            self._open.clear()

    # -- ending ------------------------------------------------------------------------------

    def sent(self, event: StreamEvent, edits: Sequence[Edit] = ()) -> None:
        """Note what the client was given."""
        event = cast(SseEvent, event)
        self._over |= event.ends_all
        for channel, segment in event.deltas:
            piece = _Piece(event, segment, tuple(edits))
            if channel.json:
                said = self._calls[channel][1] if channel in self._calls else []
                said.append(edited_text(segment, edits))
                self._calls[channel] = piece, said
            else:
                self._shown = piece

    def close(self, notice: str) -> bytes:
        """Open arguments closed, the notice as one more piece of the text that was last spoken,
        and the end."""
        if self._over:
            return b""
        self._over = True
        calls = b"".join(
            piece.saying(suffix)
            for piece, said in self._calls.values()
            if (suffix := complete_json("".join(said)))
        )
        shown = self._shown
        last = shown.saying(set_apart(notice, said=True)) if shown else self.first(notice)
        return calls + last + self.ending

    def first(self, notice: str) -> bytes:
        """A piece where none was spoken; b"" where its shape is not known."""
        return b""


def named(kind: str, document: dict[str, Any]) -> bytes:
    """A record with its type in an `event` line."""
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), json.dumps(document).encode())


def _channel_of(path: Path, kind: str, document: Any) -> Channel | None:
    """The channel of a string at this path of an event of this type; None for a whole text."""
    last = next((step for step in reversed(path) if type(step) is str), "")
    if last not in _TEXTS and last not in _JSON:
        return None
    steps = [step for step in path if type(step) is str]
    if path != ("v",) and not any(piece in step for step in (kind, *steps) for piece in _PIECES):
        return None
    return Channel((kind, *_numbered(path, document)), last in _JSON)


def _numbered(path: Path, document: Any) -> list[str | int]:
    """A path in which items of arrays are told by the index they give themselves."""
    key: list[str | int] = []
    node = document
    for step in path:
        node = item(node, step) if type(step) is int else member(node, cast(str, step))
        index = whole_number(member(node, "index"))
        key.append(step if index is None else index)
        if type(step) is str and index is not None:
            key[-1:] = [step, index]
    outer = whole_number(member(document, "index"))
    item_id = word(member(document, "item_id")) or word(member(document, "id"))
    return [*key, *([outer] if outer is not None else []), item_id]
