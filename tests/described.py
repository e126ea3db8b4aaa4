"""Descriptions of tools, as a Chat request offers and an MCP server serves them."""

from __future__ import annotations

import json
from typing import Any

from excise.codecs import DIALECTS
from excise.model import Direction, Segment
from excise.pipeline.reading import DEFAULT_LIMITS, read_message


def offered(words: str, of: str) -> tuple[Segment, ...]:
    """What a Chat request with one tool says; `of` describes its argument."""
    argument = {"type": "object", "properties": {"name": {"type": "string", "description": of}}}
    tool = {"name": "add", "description": words, "parameters": argument}
    body = {"model": "m", "messages": [], "tools": [{"type": "function", "function": tool}]}
    return _segments("openai-chat", Direction.REQUEST, body)


def served(*tools: dict[str, Any]) -> tuple[Segment, ...]:
    """What an MCP server answers to `tools/list`."""
    body = {"jsonrpc": "2.0", "id": 1, "result": {"tools": tools}}
    return _segments("mcp-jsonrpc", Direction.RESPONSE, body)


def listing(cursor: str = "") -> tuple[Segment, ...]:
    """What a client asks an MCP server, for the rest of a list where it names a cursor."""
    params = {"cursor": cursor} if cursor else {}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": params}
    return _segments("mcp-jsonrpc", Direction.REQUEST, body)


def _segments(dialect: str, direction: Direction, body: dict[str, Any]) -> tuple[Segment, ...]:
    raw, media_type = json.dumps(body).encode(), "application/json"
    message = read_message(DIALECTS[dialect], direction, raw, "", DEFAULT_LIMITS, media_type)
    return tuple(message.segments)
