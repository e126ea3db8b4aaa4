"""Syntax trees of regular expressions, as `re` itself reads them, and what can be read off them.

Sets of characters are bit masks: bits 0 to 127 are ASCII, bit 128 is everything beyond.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, Final

Node = tuple[Any, Any]
Nodes = Sequence[Node]

BEYOND: Final = 1 << 128
ALL: Final = (1 << 129) - 1
VISIBLE: Final = sum(1 << code for code in range(33, 127))
DIGITS: Final = sum(1 << code for code in b"0123456789")

_MANY: Final = 2_000  # characters of a range that are counted one by one

REPEATS: Final = (op.MAX_REPEAT, op.MIN_REPEAT)
_CLASSES: Final = {
    op.CATEGORY_DIGIT: "0123456789",
    op.CATEGORY_SPACE: " \t\n\r\f\v",
    op.CATEGORY_WORD: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_",
}
_COMPLEMENTS: Final = {
    op.CATEGORY_NOT_DIGIT: op.CATEGORY_DIGIT,
    op.CATEGORY_NOT_SPACE: op.CATEGORY_SPACE,
    op.CATEGORY_NOT_WORD: op.CATEGORY_WORD,
}


class DialectError(ValueError):
    """What the dialect does not allow; the text is a sentence for the author."""


def parse(regex: str, *, ignore_case: bool = False) -> tuple[Nodes, dict[str, int]]:
    """The syntax tree and the numbers of its named groups, or `DialectError`."""
    flags = re.ASCII | re.MULTILINE | (re.IGNORECASE if ignore_case else 0)
    try:
        tree = parser.parse(regex, flags)
    except (re.error, OverflowError, RecursionError) as fault:
        raise DialectError(f"not a regular expression: {fault}.") from None
    if tree.state.flags & ~(flags | re.UNICODE):
        raise DialectError("inline flags are not allowed; use ignore_case.")
    return list(tree), dict(tree.state.groupdict)


def children(node: Node) -> list[Nodes]:
    """The sequences inside a repeat, a group or a branch."""
    kind, value = node
    if kind in REPEATS:
        return [value[2]]
    if kind is op.SUBPATTERN:
        return [value[3]]
    if kind is op.BRANCH:
        return list(value[1])
    return []


def width_of(nodes: Nodes) -> tuple[int, int]:
    """The fewest and the most characters a match may have."""
    low = high = 0
    for kind, value in nodes:
        least, most = 1, 1
        if kind is op.AT:
            least = most = 0
        elif kind in REPEATS:
            inner = width_of(value[2])
            least, most = inner[0] * value[0], inner[1] * int(value[1])
        elif kind is op.SUBPATTERN:
            least, most = width_of(value[3])
        elif kind is op.BRANCH:
            widths = [width_of(branch) for branch in value[1]]
            least, most = min(w[0] for w in widths), max(w[1] for w in widths)
        low, high = low + least, high + most
    return low, high


def mask_of(node: Node) -> int:
    """Every character that may stand anywhere in a match of this node."""
    kind, value = node
    if kind is op.LITERAL:
        return _bit(value)
    if kind is op.NOT_LITERAL:
        return ALL & ~_bit(value) | BEYOND
    if kind is op.ANY:
        return ALL & ~_bit(10)
    if kind is op.IN:
        return set_mask(value)
    return union(mask_of(inner) for child in children(node) for inner in child)


def union(masks: Iterable[int]) -> int:
    """All sets in one."""
    mask = 0
    for each in masks:
        mask |= each
    return mask


def _bit(code: int) -> int:
    return 1 << code if code < 128 else BEYOND


def _category(value: Any) -> int:
    if value in _COMPLEMENTS:
        return ALL & ~_category(_COMPLEMENTS[value])
    return union(_bit(ord(char)) for char in _CLASSES[value])


def set_mask(items: Nodes) -> int:
    """The characters of a class such as `[a-z]`."""
    return _set_mask(tuple(items))


@cache  # few classes are written, each many times
def _set_mask(items: tuple[Node, ...]) -> int:
    mask, negated = 0, False
    for kind, value in items:
        if kind is op.NEGATE:
            negated = True
        elif kind is op.LITERAL:
            mask |= _bit(value)
        elif kind is op.RANGE:
            low, high = value
            mask |= union(1 << code for code in range(low, min(high, 127) + 1))
            mask |= BEYOND if high > 127 else 0
        else:
            mask |= _category(value)
    return (ALL & ~mask) | BEYOND if negated else mask


def members_beyond(node: Node) -> list[int] | None:
    """The characters beyond ASCII of a set, or None where those are not counted by name."""
    kind, value = node
    if not mask_of(node) & BEYOND:
        return []
    members: list[int] = []
    for part, what in value if kind is op.IN else [node]:
        if part is op.LITERAL:
            members.append(what)
        elif part is op.RANGE and what[1] - what[0] < _MANY:
            members += range(what[0], what[1] + 1)
        elif part is not op.CATEGORY or set_mask([(part, what)]) & BEYOND:
            return None
    if any(0xD800 <= code < 0xE000 for code in members):
        return None
    return [code for code in members if code > 127]


def first_characters(nodes: Nodes) -> tuple[int, bool]:
    """Which characters a match may begin with, and whether it may be empty."""
    mask = 0
    for node in nodes:
        inner, empty = _first_of(node)
        mask |= inner
        if not empty:
            return mask, False
    return mask, True


def _first_of(node: Node) -> tuple[int, bool]:
    kind, value = node
    if kind is op.AT:
        return 0, True
    inner = children(node)
    if not inner:
        return mask_of(node), False
    firsts = [first_characters(child) for child in inner]
    empty = any(each[1] for each in firsts) or (kind in REPEATS and value[0] == 0)
    return union(each[0] for each in firsts), empty


def last_characters(regex: str, *, ignore_case: bool = False) -> int:
    """The set of characters a match may end with, as bits; bit 128 is all beyond ASCII."""
    mask = _last(parse(regex, ignore_case=ignore_case)[0])[0]
    for code in range(ord("a"), ord("z") + 1) if ignore_case else ():
        either = 1 << code | 1 << code - 32
        mask |= either if mask & either else 0
    return mask


def _last(nodes: Nodes) -> tuple[int, bool]:
    mask = 0
    for node in reversed(nodes):
        kind, value = node
        if kind is op.AT:
            continue
        lasts = [_last(child) for child in children(node)] or [(mask_of(node), False)]
        mask |= union(each[0] for each in lasts)
        if not any(each[1] for each in lasts) and not (kind in REPEATS and value[0] == 0):
            return mask, False
    return mask, True


def bounded(nodes: Nodes, most: int) -> list[Node]:
    """The nodes with `most` for a missing bound, and without look-around."""
    kept: list[Node] = []
    for kind, value in nodes:
        if kind in (op.ASSERT, op.ASSERT_NOT):
            continue
        if kind in REPEATS:
            low, high, body = value
            high = max(low, most) if high is op.MAXREPEAT else high
            kept.append((kind, (low, high, bounded(body, most))))
        elif kind is op.SUBPATTERN:
            kept.append((kind, (*value[:3], bounded(value[3], most))))
        elif kind is op.BRANCH:
            kept.append((kind, (value[0], [bounded(branch, most) for branch in value[1]])))
        else:
            kept.append((kind, value))
    return kept
