"""Gemini's `generateContent`, and `streamGenerateContent` as events or as one array in pieces.

Shapes as the official Python and Node clients (google-genai) read them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from excise.standin.script import Answer
from excise.standin.shapes import Dialect, Json, encode, input_of, pieces


def gemini_whole(answer: Answer, model: str) -> Json:
    """`GenerateContentResponse`."""
    return _response(answer, answer.text, "STOP", model)


def gemini_events(answer: Answer, model: str) -> Iterator[bytes]:
    """A response a piece, of which the last says that it is over; a call comes whole."""
    for response in _responses(answer, model):
        yield b"data: " + encode(response) + b"\r\n\r\n"


def gemini_array(answer: Answer, model: str) -> Iterator[bytes]:
    """The same responses as one array."""
    begin = b"["
    for response in _responses(answer, model):
        yield begin + encode(response)
        begin = b"\n,\r\n"
    yield b"\n]\n"


def gemini_error(message: str) -> Json:
    """The error body of Google's APIs."""
    return {"error": {"code": 500, "message": message, "status": "INTERNAL"}}


def _responses(answer: Answer, model: str) -> Iterator[Json]:
    cuts = [answer.text] if answer.tool else list(pieces(answer.text, answer.chunk))
    for number, cut in enumerate(cuts, 1):
        yield _response(answer, cut, "STOP" if number == len(cuts) else "", model)


def _response(answer: Answer, text: str, end: str, model: str) -> Json:
    part: Json = {"text": text}
    if answer.tool:
        part = {"functionCall": {"name": answer.tool, "args": input_of(answer)}}
    content = {"role": "model", "parts": [part]}
    candidate = {"content": content, "index": 0, **({"finishReason": end} if end else {})}
    counts = {"promptTokenCount": 9, "candidatesTokenCount": 12, "totalTokenCount": 21}
    return {"candidates": [candidate], "usageMetadata": counts, "modelVersion": model or "m"}


GEMINI: Final = Dialect(gemini_whole, gemini_events, gemini_error)
GEMINI_EVENTS: Final = GEMINI._replace(streams=lambda request: True)
GEMINI_ARRAY: Final = GEMINI._replace(
    events=gemini_array, media_type="application/json; charset=UTF-8", streams=lambda request: True
)
