"""Streamed answers of Bedrock agents and knowledge bases.

Shapes: Agents for Amazon Bedrock Runtime API reference, ResponseStream: `chunk` says text as
base64 in `bytes`, beside citations; `output` says it as `text`.
"""

from __future__ import annotations

import base64
import json
from typing import Any, Final, cast

from excise.codecs.base import Channel, Delta, Frame
from excise.codecs.dialects.bedrock_converse_stream import read_headers
from excise.codecs.dialects.generic_stream import GenericSseStream
from excise.codecs.framing.eventstream import EventStreamFramer, MessageFrame, build_message
from excise.codecs.framing.ssejson import SseEvent, is_key, write_json

_SPELLED: Final = {("chunk", "bytes"), ("output", "text")}


class AgentFrame(MessageFrame):
    """A message in whose data the text of a chunk stands as text."""

    __slots__ = ("_plain",)

    def __init__(self, raw: bytes) -> None:
        self._plain: bytes | None = None
        super().__init__(raw)
        if self.kind == "chunk" and self._payload:
            self._plain = _plain(self._payload)

    @property
    def data(self) -> bytes | None:
        """The payload, with text for base64."""
        return super().data if self._plain is None else self._plain

    def with_data(self, data: bytes) -> bytes:
        """The message with other data in it, encoded again."""
        if self._plain is None:
            return super().with_data(data)
        document = json.loads(data)
        document["bytes"] = base64.b64encode(document["bytes"].encode()).decode()
        return super().with_data(write_json(document))


class BedrockAgentsStream(GenericSseStream):
    """Reads the events of an agent; ends with a chunk that says the notice."""

    codec = "bedrock-agents"
    strict = True

    def __init__(self) -> None:
        super().__init__(EventStreamFramer(AgentFrame))

    def _read(self, frame: Frame, *, last: bool = False) -> SseEvent:
        return read_headers(super()._read(frame, last=last))

    def shape(self, event: SseEvent) -> None:
        """Sort the texts of an event."""
        super().shape(event)
        event.kind = kind = cast(MessageFrame, event.frame).kind
        said = [
            segment
            for segment in event.segments
            if len(segment.path) == 1
            and (kind, segment.path[0]) in _SPELLED
            and not is_key(segment)
        ]
        event.segments = tuple(each for each in event.segments if each not in said)
        event.deltas += tuple(Delta(Channel((kind, each.path[0])), each) for each in said)

    def first(self, notice: str) -> bytes:
        """A chunk that says the notice."""
        said: dict[str, Any] = {"bytes": base64.b64encode(notice.encode()).decode()}
        return build_message("chunk", write_json(said))


def _plain(payload: bytes) -> bytes | None:
    """A chunk's payload with its text decoded; None where that would not come back the same."""
    try:
        pairs = json.loads(payload, object_pairs_hook=list)
        members = dict(pairs)
        text = base64.b64decode(members["bytes"], validate=True).decode()
    except (ValueError, KeyError, TypeError):
        return None
    if len(members) < len(pairs):
        return None
    document = json.loads(payload)
    document["bytes"] = text
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "backslashreplace")
