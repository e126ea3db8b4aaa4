"""The official Python clients, fed with the bytes of a stream; nothing leaves the process."""

from __future__ import annotations

from collections.abc import Iterator

import anthropic
import httpx2
import openai
from spelled import WIRE

from excise.codecs.framing.ssejson import SseReader


def _answering(body: bytes) -> httpx2.Client:
    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=body)

    return httpx2.Client(transport=httpx2.MockTransport(answer))


def openai_client(body: bytes) -> openai.OpenAI:
    """A client whose every answer is this stream."""
    return openai.OpenAI(
        api_key="none", base_url="http://model.test/v1", http_client=_answering(body), max_retries=0
    )


def anthropic_client(body: bytes) -> anthropic.Anthropic:
    """A client whose every answer is this stream."""
    return anthropic.Anthropic(
        api_key="none", base_url="http://model.test", http_client=_answering(body), max_retries=0
    )


def ended_everywhere(kind: type[SseReader], fixture: str, notice: str) -> Iterator[bytes]:
    """The stream broken off behind each of its events, and ended there by its reader."""
    body = (WIRE / fixture).read_bytes()
    events = list(kind().feed(body))
    for count in range(len(events) + 1):
        reader = kind()
        out = b""
        for event in list(reader.feed(body))[:count]:
            reader.sent(event)
            out += event.raw
        yield out + reader.close(notice)
