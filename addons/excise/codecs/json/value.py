"""A JSON text as values that keep what a dict would lose: repeated keys, order, number spelling."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final, NoReturn

from excise.errors import Unreadable

LONG_NUMBER: Final = 6
"""Numbers of at least so many characters are addressable: cards and phones travel as numbers."""

Pairs = tuple[tuple[str, Any], ...]
"""An object as parsed: its members in order, repeated keys kept. An array is a list, a number
its spelling as bytes."""

_BOM: Final = b"\xef\xbb\xbf"
_WIDE_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")
_LONGEST_INTEGER: Final = 4000  # Python converts no more than 4300 digits
_SPACE: Final = re.compile(r"[ \t\n\r]*")


def parse_json(body: bytes, many: bool) -> tuple[tuple[Any, ...], bool]:
    """The values in a body, and whether a byte order mark stood in front of them.

    One value, or with `many` one or more separated by white space. Raises `Unreadable`.
    """
    bom = body.startswith(_BOM)
    # The exception is raised outside of the handlers: theirs carries the text.
    reason = "malformed"
    try:
        text = (body[3:] if bom else body).decode()
        documents = tuple(_documents(text)) if many else (_DECODER.decode(text),)
    except UnicodeDecodeError:
        reason = "charset"
    except RecursionError:
        reason = "depth"
    except (ValueError, Unreadable):
        # UTF-16 and UTF-32 in ASCII are valid UTF-8, full of NULs.
        reason = "charset" if b"\0" in body[:4] else "malformed"
    else:
        if documents:
            return documents, bom
    if body.startswith(_WIDE_BOMS):
        reason = "charset"
    raise Unreadable(reason)


def _documents(text: str) -> Iterator[Any]:
    at = _after_space(text, 0)
    while at < len(text):
        value, end = _DECODER.raw_decode(text, at)
        yield value
        at = _after_space(text, end)
        if at == end < len(text):
            raise Unreadable("malformed")


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _refuse_constant(_: str) -> NoReturn:
    raise Unreadable("malformed")


# Built-in hooks keep the parser in C: an object becomes a tuple of pairs, a number its spelling.
_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=tuple,
    parse_int=str.encode,
    parse_float=str.encode,
    parse_constant=_refuse_constant,
)


def member(node: Any, *keys: str) -> Any:
    """The value at the end of a chain of object keys in a parsed document, the last of repeated
    ones; None where a step is missing."""
    for key in keys:
        if type(node) is not tuple:
            return None
        node = next((value for name, value in reversed(node) if name == key), None)
    return node


def item(node: Any, position: Any) -> Any:
    """The item of a parsed array at a position; None where there is none. Of a member that stands
    twice only the last is in hand, so that a path may lead nowhere."""
    if type(node) is list and type(position) is int and position < len(node):
        return node[position]
    return None


def whole_number(value: Any) -> int | None:
    """A parsed number as a count, or None where it is none."""
    return int(value) if type(value) is bytes and value.isdigit() and len(value) < 16 else None


def plain_value(node: Any) -> Any:
    """A parsed value as dicts (the last of repeated keys wins), lists, strings and numbers."""
    kind = type(node)
    if kind is tuple:
        return {key: plain_value(value) for key, value in node}
    if kind is list:
        return [plain_value(item) for item in node]
    if kind is bytes:
        whole = node.lstrip(b"-").isdigit() and len(node) < _LONGEST_INTEGER
        return int(node) if whole else float(node)
    return node
