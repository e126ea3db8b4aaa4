"""Texts to measure with: clean chat requests, mixed texts, and texts made to be costly."""

from __future__ import annotations

import json
import random
from typing import Final

from excise.rules.fillers import fill

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


_CODE: Final = (
    "def {0}_{1}(self, {2}):\n    return self.{3}({2}) + {4}\n",
    "    if ({0}.{1} !== {4}) {{ {2}.push({3}); }}\n",
    "import {0}.{1} as {2}\n",
    "  - {0}: {1}\n    {2}: {4}\n",
)
_ROW: Final = '{{"{0}": "{1} {2}", "{3}": {4}}},\n'
_MAIL: Final = "From: {0}.{1}@{2}.example\nSubject: {3} {1}\n\nDear {0},\n"
# What is found in mixed text, about one in five kilobytes.
_PLANTS: Final = (
    "export TOKEN=ghp_{alnum:36}\n",
    'password = "{alnum:14}"\n',
    "card {pan:visa:4 4 4 4}\n",
    "iban {iban:DE}\n",
    "call {phone:+DE} or write to {lower:6}@{lower:8}.com\n",
)


def mixed(size: int, chance: random.Random) -> str:
    """Prose, code, JSON and mail in turns, with some values to be found and many words nobody has
    seen before; exactly `size` characters."""
    pieces: list[str] = []
    length = planted = 0
    while length < size:
        words = [*chance.choices(_WORDS, k=4), str(chance.randrange(10**5))]
        words[chance.randrange(4)] += chance.choice(_WORDS)[:3]
        shape = chance.choice((*_CODE, _ROW, _MAIL, ""))
        piece = shape.format(*words) if shape else prose(400, chance) + "\n"
        if length > planted:
            piece += fill(chance.choice(_PLANTS), f"bench {chance.random()}")
            planted = length + 5_000
        pieces.append(piece)
        length += len(piece)
    return "".join(pieces)[:size]


def hostile(size: int) -> dict[str, str]:
    """Texts made to be costly, each a little longer than it need be so that it can be cut."""
    seeds = {
        "digits": "4111 1111 ",
        "digits without a gap": "4111",
        "braces": "{",
        "beginnings of a key": "sk-ant-api03-",
        "assignments": "api_key=",
        "beginnings of a private key": "-----BEGIN RSA PRIVATE KEY-----\n",
        "beginnings of a token": "eyJhbGciOi",
        "at signs": "a@",
        "dots": "a.",
        "base64": "QUtJQUlPU0ZPRE5ON0VYQU1QTEU",
        "percent signs": "%41",
        "entities": "&#65;",
        "escapes": "\\u0041",
        "invisible characters": "a\u200b",
        "look-alikes": "\u0430b",
        "spaced letters": "a b c ",
        "number words": "one two ",
        "capitals": "Ab ",
        "street numbers": "12 Ab Street ",
        "words of Cyrillic": "\u0441\u044a\u0435\u0448\u044c \u0435\u0449\u0451, ",
        "Chinese": "\u5929\u5730\u7384\u9ec4\u5b87\u5b99\u6d2a\u8352",
        "full width": "\uff34\uff48\uff45 \uff51\uff55\uff49\uff43\uff4b ",
        "digits of full width": "\uff11\uff12\uff13\uff14 \uff15\uff16 ",
        "bytes in hex": "41 ",
        "addresses of hosts": "1.2.3.4.",
        "logins": "login: a / ",
        "calls": 'setPassword("',
        "password files": "a:*:b:",
        "commands": "curl -u ",
        "passwords": "password=",
        "cards with codes": "4111111111111111,123\n",
        "equals signs": "=41x",
        "percent signs apart": "%41x",
        "rows of tables": "ssn,pin\n1,2\n",
        "rows that nothing closes": "(ssn,pin) VALUES ('" + "\\'" * 2000,
    }
    return {name: (seed * (size // len(seed) + 1))[:size] for name, seed in seeds.items()}


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
