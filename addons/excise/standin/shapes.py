"""What every dialect of the stand-in is made of."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from excise.standin.received import Received
from excise.standin.script import Answer

Json = dict[str, Any]
CALL: Final = "call_standin_1"
_TOKEN: Final = re.compile(r"\s?\w{1,6}|\s?[^\w\s]|\s")
EVENTS: Final = "text/event-stream; charset=utf-8"


def asks_to_stream(request: Received) -> bool:
    """Whether the body asks for a stream, as most dialects do."""
    return bool(request.json().get("stream"))


class Dialect(NamedTuple):
    """How one API answers: the whole body, the pieces of a stream and their media type."""

    whole: Callable[[Answer, str], Json]
    events: Callable[[Answer, str], Iterator[bytes]]
    error: Callable[[str], Json]
    media_type: str = EVENTS
    streams: Callable[[Received], bool] = asks_to_stream


def encode(value: Any) -> bytes:
    """JSON as the providers write it: no spaces, UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def pieces(text: str, size: int) -> Iterator[str]:
    """`text` cut into pieces of `size` characters, or of 0 as tokens are; at least one."""
    if not size:
        yield from _TOKEN.findall(text) or [""]
        return
    for start in range(0, max(1, len(text)), size):
        yield text[start : start + size]


def input_of(answer: Answer) -> Json:
    """The arguments of a tool call: the text where it is a JSON object, else a note of it."""
    try:
        given = json.loads(answer.text)
    except ValueError:
        given = None
    return given if isinstance(given, dict) else {"note": answer.text}


def arguments_of(answer: Answer) -> str:
    """The JSON text of a tool call's arguments."""
    return json.dumps(input_of(answer), ensure_ascii=False)
