"""Streamed answers of the Gemini API and Vertex AI, as events or as a streamed JSON array.

Shapes: Gemini API reference, streamGenerateContent. Each piece is an answer of its own: text goes
on in the next piece, all other parts stand whole, save function arguments that Vertex spells out
in `partialArgs`. Nothing marks the end but `finishReason`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from excise.codecs.base import Channel, Delta, Label, StreamEvent
from excise.codecs.dialects.gemini_content import (
    RESPONSE_ROOT,
    answer_facts,
    either,
    label_response,
)
from excise.codecs.facts import word
from excise.codecs.framing.jsonarray import ElementFrame, JsonArrayFramer
from excise.codecs.framing.ssejson import SseEvent, SseReader, TokensEvent, build_event, is_key
from excise.codecs.json.value import item, member, whole_number
from excise.codecs.labels import Labeler
from excise.codecs.refusal import set_apart
from excise.model import Edit, Path, Segment

_HEAD: Final = frozenset({"modelVersion", "model_version", "responseId", "response_id"})
_ARGS: Final = frozenset({"partialArgs", "partial_args"})
_CALLS: Final = frozenset({"functionCall", "function_call"})
_VALUES: Final = frozenset({"stringValue", "string_value"})
_LOGPROBS: Final = frozenset({"logprobsResult", "logprobs_result"})


@dataclass(slots=True)
class _Candidate:
    """What the client has of one candidate."""

    said: bool = False
    finished: bool = False


class GeminiContentStream(SseReader):
    """Reads pieces of an answer; ends with `finishReason: SAFETY`, under which clients show the
    text they have."""

    codec = "gemini-content"
    labeler: Labeler = label_response
    root: Label = RESPONSE_ROOT
    event_type = TokensEvent

    def __init__(self, *, array: bool = False) -> None:
        super().__init__(JsonArrayFramer() if array else None)
        self._array = array
        self._open: dict[int, dict[Channel, None]] = {}
        self._candidates: dict[int, _Candidate] = {}
        self._head: dict[str, Any] = {}
        self._wrapped = self._began = self._over = False

    # -- reading -----------------------------------------------------------------------------

    def shape(self, event: SseEvent) -> None:
        """Sort the texts of a piece."""
        document = event.document
        event.model, _, event.usage = answer_facts(document)
        candidates, depth = _candidates_of(document)
        whole: list[Segment] = []
        deltas: list[Delta] = []
        for segment in event.segments:
            channel = None
            if len(segment.path) > depth + 2 and not is_key(segment):
                channel = _channel_of(segment.path[depth:], candidates)
            if channel is None:
                whole.append(segment)
            else:
                deltas.append(Delta(channel, segment))
        if candidates:
            event.ends = self._ended(candidates, [delta.channel for delta in deltas])
        event.segments, event.deltas = tuple(whole), tuple(deltas)

    def _ended(self, candidates: list[Any], touched: list[Channel]) -> tuple[Channel, ...]:
        """A text is over when its candidate is, or goes on with parts of another kind."""
        ends: list[Channel] = []
        for position, candidate in enumerate(candidates):
            index = _index(candidate, position)
            now = dict.fromkeys(each for each in touched if each.key[0] == index)
            before = self._open.pop(index, {})
            finished = bool(word(either(candidate, "finishReason", "finish_reason")))
            if finished:
                ends += {**before, **now}
            elif member(candidate, "content", "parts"):
                ends += [each for each in before if each not in now]
                self._open[index] = now
            else:
                self._open[index] = {**before, **now}
        return tuple(ends)

    # -- ending ------------------------------------------------------------------------------

    def sent(self, event: StreamEvent, edits: Sequence[Edit] = ()) -> None:
        """Note what the client was given."""
        event = cast(SseEvent, event)
        frame = event.frame
        if isinstance(frame, ElementFrame):
            self._began |= frame.opens
            self._over |= frame.closes or not self._began
        for channel, _ in event.deltas:
            self._candidate(cast(int, channel.key[0])).said |= channel.key[1] == "text"
        if event.like is None and type(event.document) is tuple:
            self._note(event, edits)

    def _note(self, event: SseEvent, edits: Sequence[Edit]) -> None:
        candidates, depth = _candidates_of(event.document)
        self._wrapped = depth > 0
        if not self._head:
            answer = event.edited(edits)
            answer = answer["response"] if self._wrapped else answer
            self._head = {key: value for key, value in answer.items() if key in _HEAD}
        for position, candidate in enumerate(candidates):
            state = self._candidate(_index(candidate, position))
            state.finished |= bool(word(either(candidate, "finishReason", "finish_reason")))
        self._over |= not self._array and member(event.document, "error") is not None

    def _candidate(self, index: int) -> _Candidate:
        return self._candidates.setdefault(index, _Candidate())

    def close(self, notice: str) -> bytes:
        """The notice in every candidate that is still open, and the end."""
        if self._over:
            return b""
        self._over = True
        last = [
            _last(index, set_apart(notice, candidate.said))
            for index, candidate in (self._candidates or {0: _Candidate()}).items()
            if not candidate.finished
        ]
        pieces = []
        if last:
            answer: dict[str, Any] = {"candidates": last, **self._head}
            pieces.append({"response": answer} if self._wrapped else answer)
        if not self._array:
            return b"".join(map(build_event, pieces))
        text = b"".join(json.dumps(piece, separators=(",", ":")).encode() for piece in pieces)
        if not self._began:
            return b"[" + text + b"]"
        return (b"," + text if text else b"") + b"]"


def _candidates_of(document: Any) -> tuple[list[Any], int]:
    """The candidates, and how deep in the document their answer lies."""
    wrapped = member(document, "response")
    found = member(wrapped if type(wrapped) is tuple else document, "candidates")
    return found if type(found) is list else [], int(type(wrapped) is tuple)


def _channel_of(path: Path, candidates: list[Any]) -> Channel | None:
    """The text a segment belongs to; None where it stands whole."""
    if path[0] != "candidates" or type(path[1]) is not int or len(path) < 5:
        return None
    candidate = item(candidates, path[1])
    index = _index(candidate, path[1])
    below = path[2:]
    if below[:2] == ("content", "parts") and len(below) > 3 and type(below[2]) is int:
        part = item(member(candidate, "content", "parts"), below[2])
        if below[3:] == ("text",):
            return Channel((index, "thought" if member(part, "thought") is True else "text"))
        return _argument_of(below[3:], part, index)
    if below[0] in _LOGPROBS and below[-1] == "token":
        # The tokens spell the text a second time, each rank of the alternatives one of its own.
        rank = below[-2] if len(below) > 4 else ""
        return Channel((index, "token", below[1], rank))
    return None


def _argument_of(path: Path, part: Any, index: int) -> Channel | None:
    if len(path) == 4 and path[0] in _CALLS and path[1] in _ARGS and path[3] in _VALUES:
        pieces = either(part, "functionCall", "function_call")
        pieces = either(pieces, "partialArgs", "partial_args")
        where = word(either(item(pieces, path[2]), "jsonPath", "json_path"))
        return Channel((index, "argument", where))
    return None


def _index(candidate: Any, position: int) -> int:
    index = whole_number(member(candidate, "index"))
    return position if index is None else index


def _last(index: int, text: str) -> dict[str, Any]:
    return {
        "content": {"role": "model", "parts": [{"text": text}]},
        "finishReason": "SAFETY",
        "index": index,
    }
