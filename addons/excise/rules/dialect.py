"""The regex dialect of packs, read from its syntax tree.

A pattern must be able to run on an engine without backtracking, have a bounded width and no
group that matches one text in two ways. From the same tree comes what the detectors need:
widths, literals every match contains, a Hyperscan spelling of the part that goes first, and
whether text from the span's start on is one unbroken word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, Final

Node = tuple[Any, Any]
Nodes = Sequence[Node]

# Sets of characters as bit masks: bits 0 to 127 are ASCII, bit 128 is everything beyond.
BEYOND: Final = 1 << 128
ALL: Final = (1 << 129) - 1
VISIBLE: Final = sum(1 << code for code in range(33, 127))

_CLASSES: Final = {
    op.CATEGORY_DIGIT: ("\\d", "0123456789"),
    op.CATEGORY_SPACE: ("\\s", " \t\n\r\f\v"),
    op.CATEGORY_WORD: (
        "\\w",
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_",
    ),
}
_COMPLEMENTS: Final = {
    op.CATEGORY_NOT_DIGIT: ("\\D", op.CATEGORY_DIGIT),
    op.CATEGORY_NOT_SPACE: ("\\S", op.CATEGORY_SPACE),
    op.CATEGORY_NOT_WORD: ("\\W", op.CATEGORY_WORD),
}
_ANCHORS: Final = {op.AT_BOUNDARY: "\\b", op.AT_BEGINNING: "^", op.AT_END: "$"}
_REPEATS: Final = (op.MAX_REPEAT, op.MIN_REPEAT)
_MANY: Final = 32  # alternatives a literal may have before it stops being a prefilter
_WIDE: Final = 24  # a part that may vary by more characters is left to `re`
_SELECTIVE: Final = 3  # if as many characters must have matched before it
# Character positions from which Hyperscan takes seconds to compile a pattern, or gives up.
_LARGE: Final = 600


class DialectError(ValueError):
    """What the dialect does not allow; the text is a sentence for the author."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What is known of a pattern. Widths in characters."""

    width: int
    span_width: int  # from the start of the span to the end of the match
    word: bool  # the span and all behind it, the last character excepted, is visible ASCII
    group: str  # name of the group that is the span; "" for the whole match
    lead: str  # Hyperscan pattern that ends in every match, at most so far behind its start
    lead_width: int
    lead_any_case: bool
    beyond_ascii: bool  # the lead may match characters beyond ASCII
    literals: tuple[frozenset[str], ...]  # of each set every match holds one; lower case


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


def shape(regex: str, group: str = "", *, ignore_case: bool = False, widest: int) -> Shape:
    """Check a pattern against the dialect and describe it. Raises `DialectError`.

    The span is `group`, or the only named group, or the whole match.
    """
    nodes, names = parse(regex, ignore_case=ignore_case)
    for node in nodes:
        _check(node)
    low, width = _width(nodes)
    if low < 1:
        raise DialectError("the pattern can match nothing at all.")
    if width > widest:
        raise DialectError(f"a match may be {width} characters wide; at most {widest}.")
    if not group and len(names) == 1:
        group = next(iter(names))
    if group and group not in names:
        raise DialectError(f'no group is named "{group}".')
    if group and not _takes_part(nodes, names[group]):
        raise DialectError(f'the group "{group}" must take part in every match.')
    tail = _from_group(nodes, names[group]) if group else list(nodes)
    literals = tuple(_literals(nodes))
    lead = _lead(nodes)
    large = _positions(lead) > _LARGE and bool(literals)
    words = sorted(_best(literals)) if large else []
    return Shape(
        width=width,
        span_width=_width(tail)[1],
        word=_is_word(tail),
        group=group,
        lead="|".join("".join(_char(ord(c)) for c in word) for word in words) or _spell_all(lead),
        lead_width=width if large else _width(lead)[1],
        lead_any_case=large or ignore_case,
        beyond_ascii=not large and any(_beyond(node) for node in lead),
        literals=literals,
    )


def best_literals(shape_: Shape) -> frozenset[str]:
    """The most selective literals of which every match holds one; empty where none is known."""
    return _best(shape_.literals)


