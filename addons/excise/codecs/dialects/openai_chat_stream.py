"""Streamed chat completions and legacy completions of OpenAI and those who speak alike.

Shapes: OpenAI API reference, chat/completions/streaming. `logprobs` spells the text out a second
time, as tokens, so its tokens are a channel beside the text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from excise.codecs.base import Channel, Delta, Label, StreamEvent
from excise.codecs.dialects.openai_chat import RESPONSE_ROOT, label_response
from excise.codecs.facts import read_usage, word
from excise.codecs.framing.ssejson import (
    SseEvent,
    SseReader,
    TokensEvent,
    build_event,
    edited_text,
    is_key,
)
from excise.codecs.json.close import complete_json
from excise.codecs.json.value import item, member, whole_number
from excise.codecs.labels import Labeler
from excise.codecs.refusal import set_apart
from excise.model import Edit, Path, Segment

# Fields of a delta that are spelled out, at the end of a path of keys; indexes count as "#".
_SPELLED: Final = {
    ("content",): ("content",),
    ("content", "#", "text"): ("content",),  # Mistral sends lists of chunks
    ("content", "#", "thinking", "#", "text"): ("thinking",),
    ("refusal",): ("refusal",),
    ("reasoning",): ("reasoning",),
    ("reasoning_content",): ("reasoning_content",),
    ("reasoning_details", "#", "text"): ("reasoning_details", "text"),
    ("reasoning_details", "#", "summary"): ("reasoning_details", "summary"),
    ("audio", "transcript"): ("audio",),
    ("function_call", "arguments"): ("function_call",),
}
_TOOL_TAILS: Final = {
    ("function", "arguments"): ("arguments", True),
    ("custom", "input"): ("input", False),
}
_HEAD: Final = ("id", "object", "created", "model", "system_fingerprint")
_DEFAULT_HEAD: Final = {
    "id": "chatcmpl-0",
    "object": "chat.completion.chunk",
    "created": 0,
    "model": "",
}
_LEGACY: Final = "text_completion"


@dataclass(slots=True)
class _Choice:
    """What the client has of one choice."""

    said: bool = False
    finished: bool = False
    # (kind, index) → arguments so far; a call whose text is plain has no entry
    calls: dict[tuple[str, int], list[str]] = field(default_factory=dict)


class OpenAIChatStream(SseReader):
    """Reads chunks; ends with `finish_reason: content_filter` and `[DONE]`."""

    codec = "openai-chat"
    labeler: Labeler = label_response
    root: Label = RESPONSE_ROOT
    event_type = TokensEvent

    def __init__(self) -> None:
        super().__init__()
        self._open: dict[int, dict[Channel, None]] = {}
        self._channels: dict[tuple[str | int, ...], Channel] = {}
        self._head: dict[str, Any] = {}
        self._choices: dict[int, _Choice] = {}
        self._over = False

    # -- reading -----------------------------------------------------------------------------

    def shape(self, event: SseEvent) -> None:
        """Sort the texts of a chunk."""
        document = event.document
        choices = member(document, "choices")
        event.model = word(member(document, "model"))
        usage = member(document, "usage") or member(document, "x_groq", "usage")
        if usage is not None:
            event.usage = read_usage(usage, "prompt_tokens", "completion_tokens")
        if not isinstance(choices, list) or not choices:
            return
        whole: list[Segment] = []
        deltas: list[Delta] = []
        for segment in event.segments:
            channel = self._channel_of(segment, choices) if len(segment.path) > 2 else None
            if channel is None:
                whole.append(segment)
            else:
                deltas.append(Delta(channel, segment))
                self._open.setdefault(cast(int, channel.key[1]), {})[channel] = None
        event.segments, event.deltas = tuple(whole), tuple(deltas)
        event.ends = tuple(
            channel
            for position, choice in enumerate(choices)
            if word(member(choice, "finish_reason"))
            for channel in self._open.pop(_index(choice, position), ())
        )

    def _channel_of(self, segment: Segment, choices: list[Any]) -> Channel | None:
        path = segment.path
        position = path[1]
        if path[0] != "choices" or type(position) is not int:
            return None
        choice = item(choices, position)
        found = _key_of(path[2:], choice)
        if found is None or is_key(segment):
            return None
        key = ("choices", _index(choice, position), *found[0])
        return self._channels.setdefault(key, Channel(key, found[1]))

    # -- ending ------------------------------------------------------------------------------

    def sent(self, event: StreamEvent, edits: Sequence[Edit] = ()) -> None:
        """Note what the client was given."""
        event = cast(SseEvent, event)
        if event.kind:
            self._over = True
        if event.like is None and type(event.document) is tuple:
            self._note(event, edits)
        for channel, segment in event.deltas:
            state = self._choices[cast(int, channel.key[1])]
            kind = channel.key[2]
            if channel.json:
                at = ("tool", cast(int, channel.key[3])) if kind == "tool" else ("function_call", 0)
                state.calls[at].append(edited_text(segment, edits))
            elif kind in ("content", "text"):
                state.said = True

    def _note(self, event: SseEvent, edits: Sequence[Edit]) -> None:
        """What a chunk says beside its text; its like have nothing to add."""
        if not self._head:
            self._head = {key: value for key, value in event.edited(edits).items() if key in _HEAD}
        choices = member(event.document, "choices")
        for position, choice in enumerate(choices if type(choices) is list else ()):
            state = self._choices.setdefault(_index(choice, position), _Choice())
            state.finished |= bool(word(member(choice, "finish_reason")))
            for at in _calls_in(choice):
                state.calls.setdefault(at, [])

    def close(self, notice: str) -> bytes:
        """The notice in every choice that is still open, its end, and `[DONE]`."""
        if self._over:
            return b""
        self._over = True
        pieces = []
        for index, choice in (self._choices or {0: _Choice()}).items():
            if not choice.finished:
                pieces += self._close_choice(index, choice, notice)
        return b"".join((*pieces, build_event(b"[DONE]")))

    def _close_choice(self, index: int, choice: _Choice, notice: str) -> list[bytes]:
        text = set_apart(notice, choice.said)
        if self._head.get("object") == _LEGACY:
            last = {
                "text": text,
                "index": index,
                "logprobs": None,
                "finish_reason": "content_filter",
            }
            return [self._chunk(last)]
        calls = []
        for at, pieces in choice.calls.items():
            suffix = complete_json("".join(pieces))
            if suffix:
                calls.append(self._chunk(_delta(index, _rest_of_call(at, suffix))))
        said = _delta(index, {"role": "assistant", "content": text})
        return [*calls, self._chunk(said), self._chunk(_delta(index, {}, "content_filter"))]

    def _chunk(self, choice: dict[str, Any]) -> bytes:
        return build_event({**_DEFAULT_HEAD, **self._head, "choices": [choice]})


def _key_of(path: Path, choice: Any) -> tuple[tuple[str | int, ...], bool] | None:
    """The rest of a channel's key and whether its text is JSON, for a path below a choice."""
    field, *below = path
    if field == "delta" and below:
        if below[0] == "tool_calls" and len(below) == 4:
            found = _TOOL_TAILS.get(cast(tuple[str, str], tuple(below[2:])))
            if found is None:
                return None
            calls = member(choice, "delta", "tool_calls")
            at = cast(int, below[1])
            return ("tool", _index(item(calls, at), at), found[0]), found[1]
        shape = tuple("#" if type(step) is int else step for step in below)
        name = _SPELLED.get(cast(Any, shape))
        return None if name is None else (name, name[0] == "function_call")
    if field == "text" and not below:
        return ("text",), False
    if field == "logprobs" and len(below) == 3 and below[2] == "token":
        return ("logprobs", below[0]), False
    if field == "logprobs" and len(below) == 2 and below[0] == "tokens":
        return ("logprobs", "tokens"), False
    return None


def _index(item: Any, position: int) -> int:
    """What an item says its index is; where it does not, where it stands."""
    index = whole_number(member(item, "index"))
    return position if index is None else index


def _calls_in(choice: Any) -> Iterator[tuple[str, int]]:
    """The calls with JSON arguments that a choice of a chunk opens or continues. Mistral sends
    arguments as an object as well, which is whole."""
    calls = member(choice, "delta", "tool_calls")
    for position, call in enumerate(calls if type(calls) is list else ()):
        whole = type(member(call, "function", "arguments")) is tuple
        if member(call, "custom") is None and not whole:
            yield "tool", _index(call, position)
    if member(choice, "delta", "function_call") is not None:
        yield "function_call", 0


def _delta(index: int, delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    return {"index": index, "delta": delta, "logprobs": None, "finish_reason": reason}


def _rest_of_call(at: tuple[str, int], suffix: str) -> dict[str, Any]:
    if at[0] == "function_call":
        return {"function_call": {"arguments": suffix}}
    return {"tool_calls": [{"index": at[1], "function": {"arguments": suffix}}]}
