"""Streamed answers of MCP servers: every event is a whole JSON-RPC message.

Shapes: Model Context Protocol specification, transports. Notifications and calls of the server
may come before the answer; the stream of one call ends with its answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from excise.codecs.base import Label, StreamEvent
from excise.codecs.dialects.mcp_jsonrpc import (
    RESPONSE_ROOT,
    build_error,
    label_response,
    messages_of,
)
from excise.codecs.framing.ssejson import SseEvent, SseReader, write_json
from excise.codecs.json.value import member, plain_value
from excise.codecs.labels import Labeler
from excise.model import Edit


class McpJsonrpcStream(SseReader):
    """Reads messages; ends with an error for every call whose answer was read and withheld."""

    codec = "mcp-jsonrpc"
    labeler: Labeler = label_response
    root: Label = RESPONSE_ROOT

    def __init__(self) -> None:
        super().__init__()
        self._withheld: dict[Any, None] = {}
        self._answered = self._over = False

    def shape(self, event: SseEvent) -> None:
        """All texts are whole; note which calls are answered here."""
        self._withheld |= dict.fromkeys(_answers_in(event.document))

    def sent(self, event: StreamEvent, edits: Sequence[Edit] = ()) -> None:
        """Note what the client was given."""
        for call in _answers_in(cast(SseEvent, event).document):
            self._withheld.pop(call, None)
            self._answered = True

    def close(self, notice: str) -> bytes:
        """An error for the calls that wait; with the id null where none is known, which is no
        more than a line in the client's log."""
        if self._over or (self._answered and not self._withheld):
            return b""
        self._over = True
        errors = [build_error(call, notice) for call in self._withheld or (None,)]
        return b"".join(b"event: message\ndata: " + write_json(each) + b"\n\n" for each in errors)


def _answers_in(document: Any) -> list[Any]:
    """The ids of the calls that a record answers."""
    return [
        plain_value(member(message, "id"))
        for message in messages_of(document)
        if type(member(message, "id")) in (str, bytes) and member(message, "method") is None
    ]
