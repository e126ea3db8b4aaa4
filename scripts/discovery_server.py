"""The other side of `scripts/evaluate-discovery`: models by the stand-in's dialects at real rates,
and the web as it is otherwise."""

from __future__ import annotations

import asyncio
import random
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Self
from urllib.parse import parse_qs, urlsplit

from excise.standin.certificates import Certificates
from excise.standin.dialects import find_dialect
from excise.standin.received import Received
from excise.standin.script import Answer
from excise.standin.shapes import encode

TEXT: Final = (Path(__file__).resolve().parents[1] / "docs/architecture.md").read_text("utf-8")
SECONDS: Final = 12.0
# Deviation of the logarithm of the gaps between tokens: what batching and the net do to them.
JITTER: Final = 0.45


class Web:
    """Serves while it is open; `port` and `ca` as the stand-in has them."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._certificates = Certificates(folder)
        self.ca = self._certificates.ca
        self.dice = random.Random(seed)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        context = self._certificates.context("localhost")

        def present(link: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
            link.context = self._certificates.context(name or "localhost")

        context.sni_callback = present  # type: ignore[assignment]
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0, ssl=context)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                line, *rest = head.rstrip().split("\r\n")
                headers = tuple(
                    (n.lower(), v.strip()) for n, _, v in (r.partition(":") for r in rest)
                )
                body = await reader.readexactly(int(dict(headers).get("content-length", 0)))
                method, target, _ = line.split(" ", 2)
                asked = Received(
                    number=0, method=method, target=target, headers=headers, sni="", wire=b"",
                    raw=body, body=body,
                )  # fmt: skip
                if target.startswith("/socket/"):
                    await self._socket(target.rpartition("/")[2], reader, writer)
                    break
                await self._answer(asked, writer)
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def _answer(self, asked: Received, writer: asyncio.StreamWriter) -> None:
        parts = urlsplit(asked.target)
        speed, _, rest = parts.path.lstrip("/").partition("/")
        dialect = find_dialect(f"/{rest}")
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if asked.method == "POST" and dialect is not None and rest:
            length = {"short": 25}.get(speed, self.dice.randrange(120, 260))
            start = self.dice.randrange(0, 2000)
            answer = Answer(text=TEXT[start : start + length * 4], chunk=0)
            model = "m"
            if dialect.streams(asked):
                kind = "gzip " * (speed == "gzip") + dialect.media_type
                tokens = self._tokens(speed, dialect.events(answer, model))
                await self._stream(writer, kind, tokens)
                return
            await asyncio.sleep(3)
            await _whole(writer, encode(dialect.whole(answer, model)))
        elif parts.path in self._streams:
            kind, make = self._streams[parts.path]
            await self._stream(writer, kind, make(self, query))
        elif parts.path == "/poll":
            await asyncio.sleep(self.dice.uniform(0.5, 3))
            await _whole(writer, b'{"news": []}')
        else:
            await _whole(writer, self.dice.randbytes(int(query.get("n", 300))))

    async def _stream(
        self, writer: asyncio.StreamWriter, kind: str, pieces: Iterator[tuple[float, bytes]]
    ) -> None:
        """Pieces with the seconds to wait before each."""
        coded = kind.startswith("gzip ")
        packer = zlib.compressobj(wbits=31) if coded else None
        more = "content-encoding: gzip\r\n" if packer else ""
        kind = kind.removeprefix("gzip ")
        writer.write(
            f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\n{more}"
            "transfer-encoding: chunked\r\n\r\n".encode()
        )
        for wait, piece in pieces:
            if wait:
                await asyncio.sleep(wait)
            if packer:
                piece = packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH)
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await writer.drain()
        tail = packer.flush() if packer else b""
        writer.write((b"%x\r\n%s\r\n" % (len(tail), tail) if tail else b"") + b"0\r\n\r\n")
        await writer.drain()

    def _tokens(self, speed: str, events: Iterator[bytes]) -> Iterator[tuple[float, bytes]]:
        dice = self.dice
        rate = int("".join(c for c in speed if c.isdigit()) or 50)
        yield dice.uniform(0.3, 0.9), next(events)
        if speed == "burst":
            while batch := [e for _, e in zip(range(dice.randrange(2, 9)), events, strict=False)]:
                yield dice.lognormvariate(0, JITTER) * 0.12, b"".join(batch)
            return
        for event in events:
            even = speed.startswith("even")
            wait = dice.gauss(1, 0.08) if even else dice.lognormvariate(0, JITTER)
            stalled = speed == "stall" and dice.random() < 0.03
            yield max(0.0, wait / rate) + stalled * dice.uniform(0.6, 1.6), event

    # -- what is no model's ----------------------------------------------------------------------

    def _clock(self, query: dict[str, str]) -> Iterator[tuple[float, bytes]]:
        gap = float(query["gap"])
        for number in range(int(SECONDS / gap)):
            yield gap, b'event: progress\ndata: {"done": %d}\n\n' % (number * number)

    def _events(self, query: dict[str, str]) -> Iterator[tuple[float, bytes]]:
        """Records of about one size, at random moments."""
        gap, left = float(query["gap"]), SECONDS
        while left > 0:
            wait = self.dice.expovariate(1 / gap)
            left -= wait
            price = self.dice.uniform(1, 4000)
            yield wait, b'data: {"symbol": "ABC", "price": %.2f, "size": %d}\n\n' % (
                price, self.dice.randrange(1, 900),
            )  # fmt: skip

    def _log(self, query: dict[str, str]) -> Iterator[tuple[float, bytes]]:
        """Steps of a build: bursts of lines of any length, then silence."""
        for _ in range(30):
            wait = self.dice.expovariate(2)
            for _ in range(self.dice.randrange(1, 25)):
                yield wait, b"x" * int(self.dice.lognormvariate(4.2, 1.1)) + b"\n"
                wait = self.dice.uniform(0, 0.03)

    def _rows(self, query: dict[str, str]) -> Iterator[tuple[float, bytes]]:
        """Rows of a database as they are read, some at a time."""
        for _ in range(400):
            rows = (b"%d;%s\n" % (n, b"y" * self.dice.randrange(40, 90)) for n in range(50))
            yield self.dice.uniform(0.005, 0.05), b"".join(rows)

    def _trickle(self, query: dict[str, str]) -> Iterator[tuple[float, bytes]]:
        gap = float(query["gap"])
        for _ in range(int(SECONDS / gap)):
            yield gap, self.dice.randbytes(int(query["size"]))

    _streams: Final[dict[str, tuple[str, Callable[..., Iterator[tuple[float, bytes]]]]]] = {
        "/clock": ("text/event-stream", _clock),
        "/events": ("text/event-stream", _events),
        "/log": ("text/plain", _log),
        "/rows": ("text/csv", _rows),
        "/trickle": ("application/octet-stream", _trickle),
    }

    async def _socket(
        self, kind: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n"
        )
        if kind == "listen":  # thirty states a second
            for _ in range(int(SECONDS * 30)):
                await asyncio.sleep(1 / 30)
                size = self.dice.randrange(60, 120)
                writer.write(bytes([0x82, size]) + self.dice.randbytes(size))
                await writer.drain()
            return
        while await reader.read(4096):
            size = {"ping": 2}.get(kind, self.dice.randrange(2, 100))
            writer.write(bytes([0x82, size]) + self.dice.randbytes(size))
            await writer.drain()


async def _whole(writer: asyncio.StreamWriter, body: bytes) -> None:
    head = (
        f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()
