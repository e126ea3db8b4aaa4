"""MCP: calls and results in both directions, and errors that answer the calls they refuse."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dialect_cases import read, where

from excise.codecs.base import Asked
from excise.codecs.dialects.mcp_jsonrpc import REFUSED, McpJsonrpc
from excise.codecs.dialects.mcp_jsonrpc_stream import McpJsonrpcStream
from excise.model import Direction, Refusal, RefusalClass

NAME = "mcp-jsonrpc"


def message(**fields: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, **fields}


@pytest.mark.parametrize(
    ("body", "part", "label"),
    [
        (message(method="tools/call", params={"arguments": {"a": "X"}}), "tool-arguments", "a"),
        (message(method="tools/call", params={"name": "X"}), "metadata", "name"),
        (message(params={"argument": {"value": "X"}}), "tool-arguments", "value"),
        (message(result={"content": [{"type": "text", "text": "X"}]}), "tool-result", ""),
        (message(result={"content": {"type": "text", "text": "X"}}), "tool-result", ""),
        (message(result={"action": "accept", "content": {"mail": "X"}}), "tool-result", "mail"),
        (message(result={"roots": [{"uri": "X"}]}), "tool-result", "uri"),
        (message(method="X"), "metadata", "method"),
    ],
)
def test_what_goes_to_a_server(body: Any, part: str, label: str) -> None:
    for sent in (body, [body]):
        assert where(read(NAME, sent)) == [("user", part, label)]


@pytest.mark.parametrize(
    ("result", "role", "part", "label"),
    [
        ({"content": [{"type": "text", "text": "X"}]}, "tool", "tool-result", ""),
        ({"content": [{"resource": {"text": "X"}}]}, "tool", "document", ""),
        ({"structuredContent": {"a": "X"}}, "tool", "tool-result", "a"),
        ({"contents": [{"text": "X"}]}, "tool", "document", ""),
        ({"tools": [{"description": "X"}]}, "system", "tool-definition", "description"),
        ({"messages": [{"role": "user", "content": {"text": "X"}}]}, "user", "prompt", ""),
        ({"instructions": "X"}, "system", "prompt", ""),
    ],
)
def test_results(result: Any, role: str, part: str, label: str) -> None:
    reading = read(NAME, message(result=result), Direction.RESPONSE)
    assert where(reading) == [(role, part, label)]


def test_what_else_comes_from_a_server() -> None:
    error = message(error={"code": 1, "message": "X"})
    assert where(read(NAME, error, Direction.RESPONSE)) == [("tool", "tool-result", "")]
    params = {"messages": [{"role": "assistant", "content": {"text": "X"}}]}
    asked = message(method="sampling/createMessage", params=params)
    assert where(read(NAME, asked, Direction.RESPONSE)) == [("assistant", "prompt", "")]


REFUSAL = Refusal(cls=RefusalClass.POLICY, reference="r-1", message="No r-1.")
ERROR = {"code": REFUSED, "message": "No r-1."}


@pytest.mark.parametrize(
    ("request_body", "ids", "status"),
    [
        (message(method="tools/call"), [1], 200),
        ({**message(method="tools/call"), "id": "a"}, ["a"], 200),
        ([message(method="a"), {"method": "note"}, {"id": 2, "method": "b"}], [1, 2], 200),
        ({"method": "notifications/initialized"}, [None], 400),
        (message(result={}), [None], 400),
        ("text", [None], 400),
    ],
)
def test_refusals(request_body: Any, ids: list[Any], status: int) -> None:
    reply = McpJsonrpc(McpJsonrpcStream).refuse(
        REFUSAL, Asked(body=json.dumps(request_body).encode())
    )
    assert reply.status == status
    document = json.loads(reply.body)
    errors = document if isinstance(document, list) else [document]
    assert errors == [{"jsonrpc": "2.0", "id": call, "error": ERROR} for call in ids]


def test_a_refusal_without_its_request() -> None:
    for request_body in (b"", b"{", b"\xff"):
        reply = McpJsonrpc(McpJsonrpcStream).refuse(REFUSAL, Asked(body=request_body))
        assert (reply.status, json.loads(reply.body)["id"]) == (400, None)
