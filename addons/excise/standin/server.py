"""The server: HTTP/1.1 over TLS on 127.0.0.1, in a thread of its own."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import threading
import zlib
from collections import deque
from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Self

from excise.standin.certificates import Certificates
from excise.standin.dialects import find_dialect
from excise.standin.received import Received, undo_codings
from excise.standin.script import Answer, Script, answer_prompt
from excise.standin.shapes import Dialect, encode
from excise.standin.socket import asks_for_socket, converse

_NAMED = frozenset(HTTPStatus)
_LIMIT = 1 << 26  # bytes of a head line or body read at once; nobody attacks the stand-in


class StandIn:
    """A context manager that serves while it is open.

    `port` is where, `ca` what a client must trust. `received` holds the last `keep` requests in
    order; `script` may be exchanged between requests. Raises `OSError` where the port is taken.
    """

    def __init__(
        self, folder: Path, *, port: int = 0, script: Script = answer_prompt, keep: int = 10_000
    ) -> None:
        self.script = script
        self.port = port
        self.received: deque[Received] = deque(maxlen=keep)
        self._count = 0
        self._certificates = Certificates(folder)
        self.ca = self._certificates.ca
        self._ready = threading.Event()
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="stand-in", daemon=True)

    def context_for(self, name: str) -> ssl.SSLContext:
        """TLS as a server of this name that our CA vouches for, for whom a test puts beside us."""
        return self._certificates.context(name)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        if self._fault:
            raise self._fault
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as fault:
            self._fault = fault
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        open_now: set[asyncio.StreamWriter] = set()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            open_now.add(writer)
            try:
                await self._converse(reader, writer)
                await writer.wait_closed()
            except (ConnectionError, ssl.SSLError, TimeoutError, asyncio.CancelledError):
                pass  # the client did not end TLS as it should, or `_hang_up` ends it
            open_now.discard(writer)

        context = self._certificates.context("localhost")
        context.sni_callback = self._present
        server = await asyncio.start_server(
            connected, "127.0.0.1", self.port, ssl=context, limit=_LIMIT
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        await _hang_up(open_now)

    def _present(self, connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        if name:
            connection.context = self._certificates.context(name)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        shown = writer.get_extra_info("ssl_object")
        sni = self._certificates.name_of(shown.context)
        try:
            while request := await self._read(reader, writer, sni):
                if asks_for_socket(request):
                    await converse(request, reader, writer, self.received.append)
                    break
                if not await self._answer(request, writer):
                    break
                if request.header("connection").lower() == "close":
                    break
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass  # the client went away, which is its right
        finally:
            writer.close()

    async def _read(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sni: str
    ) -> Received | None:
        wire = await reader.readuntil(b"\r\n\r\n")
        line, *rest = wire.decode("latin-1").rstrip("\r\n").split("\r\n")
        method, target, _ = line.split(" ", 2)
        pairs = (each.partition(":") for each in rest)
        headers = tuple((name.lower(), value.strip()) for name, _, value in pairs)
        head = Received(
            number=self._count, method=method, target=target, headers=headers, sni=sni, wire=wire
        )
        if head.header("expect").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        raw = await _read_body(head, reader)
        request = Received(
            number=head.number,
            method=method,
            target=target,
            headers=headers,
            sni=sni,
            wire=wire,
            raw=raw,
            body=undo_codings(raw, head.header("content-encoding")),
        )
        self._count += 1
        self.received.append(request)
        return request

    async def _answer(self, request: Received, writer: asyncio.StreamWriter) -> bool:
        """Send one answer; whether the connection may be used again."""
        dialect = find_dialect(request.target)
        if dialect is None:
            writer.write(_whole(encode(_echo(request)), Answer(text="")))
            await writer.drain()
            return True
        answer, body = self.script(request), request.json()
        if answer.status != HTTPStatus.OK:
            writer.write(_whole(encode(dialect.error(answer.text)), answer))
        elif dialect.streams(request):
            return await _stream(dialect, answer, str(body.get("model", "")), writer)
        else:
            whole = _whole(encode(dialect.whole(answer, str(body.get("model", "")))), answer)
            if answer.die_after is not None:
                writer.write(whole[: len(whole) // 2])
                return await _die(writer)
            await asyncio.sleep(answer.pause)
            writer.write(whole)
        await writer.drain()
        return True


async def _hang_up(open_now: Iterable[asyncio.StreamWriter]) -> None:
    """End every connection, and wait until nothing of it is left for the collector to find."""
    await asyncio.sleep(
        0
    )  # what was accepted a moment ago begins: till then nobody owns its socket
    writers = list(open_now)
    # Handshakes are tasks of the loop's own, which is nobody else's.
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for writer in writers:
        writer.transport.abort()
    await asyncio.gather(*(each.wait_closed() for each in writers), return_exceptions=True)
    await asyncio.sleep(0)


async def _read_body(head: Received, reader: asyncio.StreamReader) -> bytes:
    if head.header("transfer-encoding").lower() == "chunked":
        body = b""
        while size := int((await reader.readline()).partition(b";")[0], 16):
            body += (await reader.readexactly(size + 2))[:-2]
        while (await reader.readline()).strip():
            pass
        return body
    return await reader.readexactly(int(head.header("content-length") or 0))


async def _stream(
    dialect: Dialect, answer: Answer, model: str, writer: asyncio.StreamWriter
) -> bool:
    # 31 asks zlib for a gzip wrapper.
    packer = zlib.compressobj(wbits=31) if answer.encoding == "gzip" else None
    coding = b"content-encoding: gzip\r\n" if packer else b""
    writer.write(
        b"HTTP/1.1 200 OK\r\ncontent-type: "
        + dialect.media_type.encode()
        + b"\r\nx-request-id: req_standin\r\ntransfer-encoding: chunked\r\n"
        + coding
        + b"\r\n"
    )
    for number, event in enumerate(dialect.events(answer, model)):
        if answer.die_after is not None and number > answer.die_after:
            return await _die(writer)
        await asyncio.sleep(answer.pause)
        if packer:
            event = packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH)
        writer.write(_chunk(event))
        await writer.drain()
    writer.write((_chunk(packer.flush()) if packer else b"") + b"0\r\n\r\n")
    await writer.drain()
    return True


async def _die(writer: asyncio.StreamWriter) -> bool:
    await writer.drain()
    # What was sent gets through; then the connection breaks without TLS' own goodbye.
    await asyncio.sleep(0.05)
    writer.transport.abort()
    return False


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _whole(body: bytes, answer: Answer) -> bytes:
    coding = ""
    if answer.encoding == "gzip":
        body, coding = gzip.compress(body, mtime=0), "content-encoding: gzip\r\n"
    # Providers send statuses that no registry names, such as 529.
    phrase = HTTPStatus(answer.status).phrase if answer.status in _NAMED else "Unnamed"
    head = (
        f"HTTP/1.1 {answer.status} {phrase}\r\n"
        "content-type: application/json\r\nx-request-id: req_standin\r\n"
        f"{coding}content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _echo(request: Received) -> dict[str, str]:
    return {
        "method": request.method,
        "path": request.path,
        "body": request.body.decode("utf-8", "replace"),
    }