def _best(sets: Sequence[frozenset[str]]) -> frozenset[str]:
    return max(sets, key=lambda each: (min(map(len, each)), -len(each)), default=frozenset())


def implies(shape_: Shape, keywords: Iterable[str]) -> bool:
    """Whether every match provably holds one of these lower-case words."""
    words = tuple(keywords)
    return any(
        all(any(word in literal for word in words) for literal in literals)
        for literals in shape_.literals
    )


def prefix(regex: str) -> str:
    """The literal, as written, with which every match begins; "" where there is none."""
    chars = []
    for kind, value in parse(regex)[0]:
        if kind is not op.LITERAL:
            break
        chars.append(chr(value))
    return "".join(chars)


def _children(node: Node) -> list[Nodes]:
    kind, value = node
    if kind in _REPEATS:
        return [value[2]]
    if kind is op.SUBPATTERN:
        return [value[3]]
    if kind is op.BRANCH:
        return list(value[1])
    return []


def _check(node: Node) -> None:
    kind, value = node
    if kind in (op.ASSERT, op.ASSERT_NOT):
        raise DialectError("look-around is not allowed; consume the neighbour, name the group.")
    if kind in (op.GROUPREF, op.GROUPREF_EXISTS):
        raise DialectError("back-references are not allowed.")
    if kind in (op.POSSESSIVE_REPEAT, op.ATOMIC_GROUP):
        raise DialectError("possessive and atomic groups are not allowed.")
    if kind is op.AT and value not in _ANCHORS:
        raise DialectError("the only anchors are \\b, ^ and $.")
    if kind is op.SUBPATTERN and (value[1] or value[2]):
        raise DialectError("inline flags are not allowed; use ignore_case.")
    if kind in _REPEATS:
        _check_repeat(*value)
    for child in _children(node):
        for inner in child:
            _check(inner)


def _check_repeat(low: Any, high: Any, body: Nodes) -> None:
    if high is op.MAXREPEAT:
        raise DialectError("every repeat needs an upper bound, {m,n}.")
    shortest, longest = _width(body)
    if high > 1 and shortest != longest and _open_end(body) & _first(body)[0]:
        raise DialectError("a repeated group can match the same text in two ways.")


def _width(nodes: Nodes) -> tuple[int, int]:
    low = high = 0
    for kind, value in nodes:
        least, most = 1, 1
        if kind is op.AT:
            least = most = 0
        elif kind in _REPEATS:
            inner = _width(value[2])
            least, most = inner[0] * value[0], inner[1] * int(value[1])
        elif kind is op.SUBPATTERN:
            least, most = _width(value[3])
        elif kind is op.BRANCH:
            widths = [_width(branch) for branch in value[1]]
            least, most = min(w[0] for w in widths), max(w[1] for w in widths)
        low, high = low + least, high + most
    return low, high


def _mask(node: Node) -> int:
    """Every character that may stand anywhere in a match of this node."""
    kind, value = node
    if kind is op.LITERAL:
        return _bit(value)
    if kind is op.NOT_LITERAL:
        return ALL & ~_bit(value) | BEYOND
    if kind is op.ANY:
        return ALL & ~_bit(10)
    if kind is op.IN:
        return _set_mask(value)
    return _union(_mask(inner) for child in _children(node) for inner in child)


def _union(masks: Iterable[int]) -> int:
    mask = 0
    for each in masks:
        mask |= each
    return mask


def _bit(code: int) -> int:
    return 1 << code if code < 128 else BEYOND


def _category(value: Any) -> int:
    if value in _COMPLEMENTS:
        return ALL & ~_category(_COMPLEMENTS[value][1])
    return _union(_bit(ord(char)) for char in _CLASSES[value][1])


def _set_mask(items: Nodes) -> int:
    mask, negated = 0, False
    for kind, value in items:
        if kind is op.NEGATE:
            negated = True
        elif kind is op.LITERAL:
            mask |= _bit(value)
        elif kind is op.RANGE:
            low, high = value
            mask |= _union(1 << code for code in range(low, min(high, 127) + 1))
            mask |= BEYOND if high > 127 else 0
        else:
            mask |= _category(value)
    return (ALL & ~mask) | BEYOND if negated else mask


