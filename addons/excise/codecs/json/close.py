"""JSON that was cut off, brought to a valid end: what a broken-off tool call still needs."""

from __future__ import annotations

import re
from typing import Final

_TOKEN: Final = re.compile(
    r'[ \t\n\r]+|"[^"\\]*+(?:\\.[^"\\]*+)*+"|"[\s\S]*|[{}\[\],:]|[^ \t\n\r{}\[\],:"]+', re.DOTALL
)
_OPEN_ESCAPE: Final = re.compile(
    r"(?:[^\\]|\\[^u]|\\u[0-9a-fA-F]{4})*+(\\(?:u([0-9a-fA-F]{0,3}))?)?\Z", re.DOTALL
)
_HIGH_SURROGATE: Final = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\Z")
_LITERALS: Final = ("true", "false", "null")
_CLOSERS: Final = {"{": "}", "[": "]"}

# What may come next, and what brings the place to a valid end.
_VALUE, _FIRST, _KEY, _FIRST_KEY, _COLON, _AFTER = range(6)
_NEEDS: Final = {
    _VALUE: "null",
    _FIRST: "",
    _KEY: '"":null',
    _FIRST_KEY: "",
    _COLON: ":null",
    _AFTER: "",
}


def complete_json(text: str) -> str:
    """What to put behind `text`, the beginning of a JSON text, to make it valid; `{}` behind none.

    Of what cannot be the beginning of JSON the result is not defined.
    """
    if not text.strip(" \t\n\r"):
        return "{}"
    stack: list[str] = []
    state = _VALUE
    suffix = ""
    for match in _TOKEN.finditer(text):
        token = match[0]
        head = token[0]
        if head in " \t\n\r":
            continue
        if head in "{[":
            stack.append(head)
            state = _FIRST_KEY if head == "{" else _FIRST
        elif head in "}]":
            if stack:
                stack.pop()
            state = _AFTER
        elif head == ",":
            state = _KEY if stack and stack[-1] == "{" else _VALUE
        elif head == ":":
            state = _VALUE
        else:
            suffix = _end_of(token) if match.end() == len(text) else ""
            state = _COLON if state in (_KEY, _FIRST_KEY) else _AFTER
    return suffix + _NEEDS[state] + "".join(_CLOSERS[each] for each in reversed(stack))


def _end_of(token: str) -> str:
    """What the last token still needs."""
    if token[0] == '"':
        return "" if _is_closed(token) else _end_of_string(token[1:])
    if token[0].isalpha():
        return next((word[len(token) :] for word in _LITERALS if word.startswith(token)), "")
    return "" if token[-1].isdigit() else "0"


def _is_closed(token: str) -> bool:
    return re.fullmatch(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', token, re.DOTALL) is not None


def _end_of_string(inside: str) -> str:
    match = _OPEN_ESCAPE.match(inside)
    if match is None or match[1] is None:
        # Strict parsers refuse half a surrogate pair.
        return '\\udc00"' if _ends_high(inside) else '"'
    if match[2] is None:
        return '\\"'
    digits = match[2] + "0" * (4 - len(match[2]))
    return digits[len(match[2]) :] + ('\\udc00"' if _is_high(digits) else '"')


def _ends_high(inside: str) -> bool:
    match = _HIGH_SURROGATE.search(inside)
    if match is None:
        return False
    before = inside[: match.start()]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 0


def _is_high(digits: str) -> bool:
    return 0xD800 <= int(digits, 16) < 0xDC00
