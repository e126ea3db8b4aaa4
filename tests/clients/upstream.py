"""What answers the clients of other providers: a small server over TLS on loopback.

The stand-in's Gemini, Cohere, Bedrock and Ollama, and in shapes of its own Mistral, Bedrock's
`invoke` and MCP, whole and streamed, as their own clients read them.
"""

from __future__ import annotations

import http.server
import json
import ssl
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from excise.rules.fillers import fill
from excise.standin.bedrock import build_frame
from excise.standin.certificates import Certificates
from excise.standin.dialects import (
    chat_events,
    chat_whole,
    find_dialect,
    messages_events,
    messages_whole,
)
from excise.standin.received import Received
from excise.standin.script import TOOL, Answer
from excise.standin.shapes import Json, arguments_of, encode

MARK: Final = "Case "
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


def spoken(request: Received, answer: Answer) -> Reply:
    """What the stand-in's own dialects say."""
    dialect = find_dialect(request.target)
    assert dialect is not None
    if dialect.streams(request):
        return Reply(dialect.media_type, tuple(dialect.events(answer, "m")))
    return whole(dialect.whole(answer, "m"))


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


def bedrock(request: Received, answer: Answer) -> Reply:
    """`invoke` of an Anthropic model, whole and as an event stream; `converse`."""
    action = request.path.rpartition("/")[2]
    if "invoke" not in action:
        return spoken(request, answer)
    if action == "invoke":
        return whole(messages_whole(answer, "m"))
    events = (event.partition(b"data: ")[2].strip() for event in messages_events(answer, "m"))
    return Reply(
        "application/vnd.amazon.eventstream",
        tuple(build_frame("chunk", {"bytes": b64encode(event).decode()}) for event in events),
    )


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
    "/v1beta/models/": spoken,
    "/v1/models/": spoken,
    "/v1/chat/completions": mistral,
    "/v2/chat": spoken,
    "/api/chat": spoken,
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
