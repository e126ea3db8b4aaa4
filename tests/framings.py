"""Events put into the framings of the wire and taken out again, without the product's own code.

A fixture is a file of events, one JSON value per line; a framing makes a stream of them.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from spelled import PLACEHOLDER, VALUE, redacted

WIRE: Final = Path(__file__).parent / "wire"
Events = list[Any]


class Framing(NamedTuple):
    """How events become bytes and bytes become events."""

    media_type: str
    write: Callable[[Events], bytes]
    read: Callable[[bytes], Events]


def load_events(dialect: str, name: str) -> Events:
    """The events of a fixture."""
    stream = WIRE / dialect / f"{name}.sse"
    if stream.is_file():
        return read_sse(stream.read_bytes())
    lines = (WIRE / dialect / f"{name}.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def compact(value: Any) -> bytes:
    """JSON as services write it; what is bytes is written already."""
    if isinstance(value, bytes):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


# -- text ----------------------------------------------------------------------------------------


def write_sse(events: Events) -> bytes:
    return b"".join(b"data: %s\r\n\r\n" % compact(event) for event in events)


def write_named(events: Events) -> bytes:
    return b"".join(
        b"event: %s\ndata: %s\n\n" % (_type_of(event), compact(event)) for event in events
    )


def _type_of(event: Any) -> bytes:
    kind = event.get("type") if isinstance(event, dict) else None
    return kind.encode() if isinstance(kind, str) else b"message"


def read_sse(body: bytes) -> Events:
    data = re.findall(r"^data: (.*?)\r?$", body.decode(), re.MULTILINE)
    return [json.loads(line) for line in data if line != "[DONE]"]


def write_array(events: Events) -> bytes:
    return b"[%s\n]\n" % b",\r\n".join(map(compact, events))


def write_lines(events: Events) -> bytes:
    return b"".join(compact(event) + b"\n" for event in events)


def read_lines(body: bytes) -> Events:
    return [json.loads(line) for line in body.decode().split("\n") if line.strip()]


# -- binary --------------------------------------------------------------------------------------


def write_message(headers: dict[str, str], payload: bytes) -> bytes:
    """One message of an AWS event stream."""
    block = b"".join(
        bytes([len(name.encode())])
        + name.encode()
        + b"\x07"
        + struct.pack(">H", len(value.encode()))
        + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack(">II", 16 + len(block) + len(payload), len(block))
    head = prelude + struct.pack(">I", binascii.crc32(prelude)) + block
    return head + payload + struct.pack(">I", binascii.crc32(head + payload))


def read_messages(body: bytes) -> Iterator[tuple[dict[str, str], bytes]]:
    """Headers and payload of every message; a wrong length or sum is an error."""
    while body:
        total, size, check = struct.unpack(">III", body[:12])
        assert binascii.crc32(body[:8]) == check
        assert len(body) >= total
        message, body = body[:total], body[total:]
        assert struct.unpack(">I", message[-4:])[0] == binascii.crc32(message[:-4])
        block, payload = message[12 : 12 + size], message[12 + size : -4]
        headers = {}
        while block:
            name, block = block[1 : 1 + block[0]], block[1 + block[0] :]
            length = struct.unpack(">H", block[1:3])[0]
            headers[name.decode()], block = block[3 : 3 + length].decode(), block[3 + length :]
        yield headers, payload


def _message(event: str, payload: bytes) -> bytes:
    names = {":event-type": event, ":content-type": "application/json", ":message-type": "event"}
    return write_message(names, payload)


def write_converse(events: Events) -> bytes:
    return b"".join(
        _message(name, compact(value)) for event in events for name, value in event.items()
    )


def read_converse(body: bytes) -> Events:
    return [{head[":event-type"]: json.loads(payload)} for head, payload in read_messages(body)]


def write_chunks(events: Events) -> bytes:
    chunks = [
        compact({"bytes": base64.b64encode(compact(event)).decode(), "p": "abcdefg"[: n % 7]})
        for n, event in enumerate(events)
    ]
    return b"".join(_message("chunk", chunk) for chunk in chunks)


def read_chunks(body: bytes) -> Events:
    payloads = [json.loads(payload) for _, payload in read_messages(body)]
    return [json.loads(base64.b64decode(payload["bytes"])) for payload in payloads]


def write_agents(events: Events) -> bytes:
    """As of `converse`, with the text of a chunk in base64."""
    return b"".join(
        _message(name, compact(_based(value, base64.b64encode)))
        for event in events
        for name, value in event.items()
    )


def read_agents(body: bytes) -> Events:
    return [
        {head[":event-type"]: _based(json.loads(payload), base64.b64decode)}
        for head, payload in read_messages(body)
    ]


def _based(value: Any, code: Callable[[bytes], bytes]) -> Any:
    # What is mangled by a law is no object any more, or already written.
    if not isinstance(value, dict) or not isinstance(value.get("bytes"), str):
        return value
    return {**value, "bytes": code(value["bytes"].encode()).decode()}


FRAMINGS: Final = {
    "sse": Framing("text/event-stream", write_sse, read_sse),
    "named": Framing("text/event-stream; charset=utf-8", write_named, read_sse),
    "array": Framing("application/json; charset=UTF-8", write_array, json.loads),
    "lines": Framing("application/x-ndjson", write_lines, read_lines),
    "converse": Framing("application/vnd.amazon.eventstream", write_converse, read_converse),
    "agents": Framing("application/vnd.amazon.eventstream", write_agents, read_agents),
    "chunks": Framing("application/vnd.amazon.eventstream", write_chunks, read_chunks),
}


# -- what a client makes of them -----------------------------------------------------------------

_WHERE: Final = ("index", "contentBlockIndex")
_STEPS: Final = ("index", "jsonPath")
_JSON: Final = (("arguments",), ("partial_json",), ("toolUse", "input"))
_SIGNED: Final = (("thinking",), ("signature",), ("reasoningContent", "text"))
Place = tuple[Any, ...]


def spell_events(events: Events) -> dict[Place, str]:
    """Place → all that was said there, in order."""
    told: dict[Place, str] = {}
    for event in events:
        for path, text in _leaves(event, ()):
            told[path] = told.get(path, "") + text
    return told


def _leaves(value: Any, path: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        where = tuple(value.get(key) for key in _WHERE if key in value)
        kind = ("thought",) if value.get("thought") is True else ()
        for key, item in value.items():
            yield from _leaves(item, (*path, *where, *kind, key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            step = position
            if isinstance(item, dict):
                step = next((item[key] for key in _STEPS if key in item), position)
            tokens = path[-1:] in (("chosenCandidates",), ("logprobs",))
            yield from _leaves(item, (*path, "" if tokens else step))


def is_json_place(place: Place) -> bool:
    """Whether what stands there is JSON itself."""
    return any(place[-len(tail) :] == tail for tail in _JSON)


def told_right(events: Events, dialect: str) -> dict[Place, str]:
    """What the client should make of a stream: redacted and restored, save what is signed."""
    right = {}
    for place, text in spell_events(events).items():
        signed = dialect.startswith("bedrock") and any(
            place[-len(tail) :] == tail for tail in _SIGNED
        )
        value = json.dumps(VALUE, ensure_ascii=False)[1:-1] if is_json_place(place) else VALUE
        right[place] = text if signed else redacted(text).replace(PLACEHOLDER, value)
    return right
