"""Clean chat requests of a given size, the same each time or never seen before."""

from __future__ import annotations

import json
import random
from typing import Final

MODEL: Final = "gpt-4o"

_COMMON: Final = """
a about above across after again against all almost along already also always among an and another
any around as ask at away back balance be because become before begin behind believe below best
better between big book both bring build business but by call can carry case cause center change
check children choose city class clear close code cold come common company compare complete
consider contain continue control copy could country course cover create cut daily data day decide
deep describe design detail develop did different direct discuss do does done door down draw drive
during each early earth easy edge eight either else end energy enough even evening ever every
example explain eye face fact fall family far fast father feel few field figure fill final find
fine first five follow food for force form forward found four free friend from front full function
garden gave general get give go good great green ground group grow had half hand happen hard have
head hear heat help here high hold home hope hour house how however hundred idea if important in
include inside instead interest into island issue it its job join just keep kind know land
language large last late later lead learn least leave left less let letter level life light like
line list listen little live local long look lot love low machine made main make many map mark
market may mean measure meet method might mind minute miss model moment month moon more morning
most mother mountain move much music must name near need never new next night no north note
nothing notice now number object of off often old on once one only open or order other our out
over own page paper part pass past pattern people perhaps person picture piece place plan plant
play point possible power present press problem produce product program pull question quick quite
rain reach read ready real reason record remember rest result return right river road room round
rule run same say school science sea season second see seem sentence set seven several shape she
ship short should show side simple since sing sit six size sleep slow small so some song soon
sound south space special stand star start state stay step still stop story street strong study
such summer sun sure system table take talk teach team tell ten test than that the their them then
there these they thing think this those though thought three through time to together too took top
toward town travel tree true try turn two type under understand unit until up us use usual value
very voice wait walk wall want warm was watch water way we week weight well went were west what
when where which while white who whole why will wind winter wish with without woman wonder word
work world would write year yes yet you young
"""
_WORDS: Final = tuple(_COMMON.split())


def prose(size: int, chance: random.Random) -> str:
    """Sentences of common words, about `size` characters."""
    pieces: list[str] = []
    length = 0
    while length < size:
        words = chance.choices(_WORDS, k=chance.randint(6, 16))
        sentence = " ".join(words).capitalize() + "."
        pieces.append(sentence)
        length += len(sentence) + 1
    return " ".join(pieces)[:size]


def request(size: int, chance: random.Random, *, stream: bool = False) -> bytes:
    """A chat request whose body is about `size` bytes."""
    body = {
        "model": MODEL,
        "messages": [
            {"role": "system", "content": "You are a helpful assistant."},
            {"role": "user", "content": prose(max(size - 150, 10), chance)},
        ],
        **({"stream": True} if stream else {}),
    }
    return json.dumps(body).encode()


def requests(size: int, count: int, seed: str, *, fresh: bool) -> list[bytes]:
    """`count` request bodies: all different where `fresh`, else the same one."""
    chance = random.Random(seed)
    if not fresh:
        return [request(size, random.Random(f"{size}"))] * count
    return [request(size, chance) for _ in range(count)]


def answer() -> bytes:
    """A whole chat completion of about a kilobyte."""
    message = {"role": "assistant", "content": prose(700, random.Random("answer"))}
    return json.dumps(
        {
            "id": "chatcmpl-bench",
            "object": "chat.completion",
            "created": 1,
            "model": MODEL,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 200, "completion_tokens": 150, "total_tokens": 350},
        }
    ).encode()


def events(count: int) -> list[bytes]:
    """A streamed chat completion, one word an event."""
    words = prose(count * 8, random.Random("stream")).split()[:count]
    deltas = [{"content": f" {word}"} for word in words]
    sent = [
        b"data: %s\n\n" % json.dumps(
            {
                "id": "chatcmpl-bench",
                "object": "chat.completion.chunk",
                "created": 1,
                "model": MODEL,
                "choices": [{"index": 0, "delta": delta, "finish_reason": None}],
            }
        ).encode()
        for delta in deltas
    ]  # fmt: skip
    return [*sent, b"data: [DONE]\n\n"]
