"""Cohere's `/v2/chat`, in the shapes that the official Python client reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from excise.standin.script import Answer
from excise.standin.shapes import CALL, Dialect, Json, arguments_of, encode, pieces

USAGE: Final = {"billed_units": {"input_tokens": 9, "output_tokens": 12}}


def cohere_whole(answer: Answer, model: str) -> Json:
    """The answer of a chat."""
    message: Json = {"role": "assistant", "content": [{"type": "text", "text": answer.text}]}
    if answer.tool:
        call = _call(answer, arguments_of(answer))
        message = {"role": "assistant", "tool_plan": "Noting.", "tool_calls": [call]}
    return {"id": "c-1", "message": message, "finish_reason": _end(answer), "usage": USAGE}


def cohere_events(answer: Answer, model: str) -> Iterator[bytes]:
    """The named events of one answer."""
    empty: Json = {"content": [], "tool_plan": "", "tool_calls": [], "citations": []}
    yield _event("message-start", {"message": {"role": "assistant", **empty}}, id="c-1")
    yield from _steps(answer)
    yield _event("message-end", {"finish_reason": _end(answer), "usage": USAGE})


def cohere_error(message: str) -> Json:
    """The error body of Cohere's API."""
    return {"id": "e-1", "message": message}


def _steps(answer: Answer) -> Iterator[bytes]:
    if answer.tool:
        yield _event("tool-call-start", {"message": {"tool_calls": _call(answer, "")}}, index=0)
        for piece in pieces(arguments_of(answer), answer.chunk):
            part = {"tool_calls": {"function": {"arguments": piece}}}
            yield _event("tool-call-delta", {"message": part}, index=0)
        yield _event("tool-call-end", index=0)
        return
    begin = {"content": {"type": "text", "text": ""}}
    yield _event("content-start", {"message": begin}, index=0)
    for piece in pieces(answer.text, answer.chunk):
        yield _event("content-delta", {"message": {"content": {"text": piece}}}, index=0)
    yield _event("content-end", index=0)


def _event(kind: str, delta: Json | None = None, **rest: Any) -> bytes:
    body = {"type": kind, **rest, **({} if delta is None else {"delta": delta})}
    return b"event: " + kind.encode() + b"\ndata: " + encode(body) + b"\n\n"


def _call(answer: Answer, arguments: str) -> Json:
    function = {"name": answer.tool, "arguments": arguments}
    return {"id": CALL, "type": "function", "function": function}


def _end(answer: Answer) -> str:
    return "TOOL_CALL" if answer.tool else "COMPLETE"


COHERE: Final = Dialect(cohere_whole, cohere_events, cohere_error)
