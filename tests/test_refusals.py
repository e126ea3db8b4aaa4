"""What a refused client is given: by dialect, before a stream and inside of one, for every class.

Before: a status nobody retries, `x-should-retry: false`, and the provider's own error shape.
Inside: the notice as text of the answer, and the provider's own clean ending.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from census import STREAMS
from framings import FRAMINGS, load_events
from planted import planted_policy
from walled import HOSTS, chat, exchange, firewall

from excise.codecs import DIALECTS
from excise.codecs.base import Asked
from excise.enforce.block import CLASSIC, MESSAGES, build_refusal
from excise.model import Action, Answer, RefusalClass
from excise.pipeline.answers import AnswerStream
from excise.pipeline.firewall import Firewall

OPENAI = {"error": {"message": "M", "type": "T", "param": None, "code": "excise_C"}}
MISTRAL = {"object": "error", "message": "M", "type": "T", "param": None, "code": "excise_C"}
GEMINI = {"error": {"code": "S", "message": "M", "status": "G", "details": []}}
AWS = {"message": "M"}
# M: the message, T: OpenAI's type, C: the class, S: the status, G: Google's status, R: the
# reference, A: Anthropic's type.
SHAPES: dict[str, Any] = {
    "openai-chat": OPENAI,
    "openai-responses": OPENAI,
    "openai-assistants": OPENAI,
    "openai-realtime": OPENAI,
    "generic-json": OPENAI,
    "mistral-chat": MISTRAL,
    "mistral-conversations": MISTRAL,
    "anthropic-messages": {
        "type": "error",
        "error": {"type": "A", "message": "M"},
        "request_id": "R",
    },
    "gemini-content": GEMINI,
    "gemini-stream": GEMINI,
    "gemini-live": GEMINI,
    "ollama-chat": {"error": "M"},
    "cohere-chat": {"id": "R", "message": "M"},
    "bedrock-converse": AWS,
    "bedrock-invoke": AWS,
    "bedrock-agents": AWS,
    "mcp-jsonrpc": {"jsonrpc": "2.0", "id": None, "error": {"code": -32000, "message": "M"}},
    "grpc": {"code": "permission_denied", "message": "M"},
}
TYPES = {
    "T": {400: "invalid_request_error", 429: "rate_limit_error", 500: "server_error"},
    "A": {400: "invalid_request_error", 403: "permission_error", 429: "rate_limit_error",
          500: "api_error"},
    "G": {400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED", 429: "RESOURCE_EXHAUSTED",
          500: "INTERNAL"},
}  # fmt: skip

AMAZON = {
    400: "ValidationException",
    403: "AccessDeniedException",
    429: "ThrottlingException",
    500: "InternalServerException",
}


def filled(shape: Any, cls: RefusalClass, status: int) -> Any:
    """A shape with what its letters stand for."""
    if isinstance(shape, dict):
        return {key: filled(value, cls, status) for key, value in shape.items()}
    if isinstance(shape, str) and shape in TYPES:
        return TYPES[shape].get(status, TYPES[shape][400])
    if not isinstance(shape, str):
        return shape
    told = {"M": f"{MESSAGES[cls]} Reference: r-1.", "R": "r-1", "S": status}
    return told.get(shape, shape.replace("_C", f"_{cls}"))


def test_every_dialect_has_its_shape() -> None:
    assert set(SHAPES) >= set(DIALECTS)


@pytest.mark.parametrize("classic", [False, True])
@pytest.mark.parametrize("cls", RefusalClass)
@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_before_the_stream(name: str, cls: RefusalClass, classic: bool) -> None:
    reply = DIALECTS[name].refuse(build_refusal(cls, "r-1", classic=classic))
    status = CLASSIC[cls] if classic or cls is RefusalClass.LIMIT else 400
    assert reply.status == status
    assert json.loads(reply.body) == filled(SHAPES[name], cls, status)
    headers = dict(reply.headers)
    assert headers["content-type"] == "application/json"
    assert headers["x-should-retry"] == "false"
    assert headers["x-excise-reference"] == "r-1"
    if name == "anthropic-messages":
        assert headers["request-id"] == "r-1"
    if name.startswith("bedrock"):
        assert headers["x-amzn-errortype"] == AMAZON[status]


@pytest.mark.parametrize("cls", RefusalClass)
def test_where_the_shape_depends_on_what_was_asked(cls: RefusalClass) -> None:
    refusal = build_refusal(cls, "r-1")
    call = b'{"jsonrpc":"2.0","id":7,"method":"tools/call"}'
    mcp = DIALECTS["mcp-jsonrpc"].refuse(refusal, Asked(body=call))
    assert (mcp.status, json.loads(mcp.body)["id"]) == (200, 7)
    array = DIALECTS["gemini-stream"].refuse(
        refusal, Asked("/v1beta/models/m:streamGenerateContent")
    )
    assert json.loads(array.body) == [filled(GEMINI, cls, refusal.status)]
    grpc = DIALECTS["grpc"].refuse(refusal, Asked(media_type="application/grpc"))
    assert (grpc.status, dict(grpc.headers)["grpc-status"]) == (200, "7")


# -- inside --------------------------------------------------------------------------------------


def _named(kind: str) -> Callable[[Any], bool]:
    return lambda event: event.get("type") == kind


ENDINGS: dict[str, Callable[[Any], bool]] = {
    "openai-chat": lambda event: event["choices"][0]["finish_reason"] == "content_filter",
    "mistral-chat": lambda event: event["choices"][0]["finish_reason"] == "content_filter",
    "openai-responses": _named("response.completed"),
    "anthropic-messages": lambda event: (
        event.get("type") == "message_stop" or event.get("stop_reason") == "stop_sequence"
    ),
    "gemini-content": lambda event: "SAFETY" in json.dumps(event),
    "gemini-stream": lambda event: "SAFETY" in json.dumps(event),
    "ollama-chat": lambda event: event["done"] is True and event["done_reason"] == "stop",
    "cohere-chat": lambda event: "COMPLETE" in json.dumps(event),
    "mcp-jsonrpc": lambda event: event["error"]["code"] == -32000,
    "mistral-conversations": _named("conversation.response.done"),
    "openai-assistants": lambda event: event["object"] == "thread.message.delta",
    "bedrock-converse": lambda event: event["messageStop"]["stopReason"] == "guardrail_intervened",
    "bedrock-invoke": lambda event: bool(
        re.search(r"guardrail_intervened|message_stop|content_filter|stop_?[rR]eason", str(event))
    ),
    "bedrock-agents": lambda event: "bytes" in event["chunk"],
    "generic-json": lambda event: True,
}
GARBAGE = {
    "sse": b"data: \xff\n\n",
    "named": b"data: \xff\n\n",
    "array": b",\xff",
    "lines": b"\xff\n",
    "converse": b"\0" * 64,
    "agents": b"\0" * 64,
    "chunks": b"\0" * 64,
}
CASES = [
    (dialect, folder or dialect, framing, host, target, name)
    for dialect, folder, framing, host, target, names in STREAMS
    for name in names
]
each_stream = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[5]}")


def stopping(at_secrets: bool) -> Firewall:
    """A firewall that stops at what it cannot read, and perhaps at every secret."""
    policy = planted_policy(uninspectable=Action.BLOCK)
    action = Action.BLOCK if at_secrets else Action.REDACT
    rules = {name: replace(rule, action=action) for name, rule in policy.rules.items()}
    return firewall(policy=replace(policy, rules=rules), catalogue=HOSTS)


def opened(case: tuple[str, ...], *, at_secrets: bool = False) -> tuple[AnswerStream, list[bytes]]:
    dialect, folder, framing, host, target, name = case
    wall = stopping(at_secrets)
    sent = exchange(chat("x"), host=host, target=target)
    context = wall.inspect_request(sent).context
    assert context.dialect.name == dialect
    head = (("content-type", FRAMINGS[framing].media_type),)
    stream = wall.open_stream(sent, Answer(status=200, headers=head), context)
    assert stream is not None
    reader = context.dialect.open_stream(FRAMINGS[framing].media_type)
    assert reader is not None
    body = FRAMINGS[framing].write(load_events(folder, name))
    return stream, [event.raw for event in reader.feed(body)]


def ended(case: tuple[str, ...], out: bytes, cls: RefusalClass) -> None:
    """The client sees the notice, and an end that is the provider's own."""
    events = FRAMINGS[case[2]].read(out)
    assert MESSAGES[cls][:40] in json.dumps(events, ensure_ascii=False)
    assert ENDINGS[case[0]](events[-1])


