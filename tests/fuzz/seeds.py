"""What fuzzing begins with: the fixtures of the other tests, in the form each law takes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice

from framings import FRAMINGS, WIRE, load_events, write_message
from fuzz.laws import BODIES, CODINGS, STREAMS
from wire.samples import load_samples
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage
from wsproto.extensions import PerMessageDeflate

from excise.codecs import SOCKETS
from excise.codecs.framing.encoding import encode

LARGEST = 8192  # bytes of one seed


def _bodies() -> Iterator[bytes]:
    small = (sample.body for sample in load_samples())
    yield from islice((body for body in small if len(body) <= LARGEST), 40)
    for events in _fixtures():
        yield from (json.dumps(event).encode() for event in events[:3])
    yield from (
        b'{"a":1,"a":"\\ud83d\\ude00\\u0000"}',
        b'\xef\xbb\xbf["x", 4111111111111111, 1e400]',
    )


def _fixtures(folder: str = "*") -> Iterator[list[object]]:
    """The events of every fixture of a folder; of those that are no JSON only the bytes count."""
    for path in sorted(WIRE.glob(f"{folder}/*.*")):
        if path.suffix in (".sse", ".jsonl") and path.parent.name != "census":
            try:
                yield load_events(path.parent.name, path.stem)
            except ValueError:
                yield [path.read_text("utf-8")]


def _by_index(count: int, bodies: Callable[[], Iterator[bytes]]) -> Iterator[bytes]:
    for at, body in enumerate(bodies()):
        yield bytes([at % count]) + body


def _event_streams() -> Iterator[bytes]:
    for path in sorted(WIRE.glob("*/*.sse")):
        yield path.read_bytes()


def _framed(name: str) -> Iterator[bytes]:
    for events in _fixtures():
        yield FRAMINGS[name].write(list(events))


def _streams() -> Iterator[bytes]:
    """Every fixture in the framings of its own dialect."""
    names = {
        "text/event-stream": "named",
        "application/json": "array",
        "application/x-ndjson": "lines",
    }
    for at, (dialect, media_type) in enumerate(STREAMS):
        aliases = {"gemini-stream": "gemini-content", "mistral-chat": "openai-chat"}
        folder = aliases.get(dialect, dialect)
        for events in _fixtures(folder):
            if media_type.endswith("eventstream"):
                payloads = [json.dumps(each).encode() for each in events]
                yield bytes([at, 7, 0]) + b"\xff\xfe".join(b"\0" + each for each in payloads)
            else:
                yield bytes([at, 7]) + FRAMINGS[names[media_type]].write(events)


def _codings() -> Iterator[bytes]:
    for at, coding in enumerate(CODINGS):
        for body in (b"", b"a", b"hello hello hello " * 40, bytes(5000)):
            yield bytes([at, 9]) + encode(body, coding)
    gzip = encode(b"one", "gzip")
    yield bytes([0, 9]) + gzip + gzip


def _multipart() -> Iterator[bytes]:
    part = b'--b\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
    yield part % (b"prompt", b"", b"hello") + b"--b--\r\n"
    yield (
        part % (b"file", b'; filename="a.txt"', b"caf\xe9")
        + part % (b"file", b'; filename="a.png"', b"\x89PNG\r\n\x1a\n\0")
        + b"--b--"
    )
    yield b"--b\nContent-Type: text/plain\n\none\n--b\n\n--b--\n"


def _messages() -> Iterator[bytes]:
    for at, _ in enumerate(SOCKETS):
        for events in _fixtures():
            yield bytes([at]) + b"\xff\xfe".join(json.dumps(event).encode() for event in events)


def _frames() -> Iterator[bytes]:
    for kind in (0, 1):
        for by_client in (0, 1):
            extensions = [PerMessageDeflate()] if kind else []
            for each in extensions:
                each._enabled = True
            peer = Connection(
                ConnectionType.CLIENT if by_client else ConnectionType.SERVER, list(extensions)
            )
            out = b""
            for event in (
                TextMessage("hello PLANTED"),
                BytesMessage(b"\xff\x00"),
                TextMessage("half ", message_finished=False),
                Ping(b"x"),
                TextMessage("whole"),
                CloseConnection(1000, "bye"),
            ):
                out += peer.send(event)
                yield bytes([kind, by_client]) + out


def _grpc() -> Iterator[bytes]:
    inner = b"\x0a\x05hello\x12\x07\x0a\x05world"
    yield b"\0" + len(inner).to_bytes(4, "big") + inner
    zipped = encode(inner, "gzip")
    yield b"\x01" + len(zipped).to_bytes(4, "big") + zipped
    yield b"\0\0\0\0\x0d" + b'{"text":"hi"}' + b"\x02\0\0\0\x02{}"


def _http1() -> Iterator[bytes]:
    head = b"POST http://a.test/v1 HTTP/1.1\r\nHost: a.test\r\n"
    yield b"\x05" + head + b"Content-Length: 2\r\n\r\n{}"
    yield b"\x05" + head + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nx: y\r\n\r\n"
    yield b"\x05" + b"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n"


def _sealed() -> Iterator[bytes]:
    payloads = [json.dumps(event).encode() for events in _fixtures() for event in events[:2]]
    for at in range(0, len(payloads), 4):
        yield bytes([9, 40, 0]) + b"\xff\xfe".join(b"\1" + each for each in payloads[at : at + 4])
    raw = write_message({":event-type": "chunk"}, b'{"bytes":"e30=","p":"ab"}')
    yield bytes([9, 40, 1]) + raw + raw


def _cut_streams(bodies: Callable[[], Iterator[bytes]]) -> Iterator[bytes]:
    for body in bodies():
        yield bytes([11, 90]) + body


SEEDS: dict[str, Callable[[], Iterator[bytes]]] = {
    "jsonvalue": _bodies,
    "jsonspan": lambda: _by_index(len(BODIES), _bodies),
    "jsonclose": lambda: _by_index(256, _bodies),
    "multipart": _multipart,
    "grpc": _grpc,
    "head": lambda: iter((b"v1/models/gpt%2d5?key=abc&alt=sse", b"a//b?x=%ff%C3%A9+1&y&=z&&")),
    "percent": lambda: iter((b"\0\1a%C3%A9b%zz", b"\1\3x+%F0%9F%98%80%80")),
    "encoding": _codings,
    "sse": lambda: _cut_streams(_event_streams),
    "ndjson": lambda: _cut_streams(lambda: _framed("lines")),
    "jsonarray": lambda: _cut_streams(lambda: _framed("array")),
    "eventstream": _sealed,
    "chunks": _sealed,
    "streams": _streams,
    "sockets": _messages,
    "chunked": lambda: iter((b"\3" + b"3\r\nabc\r\n0\r\nx: y\r\n\r\n", b"\1" + b"1;a=b\r\nx\r\n")),
    "http1": _http1,
    "frames": _frames,
}


@cache
def seeds_of(name: str) -> list[bytes]:
    """The seeds of a law, the large ones cut off."""
    return [seed[:LARGEST] for seed in SEEDS[name]()]
