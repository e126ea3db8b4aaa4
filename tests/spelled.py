"""What a client makes of an event stream, read without the product's own code.

Every string of every record is put behind the strings that stood in the same place before:
deltas become texts, and what is said once stays as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from splits import MINT, SECRET

WIRE = Path(__file__).parent / "wire"
FIXTURES = sorted(WIRE.rglob("*.sse"))
NAMES = [f"{path.parent.name}-{path.stem}" for path in FIXTURES]

PLACEHOLDER = "[EMAIL_k3v9x2m7q]"
VALUE = 'bob "b"\\o\né@x.org'
VAULT = {PLACEHOLDER: VALUE}

_WHERE = ("type", "index", "output_index", "content_index", "summary_index")


def records(body: bytes) -> Iterator[str]:
    """The data of every record."""
    text = re.sub("\r\n|\r", "\n", body.decode().removeprefix("\ufeff"))
    for block in text.split("\n\n"):
        lines = [line[5:].removeprefix(" ") for line in block.split("\n") if line[:5] == "data:"]
        if lines:
            yield "\n".join(lines)


def spell(body: bytes) -> dict[tuple[Any, ...], str]:
    """Place → all that was said there, in order."""
    told: dict[tuple[Any, ...], str] = {}
    for data in records(body):
        try:
            value = json.loads(data)
        except ValueError:
            told["data",] = told.get(("data",), "") + data
            continue
        where = tuple(value.get(key) for key in _WHERE)
        if str(where[0]).startswith("content_block_"):
            # A block's text begins where the block does.
            where = ("content_block", *where[1:])
            value = {"block": value.get("content_block") or value.get("delta")}
        for path, text in _leaves(value, ()):
            told[where + path] = told.get(where + path, "") + text
    return told


def _leaves(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            # The tokens of `logprobs` are one text.
            step = item.get("index", position) if isinstance(item, dict) else position
            yield from _leaves(item, (*path, "" if "logprobs" in path[-2:] else step))


def is_json_place(place: tuple[Any, ...], text: str) -> bool:
    """Whether what stands there is JSON itself."""
    return place[-1] in ("arguments", "partial_json") or text.lstrip()[:2] in ('{"', "{}")


def is_signed(place: tuple[Any, ...]) -> bool:
    """Whether the provider signed what stands there."""
    return place[-1] in ("thinking", "signature", "encrypted_content") and place[0] is not None


def redacted(text: str) -> str:
    """The text with its secrets replaced."""
    return SECRET.sub(lambda match: MINT("secret.test", match[0]), text)


def restored(place: tuple[Any, ...], text: str) -> str:
    """The text with the known placeholder replaced."""
    value = json.dumps(VALUE, ensure_ascii=False)[1:-1] if is_json_place(place, text) else VALUE
    return text.replace(PLACEHOLDER, value)


def expected(body: bytes, *changes: Callable[[tuple[Any, ...], str], str]) -> dict[Any, str]:
    """What the client should make of it."""
    told = spell(body)
    for change in changes:
        told = {
            place: text if is_signed(place) else change(place, text) for place, text in told.items()
        }
    return told
