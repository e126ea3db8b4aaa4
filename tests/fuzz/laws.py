"""Laws of the readers of bytes, each a function of any bytes that raises where the law is broken.

The only exception a reader may raise is `Unreadable`. `scripts/fuzz` drives the laws with atheris,
`test_laws.py` with hypothesis. Where a law needs choices, such as where to cut, the first bytes of
the data make them, so that a finding can be replayed from its bytes alone.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

from framings import write_message
from splits import BlindScanner, SecretScanner, open_stream

from excise.codecs import DIALECTS, SOCKETS
from excise.codecs.base import Frame, Framer, Reading
from excise.codecs.framing.encoding import Decoder, decode, encode
from excise.codecs.framing.eventstream import ChunkFrame, EventStreamFramer
from excise.codecs.framing.grpc import is_framed
from excise.codecs.framing.jsonarray import JsonArrayFramer
from excise.codecs.framing.multipart import is_multipart, read_multipart
from excise.codecs.framing.ndjson import NdjsonFramer
from excise.codecs.framing.percent import decode_percent, splice_percent
from excise.codecs.framing.sse import SseFramer
from excise.codecs.head import read_head, splice_head
from excise.codecs.json.close import complete_json
from excise.codecs.json.span import JsonReading
from excise.codecs.json.value import parse_json, plain_value
from excise.codecs.messages import put_end
from excise.codecs.sockets import load_message
from excise.errors import Unreadable
from excise.model import (
    Edit,
    Exchange,
    Place,
    Principal,
    Refusal,
    RefusalClass,
    Role,
    Segment,
    Span,
)

Law = Callable[[bytes], None]

LIMIT: Final = 1 << 20
CODINGS: Final = ("gzip", "deflate", "br", "zstd", "gzip, br", "zstd, deflate")
MARK: Final = "xCUTx"
REFUSAL: Final = Refusal(cls=RefusalClass.LEAK, message="No.", reference="r1", status=400)
BODIES: Final = tuple(name for name in DIALECTS if name not in ("grpc",))
STREAMS: Final = tuple(
    (name, media_type)
    for name, dialect in DIALECTS.items()
    for media_type in (
        "text/event-stream",
        "application/json",
        "application/x-ndjson",
        "application/vnd.amazon.eventstream",
    )
    if dialect.open_stream(media_type) is not None
)


def _cut(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def _pick(data: bytes, choices: Sequence[Any]) -> tuple[Any, bytes]:
    """One of the choices by the first byte, and the rest."""
    return choices[data[0] % len(choices)] if data else choices[0], data[1:]


# -- bodies --------------------------------------------------------------------------------------


def json_values(data: bytes) -> None:
    """What is read as JSON is what Python's own reader makes of it."""
    for many in (False, True):
        try:
            documents, bom = parse_json(data, many)
        except Unreadable:
            continue
        if len(documents) > 1:
            continue
        text = data.decode("utf-8-sig" if bom else "utf-8")
        try:
            wanted = json.loads(text)
        except ValueError as fault:  # more digits than an int may have
            assert "Exceeds the limit" in str(fault), fault
            continue
        assert repr(plain_value(documents[0])) == repr(wanted)


def json_bodies(data: bytes) -> None:
    """Every dialect reads a body or says why not; edits change what they name and nothing else."""
    name, body = _pick(data, BODIES)
    dialect = DIALECTS[name]
    for read in (dialect.read_request, dialect.read_response):
        try:
            reading = read(body)
        except Unreadable:
            continue
        _edits_hold(reading, body, read)


def _edits_hold(reading: Reading, body: bytes, read: Callable[[bytes], Reading]) -> None:
    assert reading.splice([]) == body
    free = [each for each in reading.segments if each.token not in reading.sealed and each.text]
    if not isinstance(reading, JsonReading):
        return  # other bodies have laws of their own, or are told by how they begin
    if not free or len({each.token for each in free}) != len(free):
        return
    target = free[len(body) % len(free)]
    middle = len(target.text) // 2
    edit = Edit(target.token, Span(middle, len(target.text)), MARK)
    edited = reading.splice([edit])
    head, tail = _common(body, edited)
    # What was replaced stands in one piece: a character is at most 12 bytes in JSON, and a number
    # becomes a string.
    assert len(body) - head - tail <= 12 * len(target.text) + 2
    again = read(edited)
    texts = {each.token: each.text for each in reading.segments if each.token != target.token}
    told = {each.token: each.text for each in again.segments if each.token != target.token}
    if target.label or not _is_key(target):
        assert texts == told or again.anomalies != reading.anomalies, (texts, told)


def _is_key(segment: Segment) -> bool:
    return bool(segment.path) and segment.path[-1] == segment.text


