"""An MCP server over streamable HTTP: the text of the answer is the `result` of every call."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from excise.standin.received import Received
from excise.standin.script import Answer
from excise.standin.shapes import Dialect, Json, encode


def mcp_whole(answer: Answer, model: str) -> Json:
    """The answer of a call; a text that is no JSON object is the one text of a tool's result."""
    try:
        given = json.loads(answer.text)
    except ValueError:
        given = None
    content = [{"type": "text", "text": answer.text}]
    result = given if isinstance(given, dict) else {"content": content}
    return {"jsonrpc": "2.0", "id": 1, "result": result}


def mcp_events(answer: Answer, model: str) -> Iterator[bytes]:
    """A notification, and then the answer."""
    notice = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info"}}
    for message in (notice, mcp_whole(answer, model)):
        yield b"event: message\ndata: " + encode(message) + b"\n\n"


def mcp_error(message: str) -> Json:
    """The error of a call."""
    return {"jsonrpc": "2.0", "id": 1, "error": {"code": -32603, "message": message}}


def asks_for_events(request: Received) -> bool:
    """Whether a client takes nothing but events; a server may choose where it takes both."""
    return request.header("accept") == "text/event-stream"


MCP: Final = Dialect(mcp_whole, mcp_events, mcp_error, streams=asks_for_events)
