"""The stand-in on a WebSocket: it answers each message that asks for an answer with its words.

It is strict where servers are (masks, frames, closes are wsproto's business) and steered, beside
the words of `script`, by `standin:break` (the connection breaks), `standin:close=N` (closed with a
code), `standin:ping` and `standin:binary` (bytes that are no text).
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Message, Ping, Pong, TextMessage
from wsproto.extensions import PerMessageDeflate
from wsproto.utilities import generate_accept_token

from excise.standin.dialects import responses_events
from excise.standin.received import Received
from excise.standin.script import Answer, answer_prompt
from excise.standin.shapes import encode, pieces

Json = dict[str, Any]
_CODE: Final = re.compile(r"standin:close=(\d+)")
_PATHS: Final = (("/responses", "responses"), ("/realtime", "realtime"), ("content", "gemini"))


def asks_for_socket(request: Received) -> bool:
    """Whether a request is an upgrade that is answered here."""
    return request.header("upgrade").lower() == "websocket"


def accept(request: Received) -> tuple[bytes, list[PerMessageDeflate]]:
    """The head of the answer to an upgrade, and the extensions it agrees to."""
    key = generate_accept_token(request.header("sec-websocket-key").encode()).decode()
    agreed, line = [], ""
    if "permessage-deflate" in request.header("sec-websocket-extensions"):
        deflate = PerMessageDeflate()
        deflate._enabled = True
        agreed, line = [deflate], "sec-websocket-extensions: permessage-deflate\r\n"
    head = (
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
        f"sec-websocket-accept: {key}\r\n{line}\r\n"
    )
    return head.encode(), agreed


async def converse(
    request: Received,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    note: Callable[[Received], None],
) -> None:
    """Speak until either side has enough. `note` is given each message as a request of its own."""
    head, agreed = accept(request)
    writer.write(head)
    side = Connection(ConnectionType.SERVER, list(agreed))
    dialect = next((name for end, name in _PATHS if request.path.lower().endswith(end)), "")
    whole = b""
    while data := await reader.read(65536):
        side.receive_data(data)
        for event in side.events():
            if isinstance(event, Message):
                text = event.data
                whole += text.encode() if isinstance(text, str) else bytes(text)
                if not event.message_finished:
                    continue
                message = _received(request, whole)
                whole = b""
                note(message)
                if not await _reply(dialect, message, side, writer):
                    return
            elif isinstance(event, Ping):
                writer.write(side.send(event.response()))
            elif isinstance(event, Pong):
                note(_received(request, bytes(event.payload)))
            elif isinstance(event, CloseConnection):
                note(_received(request, str(int(event.code)).encode()))
                writer.write(side.send(event.response()))
                await writer.drain()
                return
        await writer.drain()


def _received(request: Received, body: bytes) -> Received:
    return Received(
        number=request.number,
        method="MESSAGE",
        target=request.target,
        headers=request.headers,
        sni=request.sni,
        raw=body,
        body=body,
    )


async def _reply(
    dialect: str, message: Received, side: Connection, writer: asyncio.StreamWriter
) -> bool:
    """Whether the socket stays open."""
    words = message.body.decode("utf-8", "replace")
    if "standin:break" in words:
        writer.transport.abort()
        return False
    if code := _CODE.search(words):
        writer.write(side.send(CloseConnection(code=int(code[1]), reason="as asked")))
        await writer.drain()
        return False
    if "standin:ping" in words:
        writer.write(side.send(Ping(payload=b"are you there")))
    if "standin:binary" in words:
        writer.write(side.send(BytesMessage(b"\x00\xff\xfe")))
    body = message.json()
    if isinstance(body, dict):
        for event in _ANSWERS.get(dialect, _echo)(body, message):
            frame = BytesMessage(event) if dialect == "gemini" else TextMessage(event.decode())
            writer.write(side.send(frame))
            await writer.drain()
    return True


def _said(body: Any) -> Answer:
    """The answer to a text, by the words that steer it."""
    asked = Received(number=0, method="POST", target="/", headers=(), body=encode({"input": body}))
    return answer_prompt(asked)


def _responses(body: Json, message: Received) -> Iterator[bytes]:
    if body.get("type") == "response.create":
        for event in responses_events(answer_prompt(message), str(body.get("model", ""))):
            yield event.partition(b"\ndata: ")[2].rstrip()


def _realtime(body: Json, message: Received) -> Iterator[bytes]:
    asked = body.get("response")
    if body.get("type") != "response.create" or not isinstance(asked, dict):
        return
    answer = _said(asked.get("input") or {"text": asked.get("instructions", "")})
    head: Json = {"id": "resp_standin", "object": "realtime.response", "status": "in_progress"}
    at = {"response_id": "resp_standin", "item_id": "item_standin", "content_index": 0}
    item: Json = {"id": "item_standin", "type": "message", "role": "assistant"}
    spoken = {**item, "content": [{"type": "output_text", "text": answer.text}]}
    usage = {"input_tokens": 9, "output_tokens": 12}
    done = {**head, "status": "completed", "output": [spoken], "usage": usage}
    steps: list[Json] = [
        {"type": "response.created", "response": head},
        {"type": "response.output_item.added", "response_id": "resp_standin", "item": item},
        *(
            {"type": "response.output_text.delta", **at, "delta": piece}
            for piece in pieces(answer.text, answer.chunk)
        ),
        {"type": "response.output_text.done", **at, "text": answer.text},
        {"type": "response.output_item.done", "response_id": "resp_standin", "item": spoken},
        {"type": "response.done", "response": done},
    ]
    for step in steps:
        yield encode(step)


def _gemini(body: Json, message: Received) -> Iterator[bytes]:
    if "setup" in body:
        yield encode({"setupComplete": {}})
        return
    turns = body.get("clientContent", {}).get("turns") or [{}]
    parts = turns[-1].get("parts") or [{}]
    answer = _said({"text": parts[-1].get("text", "")})
    for piece in pieces(answer.text, answer.chunk):
        turn = {"role": "model", "parts": [{"text": piece}]}
        yield encode({"serverContent": {"modelTurn": turn}})
    counts = {"promptTokenCount": 9, "responseTokenCount": 12}
    yield encode({"serverContent": {"turnComplete": True}, "usageMetadata": counts})


def _echo(body: Json, message: Received) -> Iterator[bytes]:
    yield json.dumps(body).encode()


_ANSWERS: Final = {"responses": _responses, "realtime": _realtime, "gemini": _gemini}