def _common(one: bytes, other: bytes) -> tuple[int, int]:
    """How many bytes two texts share at the start, and behind that at the end."""
    least = min(len(one), len(other))
    head = next((at for at in range(least) if one[at] != other[at]), least)
    least -= head
    tail = next((at for at in range(least) if one[-1 - at] != other[-1 - at]), least)
    return head, tail


def json_ends(data: bytes) -> None:
    """The beginning of a JSON text and what completes it are JSON."""
    cut, body = _pick(data, range(256))
    try:
        text = body.decode()
        json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return
    begun = text[: cut * (len(text) + 1) // 256]
    json.loads(begun + complete_json(begun))


def _refuse(name: str) -> None:
    raise ValueError(name)


def multipart_bodies(data: bytes) -> None:
    """An upload is given back as it came, and an edit stays where it was made."""
    begins = is_multipart(data)
    try:
        reading = read_multipart(data, Role.USER, "multipart")
    except Unreadable as why:
        assert why.reason == "size" if begins else why.reason == "malformed"
        return
    assert begins and reading.splice([]) == data
    for segment in reading.segments[:4]:
        edited = reading.splice([Edit(segment.token, Span(0, len(segment.text)), MARK)])
        head, tail = _common(data, edited)
        assert len(data) - head - tail <= 4 * len(segment.text)


def grpc_bodies(data: bytes) -> None:
    """Frames are read, or what is none is searched; nothing is edited."""
    is_framed(data)
    dialect = DIALECTS["grpc"]
    for read in (dialect.read_request, dialect.read_response):
        reading = read(data)
        assert reading.splice([]) == data
        assert sum(len(each.text) for each in reading.segments) <= 64 * (len(data) + 1) * 200
    dialect.read_request(b"\0" + len(data).to_bytes(4, "big") + data)


def heads(data: bytes) -> None:
    """A target is given back as it came; an edit of a piece is what is read there then."""
    target = "/" + data.decode("latin-1")
    exchange = Exchange(
        id="x",
        method="POST",
        host="api.openai.com",
        port=443,
        target=target,
        headers=(("x-note", target),),
        body=b"",
        principal=Principal(id="p"),
    )
    segments = read_head(exchange)
    assert splice_head(exchange, []) == (target, exchange.headers)
    for segment in segments:
        if segment.place is Place.TARGET:
            edit = Edit(segment.token, Span(0, len(segment.text)), "CUT", Place.TARGET)
            edited, _ = splice_head(exchange, [edit])
            assert "CUT" in edited


def percents(data: bytes) -> None:
    """A percent-encoded text is spelt anew only where it is edited."""
    plus, body = _pick(data, (False, True))
    at, body = _pick(body, range(256))
    raw = body.decode("latin-1")
    text = decode_percent(raw, plus=plus)
    assert splice_percent(raw, []) == raw
    start = at % (len(text) + 1)
    span = Span(start, min(len(text), start + 3))
    edited = splice_percent(raw, [Edit(0, span, "C T")])
    if "%" not in text:  # a decoded percent sign may stand raw before two digits
        assert decode_percent(edited, plus=plus).startswith(text[:start] + "C T")


# -- codings -------------------------------------------------------------------------------------


def codings(data: bytes) -> None:
    """However a body is cut it decodes alike, within the ceiling, and as other readers do."""
    coding, body = _pick(data, CODINGS)
    first, body = _pick(body, range(256))
    whole = _decoded([body], coding)
    assert _decoded(_cut(body, (first, 2 * first + 1)), coding) == whole
    if type(whole) is bytes:
        assert len(whole) <= LIMIT
        if coding == "gzip" and body:
            inner = zlib.decompressobj(31)
            assert whole.startswith(inner.decompress(body))
    assert decode(encode(body, coding), coding, limit=LIMIT, ratio=200) == body


def _decoded(chunks: Iterable[bytes], coding: str) -> bytes | str:
    decoder = Decoder(coding, limit=LIMIT, ratio=200)
    try:
        plain = b"".join(map(decoder.feed, chunks))
        return plain + decoder.finish()
    except Unreadable as why:
        return why.reason


# -- streams -------------------------------------------------------------------------------------


class _Framed(NamedTuple):
    """What frames say, why there are no more, and the bytes of all with what is left."""

    data: list[bytes]
    reason: str
    raw: bytes


def _frames(new: Callable[[], Framer], chunks: Iterable[bytes]) -> _Framed:
    framer, frames = new(), []
    reason = ""
    try:
        for chunk in chunks:
            for frame in framer.feed(chunk):
                frames.append(frame)  # noqa: PERF402  those before a fault count
        last = framer.finish()
        if last is not None:
            frames.append(last)
    except Unreadable as why:
        reason = why.reason
    for frame in frames:
        _write_back(new, frame)
    raw = b"".join(frame.raw for frame in frames) + framer.rest()
    return _Framed([frame.data for frame in frames if frame.data is not None], reason, raw)


def _write_back(new: Callable[[], Framer], frame: Frame) -> None:
    """A frame is given back as it came, and read as what is put into it."""
    data, place = frame.data, frame.place
    if data is None:
        return
    if place is not None:
        assert frame.raw[place[0] : place[1]] == data
        assert frame.with_data(data) == frame.raw
    edited = frame.with_data(b'{"a":1}')
    framer = new()
    again = [*framer.feed(edited)]
    last = framer.finish()
    told = [each.data for each in (*again, *([last] if last else [])) if each.data is not None]
    assert b'{"a":1}' in told, (frame.raw, edited, told)


def framings(new: Callable[[], Framer], sealed: bool = False) -> Law:
    """The law of a framing: frames and rest are the bytes fed, however these were cut."""

    def law(data: bytes) -> None:
        first, body = _pick(data, range(256))
        second, body = _pick(body, range(256))
        if sealed:
            body = _sealed(body)
        whole = _frames(new, [body])
        assert whole.raw == body
        for cuts in ((first, second), (first, first + 1), range(0, len(body), 1 + second % 7)):
            cut = _frames(new, _cut(body, cuts))
            assert cut[:2] == whole[:2], (cuts, cut, whole)
            assert cut.reason or cut.raw == body

    return law


def _sealed(body: bytes) -> bytes:
    """Bytes as messages of an event stream whose sums are right; the first byte says how many
    bytes are the headers. An odd one leaves the bytes alone."""
    if not body or body[0] & 1:
        return body[1:]
    out = b""
    for piece in body[1:].split(b"\xff\xfe"):
        kind, payload = _pick(piece, ("chunk", "messageStart", "contentBlockDelta", "metadata"))
        out += write_message({":event-type": kind, ":message-type": "event"}, payload)
    return out


def streams(data: bytes) -> None:
    """An answer is edited alike however it is cut; without findings it passes as it came; its
    ending can be written at any place."""
    (name, media_type), body = _pick(data, STREAMS)
    first, body = _pick(body, range(256))
    if media_type.endswith("eventstream"):
        body = _sealed(body)
    dialect = DIALECTS[name]

    def out(scanner: Any, chunks: Sequence[bytes]) -> tuple[bytes, str]:
        """What the client gets where policy lets pass what cannot be read, and why it could not."""
        stream = open_stream(dialect.open_stream(media_type), scanner)
        told = b""
        for at, chunk in enumerate(chunks):
            told += stream.feed(chunk).out
            if stream.unreadable:
                return told + stream.surrender() + b"".join(chunks[at + 1 :]), stream.unreadable
        told += stream.finish().out
        return told + (stream.surrender() if stream.unreadable else b""), stream.unreadable

    for scanner in (SecretScanner(), BlindScanner()):
        whole = out(scanner, [body])
        for cuts in ((first, 3 * first + 1), range(0, len(body), 1 + first % 5)):
            assert out(scanner, _cut(body, cuts)) == whole
    assert out(BlindScanner(), [body])[0] == body
    cut = _cut(body, (first * len(body) // 255,))[0]
    stream = open_stream(dialect.open_stream(media_type), BlindScanner())
    stream.feed(cut)
    assert isinstance(stream.close("Stopped."), bytes)


def sockets(data: bytes) -> None:
    """Messages of a socket pass as they came, whatever they are, and an ending can be written."""
    name, body = _pick(data, tuple(SOCKETS))
    dialect = SOCKETS[name]
    reader = dialect.open_reader()
    stream = open_stream(reader, BlindScanner())
    told = b""
    fed = b""
    for message in body.split(b"\xff\xfe")[:32]:
        parsed = load_message(message)
        dialect.asks(parsed)
        dialect.turn_of(parsed)
        dialect.refuse(REFUSAL, parsed)
        if _is_text(message) and not stream.unreadable:
            fed += put_end(message)
            told += stream.feed(put_end(message)).out
    if not stream.unreadable:
        assert told + stream.finish().out == fed
    assert isinstance(stream.close("Stopped."), bytes)


def _is_text(message: bytes) -> bool:
    try:
        message.decode()
    except UnicodeDecodeError:
        return False
    return True


LAWS: Final[dict[str, Law]] = {
    "jsonvalue": json_values,
    "jsonspan": json_bodies,
    "jsonclose": json_ends,
    "multipart": multipart_bodies,
    "grpc": grpc_bodies,
    "head": heads,
    "percent": percents,
    "encoding": codings,
    "sse": framings(SseFramer),
    "ndjson": framings(NdjsonFramer),
    "jsonarray": framings(JsonArrayFramer),
    "eventstream": framings(EventStreamFramer, sealed=True),
    "chunks": framings(lambda: EventStreamFramer(ChunkFrame), sealed=True),
    "streams": streams,
    "sockets": sockets,
}
"""Target → law. Those that need mitmproxy stand in `wire_laws`."""