@each_stream
def test_a_leak_inside_a_stream(case: tuple[str, ...]) -> None:
    stream, raws = opened(case, at_secrets=True)
    step = stream.feed(b"".join(raws))
    if not step.closed:
        step = replace(stream.finish(), data=step.data)
    assert step.closed
    assert b"SECRET-12345678" not in step.data
    if case[0] != "generic-json":  # which knows no ending, and no event before one was sent
        ended(case, step.data, RefusalClass.LEAK)


@each_stream
def test_a_fault_inside_a_stream(case: tuple[str, ...]) -> None:
    stream, raws = opened(case)
    out = stream.feed(raws[0]).data
    ending = stream.close("r-1", RefusalClass.FAULT)
    if case[0] != "generic-json":
        ended(case, out + ending, RefusalClass.FAULT)
        assert b"r-1" in ending or b"r-1" in str(FRAMINGS[case[2]].read(out + ending)).encode()


@each_stream
def test_what_cannot_be_read_inside_a_stream(case: tuple[str, ...]) -> None:
    stream, raws = opened(case)
    out = stream.feed(raws[0]).data
    step = stream.feed(GARBAGE[case[2]])
    step = step if step.closed else stream.finish()
    assert step.closed
    if case[0] != "generic-json":
        ended(case, out + step.data, RefusalClass.UNINSPECTABLE)
