"""Ollama's `/api/chat`, whole or a line of JSON a piece, as its official client reads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from excise.standin.script import Answer
from excise.standin.shapes import Dialect, Json, encode, input_of, pieces

STAMP: Final = "2026-01-01T00:00:00Z"


def ollama_whole(answer: Answer, model: str) -> Json:
    """The answer of a chat."""
    return _line(answer, answer.text, model, done=True)


def ollama_lines(answer: Answer, model: str) -> Iterator[bytes]:
    """A line a piece, and one that says that it is over; a call comes whole."""
    for cut in [answer.text] if answer.tool else pieces(answer.text, answer.chunk):
        yield encode(_line(answer, cut, model)) + b"\n"
    yield encode(_line(answer, "", model, done=True)) + b"\n"


def ollama_error(message: str) -> Json:
    """The error body of Ollama's API."""
    return {"error": message}


def _line(answer: Answer, text: str, model: str, *, done: bool = False) -> Json:
    message: Json = {"role": "assistant", "content": "" if answer.tool else text}
    if answer.tool and text:
        call = {"name": answer.tool, "arguments": input_of(answer)}
        message["tool_calls"] = [{"function": call}]
    body = {"model": model, "created_at": STAMP, "message": message, "done": done}
    counts = {"done_reason": "stop", "prompt_eval_count": 9, "eval_count": 12}
    return {**body, **(counts if done else {})}


OLLAMA: Final = Dialect(
    ollama_whole,
    ollama_lines,
    ollama_error,
    media_type="application/x-ndjson",
    streams=lambda request: request.json().get("stream") is not False,
)