def _first(nodes: Nodes) -> tuple[int, bool]:
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
    children = _children(node)
    if not children:
        return _mask(node), False
    firsts = [_first(child) for child in children]
    empty = any(each[1] for each in firsts) or (kind in _REPEATS and value[0] == 0)
    return _union(each[0] for each in firsts), empty


def _open_end(nodes: Nodes) -> int:
    """Characters by which a match of variable width may go on at its end."""
    mask = 0
    for node in reversed(nodes):
        kind, value = node
        if kind is op.AT:
            continue
        if kind in _REPEATS and value[0] != value[1]:
            mask |= _mask(node)
        elif kind in _REPEATS or kind in (op.SUBPATTERN, op.BRANCH):
            mask |= _union(_open_end(child) for child in _children(node))
        if _width([node])[0] > 0:
            return mask
    return mask


def _from_group(nodes: Nodes, number: int) -> list[Node]:
    """What may match from the start of a group on; empty where the group is not inside."""
    for index, node in enumerate(nodes):
        kind, value = node
        if kind is op.SUBPATTERN and value[0] == number:
            return [node, *nodes[index + 1 :]]
        for child in _children(node):
            inner = _from_group(child, number)
            if inner:
                rest = list(nodes[index + 1 :])
                return [node, *rest] if kind in _REPEATS else [*inner, *rest]
    return []


def _takes_part(nodes: Nodes, number: int) -> bool:
    for kind, value in nodes:
        if kind is op.SUBPATTERN and (value[0] == number or _takes_part(value[3], number)):
            return True
        if kind in _REPEATS and value[0] > 0 and _takes_part(value[2], number):
            return True
    return False


def _is_word(nodes: Nodes) -> bool:
    body = list(nodes)
    while body and body[-1][0] is op.AT:
        body.pop()
    if body and _width(body[-1:])[1] <= 1:
        body.pop()
    return not _union(_mask(node) for node in body) & ~VISIBLE


def _beyond(node: Node) -> bool:
    return bool(_mask(node) & BEYOND)


def _lead(nodes: Nodes) -> list[Node]:
    """How every match starts, as short as is still selective: a hit there ends inside the match.

    A long variable part is left to `re`, and so is a part that may be longer or absent at the
    end, since Hyperscan would report each of its possible ends.
    """
    trimmed = _trim(_cut(nodes)[0])
    return trimmed if _width(trimmed)[0] else list(nodes)


def _cut(nodes: Nodes, before: int = 0) -> tuple[list[Node], bool]:
    """The nodes up to a wide part with enough in front of it, and whether anything was cut."""
    kept: list[Node] = []
    for node in nodes:
        kind, value = node
        ahead = before + _width(kept)[0]
        if _spread(node) <= _WIDE:
            kept.append(node)
        elif ahead >= _SELECTIVE:
            return kept, True
        elif kind is op.SUBPATTERN:
            inner, cut = _cut(value[3], ahead)
            kept.append((kind, (*value[:3], inner)))
            if cut:
                return kept, True
        elif kind is op.BRANCH:
            branches = [_cut(branch, ahead) for branch in value[1]]
            kept.append((kind, (value[0], [inner for inner, _ in branches])))
            if any(cut for _, cut in branches):
                return kept, True
        else:
            kept.append(node)
    return kept, False


def _spread(node: Node) -> int:
    low, high = _width([node])
    inner = [_spread(each) for child in _children(node) for each in child]
    return max([high - low, *inner])


def _trim(nodes: Nodes) -> list[Node]:
    """The nodes without what may be absent or longer at their end."""
    kept = list(nodes)
    while kept:
        kind, value = kept[-1]
        if kind is op.SUBPATTERN:
            kept[-1] = (kind, (*value[:3], _trim(value[3])))
            return kept
        if kind not in _REPEATS or value[0] == value[1]:
            return kept
        kept.pop()
        if value[0]:
            return [*kept, (kind, (value[0], value[0], value[2]))]
    return kept


