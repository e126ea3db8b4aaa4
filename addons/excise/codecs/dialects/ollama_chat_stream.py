"""Streamed answers of Ollama: one object per line, the last of which is `done`.

Shapes: Ollama API reference, chat and generate, streaming. Tool calls come whole.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final, cast

from excise.codecs.base import Channel, Delta, Label, StreamEvent
from excise.codecs.dialects.ollama_chat import RESPONSE_ROOT, answer_facts, label_response
from excise.codecs.framing.ndjson import NdjsonFramer
from excise.codecs.framing.ssejson import SseEvent, SseReader, TokensEvent, build_event, is_key
from excise.codecs.json.value import member
from excise.codecs.labels import Labeler
from excise.codecs.refusal import set_apart
from excise.model import Edit, Path, Segment

_SPELLED: Final[dict[Path, Channel]] = {
    path: Channel(path)
    for path in (("message", "content"), ("message", "thinking"), ("response",), ("thinking",))
}
_TOKENS: Final = Channel(("logprobs", "token"))  # the text a second time
_DEFAULT_HEAD: Final = {"model": "", "created_at": "1970-01-01T00:00:00Z"}


class OllamaChatStream(SseReader):
    """Reads pieces of an answer; ends with `done_reason: stop`."""

    codec = "ollama-chat"
    labeler: Labeler = label_response
    root: Label = RESPONSE_ROOT
    event_type = TokensEvent

    def __init__(self, *, lines: bool = False) -> None:
        super().__init__(NdjsonFramer() if lines else None)
        self._lines = lines
        self._head: dict[str, Any] = dict(_DEFAULT_HEAD)
        self._last: Channel | None = None
        self._chat = True
        self._said = self._over = False

    # -- reading -----------------------------------------------------------------------------

    def shape(self, event: SseEvent) -> None:
        """Sort the texts of a piece."""
        document = event.document
        event.model, _, event.usage = answer_facts(document)
        deltas: list[Delta] = []
        whole: list[Segment] = []
        for segment in event.segments:
            channel = None if is_key(segment) else _channel_of(segment.path)
            if channel is None:
                whole.append(segment)
            else:
                deltas.append(Delta(channel, segment))
        event.segments, event.deltas = tuple(whole), tuple(deltas)
        event.ends_all = member(document, "done") is True
        said = [delta.channel for delta in deltas if delta.channel != _TOKENS]
        if len(said) == 1:
            # Thoughts are over when the answer begins, and the other way round.
            last, self._last = self._last, said[0]
            event.ends = (last,) if last not in (None, self._last) else ()

    # -- ending ------------------------------------------------------------------------------

    def sent(self, event: StreamEvent, edits: Sequence[Edit] = ()) -> None:
        """Note what the client was given."""
        event = cast(SseEvent, event)
        self._said |= any(
            delta.channel.key[-1] in ("content", "response") for delta in event.deltas
        )
        if event.like is None and type(event.document) is tuple:
            given = event.edited(edits)
            self._head |= {key: given[key] for key in _DEFAULT_HEAD if key in given}
            self._chat = "response" not in given
            self._over |= event.ends_all or "error" in given

    def close(self, notice: str) -> bytes:
        """The notice, and the last piece."""
        if self._over:
            return b""
        self._over = True
        pieces = [
            {**self._head, **self._text(set_apart(notice, self._said)), "done": False},
            {**self._head, **self._text(""), "done": True, "done_reason": "stop"},
        ]
        if self._lines:
            return b"".join(json.dumps(each).encode() + b"\n" for each in pieces)
        return b"".join(map(build_event, pieces))

    def _text(self, text: str) -> dict[str, Any]:
        return (
            {"message": {"role": "assistant", "content": text}}
            if self._chat
            else {"response": text}
        )


def _channel_of(path: Path) -> Channel | None:
    """The text that a segment goes on with; None where it stands whole."""
    if len(path) == 3 and (path[0], path[2]) == _TOKENS.key:
        return _TOKENS
    return _SPELLED.get(path)
