"""What a long session costs to look at, and what reading bodies costs by itself.

A client sends the whole of a conversation with each turn; what was looked at before is known.
"""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from excise.cli.bench_text import mixed
from excise.codecs import DIALECTS
from excise.model import Segment

TURNS: Final = 100
TURN: Final = 5_000  # bytes that each turn adds
BODIES: Final = (10_000, 100_000, 3_500_000)
LAST_TURN: Final = 1.5  # how many times a first turn the last one may cost
_EDGE: Final = 5  # turns at the beginning and at the end that are compared

Look = Callable[[Sequence[Segment]], object]


def last_turn(look: Look, dice: random.Random, sessions: int = 3) -> dict[str, float]:
    """Milliseconds for a first and for a last turn, and how many times more the last one takes:
    medians over sessions and over the turns at either end."""
    first: list[float] = []
    last: list[float] = []
    for _ in range(sessions):
        times = [_timed(look, segments) for segments in turns(dice)]
        first += times[:_EDGE]
        last += times[-_EDGE:]
    begun, ended = statistics.median(first), statistics.median(last)
    return {"first": round(begun, 2), "last": round(ended, 2), "ratio": round(ended / begun, 2)}


def turns(dice: random.Random, count: int = TURNS) -> Iterator[tuple[Segment, ...]]:
    """What is read of each request of one session."""
    messages: list[dict[str, str]] = []
    for number in range(count):
        role = "assistant" if number % 2 else "user"
        messages.append({"role": role, "content": mixed(TURN, dice)})
        yield DIALECTS["openai-chat"].read_request(_body(messages)).segments


def codec(dice: random.Random, bodies: Sequence[int] = BODIES) -> dict[int, float]:
    """Milliseconds to read a chat of so many bytes that holds nothing: the least of several."""
    cost = {}
    for size in bodies:
        body = _body([{"role": "user", "content": mixed(TURN, dice)}] * max(1, size // TURN))
        times = [_timed(DIALECTS["openai-chat"].read_request, body) for _ in range(5)]
        cost[size] = round(min(times), 3)
    return cost


def _body(messages: Sequence[dict[str, str]]) -> bytes:
    return json.dumps({"model": "gpt-4o", "messages": messages}, ensure_ascii=False).encode()


def _timed(work: Callable[[Any], object], given: Any) -> float:
    began = time.perf_counter()
    work(given)
    return (time.perf_counter() - began) * 1000