def _positions(nodes: Nodes) -> int:
    """Character classes of the pattern with its repeats written out."""
    total = 0
    for node in nodes:
        kind, value = node
        inner = sum(_positions(child) for child in _children(node)) or (kind is not op.AT)
        total += inner * int(value[1]) if kind in _REPEATS else inner
    return total


def _spell(node: Node) -> str:
    """The node in the syntax of Hyperscan; groups do not capture there."""
    kind, value = node
    if kind is op.LITERAL:
        return _char(value)
    if kind is op.NOT_LITERAL:
        return f"[^{_char(value)}]"
    if kind is op.ANY:
        return "."
    if kind is op.IN:
        return _spell_set(value)
    if kind is op.AT:
        return _ANCHORS[value]
    if kind is op.BRANCH:
        return f"(?:{'|'.join(_spell_all(branch) for branch in value[1])})"
    if kind is op.SUBPATTERN:
        return f"(?:{_spell_all(value[3])})"
    low, high, body = value
    return f"(?:{_spell_all(body)}){{{low},{high}}}"


def _spell_all(nodes: Nodes) -> str:
    return "".join(_spell(node) for node in nodes)


def _spell_set(items: Nodes) -> str:
    parts = []
    for kind, value in items:
        if kind is op.NEGATE:
            parts.append("^")
        elif kind is op.LITERAL:
            parts.append(_char(value))
        elif kind is op.RANGE:
            parts.append(f"{_char(value[0])}-{_char(value[1])}")
        else:
            parts.append((_CLASSES | _COMPLEMENTS)[value][0])
    return f"[{''.join(parts)}]"


def _char(code: int) -> str:
    plain = code < 128 and chr(code).isalnum()
    return chr(code) if plain else f"\\x{{{code:x}}}" if code > 255 else f"\\x{code:02x}"


def _literals(nodes: Nodes) -> list[frozenset[str]]:
    """Sets of lower-case strings; of each set every match of the sequence holds one."""
    found: list[frozenset[str]] = []
    run = frozenset({""})
    for node in nodes:
        if node[0] is op.AT:
            continue
        exact = _strings(node)
        longer = frozenset(a + b for a in run for b in exact) if exact else frozenset()
        if longer and len(longer) <= _MANY:
            run = longer
            continue
        found.append(run)
        run = exact if exact else frozenset({""})
        if not exact:
            found += _inside(node)
    found.append(run)
    return [each for each in found if "" not in each]


def _inside(node: Node) -> list[frozenset[str]]:
    kind, value = node
    if kind is op.SUBPATTERN or (kind in _REPEATS and value[0] > 0):
        return _literals(_children(node)[0])
    if kind is op.BRANCH:
        choices = [_literals(branch) for branch in value[1]]
        if all(choices):
            return [frozenset().union(*map(_best, choices))]
    return []


def _strings(node: Node) -> frozenset[str]:
    """Every string the node matches, in lower case; empty where they are too many."""
    kind, value = node
    if kind is op.LITERAL:
        return frozenset({chr(value).lower()}) if value < 128 else frozenset()
    if kind is op.IN:
        mask = _set_mask(value)
        if mask & BEYOND or mask.bit_count() > _MANY // 2:
            return frozenset()
        return frozenset(chr(code).lower() for code in range(128) if mask >> code & 1)
    if kind is op.SUBPATTERN:
        return _product(value[3])
    if kind is op.BRANCH:
        parts = [_product(branch) for branch in value[1]]
        return frozenset().union(*parts) if all(parts) else frozenset()
    if kind in _REPEATS and value[0] == value[1] and value[1] <= 8:
        return _product(list(value[2]) * value[1])
    return frozenset()


def _product(nodes: Nodes) -> frozenset[str]:
    run = frozenset({""})
    for node in nodes:
        if node[0] is op.AT:
            continue
        run = frozenset(a + b for a in run for b in _strings(node))
        if not run or len(run) > _MANY:
            return frozenset()
    return run
