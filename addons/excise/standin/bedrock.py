"""Bedrock's `converse` and `converse-stream`, in the shapes that botocore reads."""

from __future__ import annotations

import binascii
import struct
from collections.abc import Iterator
from typing import Final

from excise.standin.script import Answer
from excise.standin.shapes import CALL, Dialect, Json, arguments_of, encode, input_of, pieces

USAGE: Final = {"inputTokens": 9, "outputTokens": 12, "totalTokens": 21}


def converse_whole(answer: Answer, model: str) -> Json:
    """The answer of a conversation."""
    block: Json = {"text": answer.text}
    if answer.tool:
        call = {"toolUseId": CALL, "name": answer.tool, "input": input_of(answer)}
        block = {"toolUse": call}
    output = {"message": {"role": "assistant", "content": [block]}}
    ends = {"stopReason": _end(answer), "usage": USAGE, "metrics": {"latencyMs": 1}}
    return {"output": output, **ends}


def converse_events(answer: Answer, model: str) -> Iterator[bytes]:
    """The messages of one answer's event stream."""
    for name, body in _steps(answer):
        yield build_frame(name, body)


def aws_error(message: str) -> Json:
    """The error body of Bedrock's runtime."""
    return {"message": message}


def build_frame(name: str, body: Json) -> bytes:
    """One message of an AWS event stream, with both of its sums."""
    words = {":event-type": name, ":content-type": "application/json", ":message-type": "event"}
    headers = b"".join(
        struct.pack(">B", len(key))
        + key.encode()
        + struct.pack(">BH", 7, len(value))
        + value.encode()
        for key, value in words.items()
    )
    payload = encode(body)
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    data = prelude + struct.pack(">I", binascii.crc32(prelude)) + headers + payload
    return data + struct.pack(">I", binascii.crc32(data))


def _steps(answer: Answer) -> Iterator[tuple[str, Json]]:
    yield "messageStart", {"role": "assistant"}
    if answer.tool:
        start = {"toolUse": {"toolUseId": CALL, "name": answer.tool}}
        yield "contentBlockStart", {"start": start, "contentBlockIndex": 0}
    for piece in pieces(arguments_of(answer) if answer.tool else answer.text, answer.chunk):
        delta: Json = {"toolUse": {"input": piece}} if answer.tool else {"text": piece}
        yield "contentBlockDelta", {"delta": delta, "contentBlockIndex": 0}
    yield "contentBlockStop", {"contentBlockIndex": 0}
    yield "messageStop", {"stopReason": _end(answer)}
    yield "metadata", {"usage": USAGE, "metrics": {"latencyMs": 1}}


def _end(answer: Answer) -> str:
    return "tool_use" if answer.tool else "end_turn"


CONVERSE: Final = Dialect(converse_whole, converse_events, aws_error, streams=lambda request: False)
CONVERSE_STREAM: Final = CONVERSE._replace(
    media_type="application/vnd.amazon.eventstream", streams=lambda request: True
)
