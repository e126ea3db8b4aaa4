"""Streamed answers of OpenAI Responses.

Shapes: OpenAI API reference, responses-streaming. A text is spelled out in deltas and then stands
whole in `*.done`, `content_part.done`, `output_item.done` and `response.completed`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

from excise.codecs.base import Channel, Delta, Framer, Label, StreamEvent
from excise.codecs.dialects.openai_responses import RESPONSE_ROOT, label_response
from excise.codecs.dialects.responses_ending import Ending
from excise.codecs.facts import read_usage, word
from excise.codecs.framing.ssejson import SseEvent, SseReader, TokensEvent, edited_text, is_key
from excise.codecs.json.value import member, whole_number
from excise.codecs.labels import Labeler
from excise.model import Edit, Part, Role, Segment

JSON_KINDS: Final = frozenset({"response.function_call_arguments", "response.mcp_call_arguments"})
_CALL_KINDS: Final = JSON_KINDS | {
    "response.custom_tool_call_input",
    "response.code_interpreter_call_code",
}
# Base64, which is no text to be put together.
_BINARY: Final = frozenset({"response.audio", "response.output_audio"})
FINAL: Final = frozenset(
    {"response.completed", "response.incomplete", "response.failed", "response.cancelled", "error"}
)
# Members that hold the text of a kind, whole or the next piece of it.
_TEXT_KEYS: Final = frozenset({"delta", "text", "refusal", "arguments", "input", "code"})


class OpenAIResponsesStream(SseReader):
    """Reads response events; ends with the open item closed and `response.completed`."""

    codec = "openai-responses"
    labeler: Labeler = label_response
    root: Label = RESPONSE_ROOT
    event_type = TokensEvent

    def __init__(self, framer: Framer | None = None, lane: tuple[str, ...] = ()) -> None:
        super().__init__(framer)
        self._lane = lane  # on a socket: which of several responses under way
        self._open: dict[int, dict[Channel, None]] = {}
        self._ending = Ending()
        self._over = False

    # -- reading -----------------------------------------------------------------------------

    def shape(self, event: SseEvent) -> None:
        """Sort the texts of an event."""
        document = event.document
        event.kind = kind = word(member(document, "type"))
        event.count = whole_number(member(document, "sequence_number"))
        stem, _, tail = kind.rpartition(".")
        item, part = place_of(document)
        whole: list[Segment] = []
        deltas: list[Delta] = []
        ends: list[Channel] = []
        for segment in event.segments:
            channel = None
            if segment.path[-1:] in (("delta",), ("token",)) and not is_key(segment):
                channel = _channel_of(segment.path, stem, tail, item, part, self._lane)
            if len(segment.path) == 1 and segment.path[0] in _TEXT_KEYS:
                segment = _labelled(segment, stem)
            if channel is None:
                whole.append(segment)
                continue
            deltas.append(Delta(channel, segment))
            if tail == "delta":
                self._open.setdefault(item, {})[channel] = None
            else:
                ends.append(channel)
        event.segments, event.deltas = tuple(whole), tuple(deltas)
        if tail != "delta":
            event.ends = (*ends, *self._ended(stem, tail, item, part))
            event.ends_all = kind in FINAL
            if event.ends_all:
                event.ends += tuple(each for open_ in self._open.values() for each in open_)
                self._open.clear()
            response = member(document, "response")
            event.model = word(member(response, "model"))
            event.usage = read_usage(member(response, "usage"), "input_tokens", "output_tokens")

    def _ended(self, stem: str, tail: str, item: int, part: int) -> list[Channel]:
        """The open channels that a `*.done` event shows to be complete."""
        channels = self._open.get(item)
        if tail != "done" or not channels:
            return []
        if stem == "response.output_item":
            return list(self._open.pop(item))
        parts = stem in ("response.content_part", "response.reasoning_summary_part")
        ended = [
            channel
            for channel in channels
            if channel.key[1] == part and (parts or cast(str, channel.key[2]).startswith(stem))
        ]
        for channel in ended:
            del channels[channel]
        return ended

    # -- ending ------------------------------------------------------------------------------

    def sent(self, event: StreamEvent, edits: Sequence[Edit] = ()) -> None:
        """Note what the client was given."""
        event = cast(SseEvent, event)
        kind = event.kind
        if not kind:
            return
        if kind == "response.created":
            self._ending, self._over = Ending(), False
        if event.count is not None:
            self._ending.sequence = event.count + 1
        if kind in FINAL or kind == "[DONE]":
            self._over = True
        elif kind.endswith(".delta"):
            for channel, segment in event.deltas:
                if segment.path == ("delta",):
                    item, part, stem = channel.key[:3]
                    self._ending.spell(
                        cast(int, item),
                        cast(int, part),
                        cast(str, stem),
                        edited_text(segment, edits),
                    )
        else:
            self._ending.note(kind, *place_of(event.document), event.edited(edits))

    def close(self, notice: str) -> bytes:
        """The open items closed, the notice in one of them or in one of its own, and the end."""
        if self._over:
            return b""
        self._over = True
        return self._ending.write(notice)


def place_of(document: Any) -> tuple[int, int]:
    """Which item and which part of it an event speaks of; 0 where it does not say."""
    part = member(document, "content_index")
    if part is None:
        part = member(document, "summary_index")
    return whole_number(member(document, "output_index")) or 0, whole_number(part) or 0


def _channel_of(
    path: tuple[str | int, ...], stem: str, tail: str, item: int, part: int, lane: tuple[str, ...]
) -> Channel | None:
    if path == ("delta",):
        if tail != "delta" or stem in _BINARY:
            return None
        return Channel((item, part, stem, *lane), stem in JSON_KINDS)
    # Tokens repeat the text piecewise, in every event that repeats it.
    if path[-1] == "token" and len(path) > 2 and path[-3] == "logprobs":
        if tail == "delta":
            return Channel((item, part, f"{stem}.logprobs", *lane))
        return Channel((item, part, f"{stem}.{tail}.logprobs", *path[:-3], *lane))
    return None


def _labelled(segment: Segment, stem: str) -> Segment:
    if stem in _CALL_KINDS:
        return segment._replace(role=Role.ASSISTANT, part=Part.TOOL_ARGUMENTS, label="")
    part = Part.REASONING if stem.startswith("response.reasoning") else Part.COMPLETION
    return segment._replace(role=Role.ASSISTANT, part=part, label="")
