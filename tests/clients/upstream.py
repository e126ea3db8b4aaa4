"""What answers the dialects that the stand-in does not speak: a small server over TLS on loopback.

Gemini, Mistral, Cohere, Bedrock with its binary event streams, Ollama and MCP, whole and streamed,
in the shapes their own clients read.
"""

from __future__ import annotations

import base64
import binascii
import http.server
import json
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from excise.rules.fillers import fill
from excise.standin.certificates import Certificates
from excise.standin.dialects import (
    arguments_of,
    chat_events,
    chat_whole,
    encode,
    messages_events,
    messages_whole,
    pieces,
)
from excise.standin.received import Received
from excise.standin.script import TOOL, Answer

Json = dict[str, Any]
MARK: Final = "Case "
STAMP: Final = "2026-01-01T00:00:00Z"
PEM: Final = fill("{pem:RSA PRIVATE KEY}", "answered")


class Reply(NamedTuple):
    """An answer on the wire; more than one piece is sent chunk by chunk."""

    kind: str
    pieces: tuple[bytes, ...]
    status: int = 200


def script(request: Received) -> Answer:
    """Echo the text that holds the mark; `standin:tool` and `standin:pem` steer it."""
    said = [text for text in texts(request.json()) if MARK in text]
    text = said[-1] if said else "nothing asked"
    plain = " ".join(word for word in text.split(" ") if not word.startswith("standin:"))
    if "standin:pem" in text:
        return Answer(text=f"The first words.\n{PEM}\nThe last words.", chunk=16)
    tool = TOOL if "standin:tool" in text else ""
    return Answer(text=plain if tool else f"You said: {plain}", tool=tool, chunk=3)


