"""Streamed answers of Bedrock InvokeModel: in every chunk an event of the model's maker.

What its first event looks like tells whose it is: Anthropic's and OpenAI's are read by their own
dialects; of the others it is known in which member the text goes on.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final, cast

from excise.codecs.base import Channel, Delta, Frame, Label, StreamEvent
from excise.codecs.dialects.anthropic_messages_stream import AnthropicMessagesStream
from excise.codecs.dialects.bedrock_converse_stream import read_headers
from excise.codecs.dialects.bedrock_invoke import count_tokens
from excise.codecs.dialects.generic_json import RESPONSE_ROOT, label_response
from excise.codecs.dialects.openai_chat_stream import OpenAIChatStream
from excise.codecs.facts import word
from excise.codecs.framing.eventstream import ChunkFrame, EventStreamFramer, build_chunk
from excise.codecs.framing.sse import SseFramer
from excise.codecs.framing.ssejson import SseEvent, SseReader, build_event, is_key
from excise.codecs.json.value import member, whole_number
from excise.codecs.labels import Labeler
from excise.codecs.refusal import set_apart
from excise.model import Edit, Path

# Members in which text goes on, with the one that says why it ended.
_TEXTS: Final[dict[Path, tuple[str, str]]] = {
    ("generation",): ("generation", "stop_reason"),  # Meta
    ("outputText",): ("outputText", "completionReason"),  # Amazon Titan
    ("text",): ("text", "finish_reason"),  # Cohere
    ("completion",): ("completion", "stop_reason"),  # Anthropic, before messages
}
# Lists of texts: Mistral's, older and newer.
_LISTS: Final[dict[str | int, Path]] = {"outputs": ("text",), "choices": ("message", "content")}
_NOVA: Final = ("contentBlockDelta", "delta", "text")
_NOVA_CALL: Final = ("contentBlockDelta", "delta", "toolUse", "input")


class MakerStream(SseReader):
    """Events of makers whose streams have no dialect of their own here."""

    codec = "bedrock-invoke"
    labeler: Labeler = label_response
    root: Label = RESPONSE_ROOT

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[str, ...] = ("generation", "stop_reason")
        self._said = self._over = False

    def shape(self, event: SseEvent) -> None:
        """Sort the texts of an event."""
        document = event.document
        block = whole_number(member(document, "contentBlockDelta", "contentBlockIndex")) or 0
        deltas = []
        for segment in event.segments:
            channel = None if is_key(segment) else _channel_of(segment.path, block)
            if channel is not None:
                deltas.append(Delta(channel, segment))
        spelled = [delta.segment for delta in deltas]
        event.segments = tuple(each for each in event.segments if each not in spelled)
        event.deltas = tuple(deltas)
        stopped = member(document, "contentBlockStop")
        if stopped is not None:
            index = whole_number(member(stopped, "contentBlockIndex")) or 0
            event.ends = (Channel(("block", index)),)
        event.ends_all = _is_last(document)

    def sent(self, event: StreamEvent, edits: Sequence[Edit] = ()) -> None:
        """Note what the client was given."""
        for channel, segment in event.deltas:
            self._shown = cast(tuple[str, ...], channel.key)
            self._said |= not channel.json and bool(segment.text)
        self._over |= event.ends_all

    def close(self, notice: str) -> bytes:
        """The notice, and the end as this maker marks it."""
        if self._over:
            return b""
        self._over = True
        notice = set_apart(notice, self._said)
        first = self._shown[0]
        last: list[dict[str, Any]]
        if first == "outputs":
            last = [{"outputs": [{"text": notice, "stop_reason": "stop"}]}]
        elif first == "choices":
            said = {"role": "assistant", "content": notice}
            last = [{"choices": [{"index": 0, "message": said, "stop_reason": "stop"}]}]
        elif first == "block":
            index = cast(int, self._shown[1])
            last = [
                {"contentBlockStop": {"contentBlockIndex": index}},
                {
                    "contentBlockDelta": {
                        "contentBlockIndex": index + 1,
                        "delta": {"text": notice},
                    }
                },
                {"contentBlockStop": {"contentBlockIndex": index + 1}},
                {"messageStop": {"stopReason": "guardrail_intervened"}},
            ]
        else:
            last = [{first: notice, self._shown[1]: "stop"}]
        return b"".join(map(build_event, last))


def _channel_of(path: Path, block: int) -> Channel | None:
    if path in _TEXTS:
        return Channel(_TEXTS[path])
    if path and path[0] in _LISTS and path[2:] == _LISTS[path[0]]:
        return Channel((path[0], path[1]))
    if path in (_NOVA, _NOVA_CALL):
        return Channel(("block", block), path == _NOVA_CALL)
    return None


def _is_last(document: Any) -> bool:
    reasons = ("stop_reason", "completionReason", "finish_reason")
    if any(word(member(document, reason)) for reason in reasons):
        return True
    outputs = member(document, "outputs") or member(document, "choices")
    first = outputs[0] if type(outputs) is list and outputs else None
    return bool(word(member(first, "stop_reason"))) or member(document, "messageStop") is not None


class BedrockInvokeStream(SseReader):
    """Reads chunks as what is in them; ends as their maker would."""

    codec = "bedrock-invoke"
    labeler: Labeler = label_response
    root: Label = RESPONSE_ROOT

    def __init__(self) -> None:
        super().__init__(EventStreamFramer(ChunkFrame))
        self._maker: SseReader | None = None

    def _read(self, frame: Frame, *, last: bool = False) -> SseEvent:
        if self._maker is None and frame.data:
            self._maker = _maker_of(frame.data)
            self.labeler, self.root = self._maker.labeler, self._maker.root
        return read_headers(super()._read(frame, last=last))

    def shape(self, event: SseEvent) -> None:
        """Sort the texts of an event as its maker does."""
        if self._maker is not None:
            self._maker.shape(event)
        event.usage = event.usage or count_tokens(event.document)

    def sent(self, event: StreamEvent, edits: Sequence[Edit] = ()) -> None:
        """Note what the client was given."""
        if self._maker is not None:
            self._maker.sent(event, edits)

    def close(self, notice: str) -> bytes:
        """The maker's ending, in chunks."""
        framer = SseFramer()
        maker = self._maker or AnthropicMessagesStream()
        frames = list(framer.feed(maker.close(notice)))
        return b"".join(
            build_chunk(frame.data) for frame in frames if frame.data and frame.data != b"[DONE]"
        )


def _maker_of(data: bytes) -> SseReader:
    try:
        first = json.loads(data)
    except ValueError:
        first = None
    if isinstance(first, dict):
        if isinstance(first.get("type"), str):
            return AnthropicMessagesStream()
        if isinstance(first.get("choices"), list) and b'"delta"' in data:
            return OpenAIChatStream()
    return MakerStream()