def texts(value: Any) -> Iterator[str]:
    """Every string of a JSON value, in order."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from texts(each)


# -- dialects ----------------------------------------------------------------------------------


def gemini(request: Received, answer: Answer) -> Reply:
    """`generateContent`, or `streamGenerateContent` as events."""
    if "streamGenerateContent" not in request.path:
        return whole(_gemini(answer, answer.text, "STOP"))
    cuts = [answer.text] if answer.tool else list(pieces(answer.text, answer.chunk))
    ends = [*[""] * (len(cuts) - 1), "STOP"]
    parts = (_gemini(answer, cut, end) for cut, end in zip(cuts, ends, strict=True))
    return Reply(
        "text/event-stream", tuple(b"data: " + encode(part) + b"\r\n\r\n" for part in parts)
    )


def _gemini(answer: Answer, text: str, end: str) -> Json:
    call = {"functionCall": {"name": answer.tool, "args": {"note": text}}}
    content = {"role": "model", "parts": [call if answer.tool else {"text": text}]}
    candidate = {"content": content, "index": 0, **({"finishReason": end} if end else {})}
    counts = {"promptTokenCount": 9, "candidatesTokenCount": 12, "totalTokenCount": 21}
    return {"candidates": [candidate], "usageMetadata": counts, "modelVersion": "m"}


def mistral(request: Received, answer: Answer) -> Reply:
    """Chat completions, save that a tool call comes whole: the client takes no other."""
    if not (answer.tool and request.json().get("stream")):
        if request.json().get("stream"):
            return Reply("text/event-stream", tuple(chat_events(answer, "m")))
        return whole(chat_whole(answer, "m"))
    call = {"id": "call_1", "function": {"name": answer.tool, "arguments": arguments_of(answer)}}
    delta = {"role": "assistant", "content": "", "tool_calls": [{"index": 0, **call}]}
    choice = {"index": 0, "delta": delta, "finish_reason": "tool_calls"}
    chunk = {"id": "1", "object": "chat.completion.chunk", "model": "m", "choices": [choice]}
    return Reply("text/event-stream", (b"data: " + encode(chunk) + b"\n\n", b"data: [DONE]\n\n"))


def cohere(request: Received, answer: Answer) -> Reply:
    """`/v2/chat`."""
    usage = {"billed_units": {"input_tokens": 9, "output_tokens": 12}}
    if request.json().get("stream"):
        return Reply("text/event-stream", tuple(_cohere_events(answer, usage)))
    message: Json = {"role": "assistant", "content": [{"type": "text", "text": answer.text}]}
    if answer.tool:
        function = {"name": answer.tool, "arguments": arguments_of(answer)}
        call = {"id": "call_1", "type": "function", "function": function}
        message = {"role": "assistant", "tool_plan": "Noting.", "tool_calls": [call]}
    end = "TOOL_CALL" if answer.tool else "COMPLETE"
    return whole({"id": "c-1", "message": message, "finish_reason": end, "usage": usage})


def _cohere_events(answer: Answer, usage: Json) -> Iterator[bytes]:
    def event(kind: str, message: Json | None, **rest: Any) -> bytes:
        body: Json = {"type": kind, **rest}
        if message is not None:
            body["delta"] = {"message": message}
        return b"event: " + kind.encode() + b"\ndata: " + encode(body) + b"\n\n"

    empty: Json = {"content": [], "tool_plan": "", "tool_calls": [], "citations": []}
    yield event("message-start", {"role": "assistant", **empty}, id="c-1")
    if answer.tool:
        function = {"name": answer.tool, "arguments": ""}
        call = {"id": "call_1", "type": "function", "function": function}
        yield event("tool-call-start", {"tool_calls": call}, index=0)
        for piece in pieces(arguments_of(answer), answer.chunk):
            part = {"tool_calls": {"function": {"arguments": piece}}}
            yield event("tool-call-delta", part, index=0)
        yield event("tool-call-end", None, index=0)
    else:
        yield event("content-start", {"content": {"type": "text", "text": ""}}, index=0)
        for piece in pieces(answer.text, answer.chunk):
            yield event("content-delta", {"content": {"text": piece}}, index=0)
        yield event("content-end", None, index=0)
    end = "TOOL_CALL" if answer.tool else "COMPLETE"
    last = {"type": "message-end", "delta": {"finish_reason": end, "usage": usage}}
    yield b"event: message-end\ndata: " + encode(last) + b"\n\n"


def ollama(request: Received, answer: Answer) -> Reply:
    """`/api/chat`, whole or a line of JSON a piece."""

    def line(text: str, done: bool) -> Json:
        message: Json = {"role": "assistant", "content": "" if answer.tool else text}
        if answer.tool and text:
            call = {"name": answer.tool, "arguments": {"note": text}}
            message["tool_calls"] = [{"function": call}]
        body = {"model": "m", "created_at": STAMP, "message": message, "done": done}
        counts = {"done_reason": "stop", "prompt_eval_count": 9, "eval_count": 12}
        return {**body, **(counts if done else {})}

    if request.json().get("stream") is False:
        return whole(line(answer.text, True))
    cuts = [answer.text] if answer.tool else list(pieces(answer.text, answer.chunk))
    lines = [*(line(cut, False) for cut in cuts), line("", True)]
    return Reply("application/x-ndjson", tuple(encode(each) + b"\n" for each in lines))


def bedrock(request: Received, answer: Answer) -> Reply:
    """`converse` and `invoke` (of an Anthropic model), each whole and as an event stream."""
    action = request.path.rpartition("/")[2]
    if action == "invoke":
        return whole(messages_whole(answer, "m"))
    if action == "converse":
        block: Json = {"text": answer.text}
        if answer.tool:
            call = {"toolUseId": "t-1", "name": answer.tool, "input": {"note": answer.text}}
            block = {"toolUse": call}
        end = "tool_use" if answer.tool else "end_turn"
        output = {"message": {"role": "assistant", "content": [block]}}
        usage = {"inputTokens": 9, "outputTokens": 12, "totalTokens": 21}
        body = {"output": output, "stopReason": end, "usage": usage, "metrics": {"latencyMs": 1}}
        return whole(body)
    events = _invoked(answer) if "invoke" in action else _conversed(answer)
    return Reply(
        "application/vnd.amazon.eventstream", tuple(frame(name, body) for name, body in events)
    )


def _invoked(answer: Answer) -> Iterator[tuple[str, Json]]:
    for event in messages_events(answer, "m"):
        data = event.partition(b"data: ")[2].strip()
        yield "chunk", {"bytes": base64.b64encode(data).decode()}


def _conversed(answer: Answer) -> Iterator[tuple[str, Json]]:
    yield "messageStart", {"role": "assistant"}
    if answer.tool:
        start = {"toolUse": {"toolUseId": "t-1", "name": answer.tool}}
        yield "contentBlockStart", {"start": start, "contentBlockIndex": 0}
        for piece in pieces(arguments_of(answer), answer.chunk):
            delta: Json = {"toolUse": {"input": piece}}
            yield "contentBlockDelta", {"delta": delta, "contentBlockIndex": 0}
    else:
        for piece in pieces(answer.text, answer.chunk):
            yield "contentBlockDelta", {"delta": {"text": piece}, "contentBlockIndex": 0}
    yield "contentBlockStop", {"contentBlockIndex": 0}
    yield "messageStop", {"stopReason": "tool_use" if answer.tool else "end_turn"}
    usage = {"inputTokens": 9, "outputTokens": 12, "totalTokens": 21}
    yield "metadata", {"usage": usage, "metrics": {"latencyMs": 1}}


def frame(name: str, body: Json) -> bytes:
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


def mcp(request: Received, answer: Answer) -> Reply:
    """A server of tools over streamable HTTP: its one tool says back what it is given."""
    body = request.json()
    method = body.get("method", "")
    if request.method != "POST" or "id" not in body:
        return Reply("application/json", (b"",), 202 if request.method == "POST" else 405)
    if method == "initialize":
        version = body["params"]["protocolVersion"]
        info = {"name": "notes", "version": "1"}
        result: Json = {
            "protocolVersion": version,
            "capabilities": {"tools": {}},
            "serverInfo": info,
        }
    elif method == "tools/list":
        schema = {"type": "object", "properties": {"note": {"type": "string"}}}
        result = {"tools": [{"name": TOOL, "description": "Keeps.", "inputSchema": schema}]}
    elif method == "tools/call":
        result = {"content": [{"type": "text", "text": answer.text}], "isError": False}
    else:
        fault = {"code": -32601, "message": "Method not found"}
        return whole({"jsonrpc": "2.0", "id": body["id"], "error": fault})
    message = {"jsonrpc": "2.0", "id": body["id"], "result": result}
    if method == "tools/call" and "standin:sse" in json.dumps(body):
        return Reply("text/event-stream", (b"event: message\ndata: " + encode(message) + b"\n\n",))
    return whole(message)


def whole(body: Json) -> Reply:
    """A body of JSON at once."""
    return Reply("application/json", (encode(body),))


DIALECTS: Final[dict[str, Callable[[Received, Answer], Reply]]] = {
    "/v1beta/models/": gemini,
    "/v1/models/": gemini,
    "/v1/chat/completions": mistral,
    "/v2/chat": cohere,
    "/api/chat": ollama,
    "/model/": bedrock,
    "/mcp/": mcp,
}


# -- the server --------------------------------------------------------------------------------


class Models:
    """A context manager that serves while it is open; `received` holds every request."""

    def __init__(self, folder: Path) -> None:
        self.received: list[Received] = []
        self._certificates = Certificates(folder)
        self.ca = self._certificates.ca

    def __enter__(self) -> Self:
        models = self

        class Handler(_Handler):
            received = models.received

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        context = self._certificates.context("localhost")
        context.sni_callback = self._present
        # The handshake is left to the threads: one that stalls must not stop the others.
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _present(self, connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        if name:
            connection.context = self._certificates.context(name)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    received: list[Received]

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = tuple((key.lower(), value) for key, value in self.headers.items())
        request = Received(
            number=len(self.received),
            method=self.command,
            target=self.path,
            headers=headers,
            wire="\n".join(f"{key}: {value}" for key, value in headers).encode(),
            raw=body,
            body=body,
        )
        self.received.append(request)
        say = next((DIALECTS[start] for start in DIALECTS if self.path.startswith(start)), None)
        reply = say(request, script(request)) if say else Reply("text/plain", (b"no",), 404)
        self._send(reply)

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("content-type", reply.kind)
        if len(reply.pieces) == 1:
            self.send_header("content-length", str(len(reply.pieces[0])))
            self.end_headers()
            self.wfile.write(reply.pieces[0])
            return
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for piece in reply.pieces:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    do_POST = do_GET = do_DELETE = _handle

    def log_message(self, format: str, *args: Any) -> None:
        pass
