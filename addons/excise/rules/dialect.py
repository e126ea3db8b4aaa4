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
    op.CATEGORY_DIGIT: "0123456789",
    op.CATEGORY_SPACE: " \t\n\r\f\v",
    op.CATEGORY_WORD: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_",
}
_COMPLEMENTS: Final = {
    op.CATEGORY_NOT_DIGIT: op.CATEGORY_DIGIT,
    op.CATEGORY_NOT_SPACE: op.CATEGORY_SPACE,
    op.CATEGORY_NOT_WORD: op.CATEGORY_WORD,
}
_ANCHORS: Final = {op.AT_BOUNDARY: "\\b", op.AT_BEGINNING: "^", op.AT_END: "$"}
_REPEATS: Final = (op.MAX_REPEAT, op.MIN_REPEAT)
_MANY: Final = 32  # alternatives a literal may have before it stops being a prefilter
_WIDE: Final = 24  # a part that may vary by more characters is left to `re`
_SELECTIVE: Final = 3  # if as many characters must have matched before it
_WAYS: Final = 500_000  # ways to divide a run among neighbours; each costs tens of nanoseconds
_ENOUGH: Final = 16  # characters after which a longer lead would select no better
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
    _check_chains(nodes)
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
    words = sorted(_best(literals))
    literal = _is_better(words, lead)
    return Shape(
        width=width,
        span_width=_width(tail)[1],
        word=_is_word(tail),
        group=group,
        lead="|".join(map(_spell_word, words)) if literal else _spell_all(lead),
        lead_width=width if literal else _width(lead)[1],
        lead_any_case=literal or ignore_case,
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


def _check_chains(nodes: Nodes, *, last: bool = True) -> None:
    """Neighbours that can share a run of one character multiply what a failing search tries.

    `last` is false where something must still match behind the nodes.
    """
    flat = _flat(nodes)
    for index in range(len(flat)):
        shared, ways = ALL, 1
        for at, (mask, low, high) in enumerate(flat[index:], start=index):
            if shared & mask:
                shared &= mask
                ways *= high - low + 1
            elif low:
                break
            fails = not last or any(part[1] for part in flat[at + 1 :])
            if ways > _WAYS and fails and high - low + 1 < ways:
                raise DialectError(
                    f"parts next to each other can share one run of characters in {ways} ways; "
                    "let no two of them admit the same characters."
                )
    for index, node in enumerate(nodes):
        behind = last and not _width(nodes[index + 1 :])[0]
        for child in _children(node):
            _check_chains(child, last=behind)


def _flat(nodes: Nodes) -> list[tuple[int, int, int]]:
    """What runs of one character the parts of a sequence match, and their widths."""
    parts: list[tuple[int, int, int]] = []
    for node in nodes:
        if node[0] is op.SUBPATTERN:
            parts += _flat(node[1][3])
        elif node[0] is not op.AT:
            parts.append((_solo(node), *_width([node])))
    return parts


def _solo(node: Node) -> int:
    """Characters of which alone a match of the node can be made."""
    kind, value = node
    if kind is op.BRANCH:
        return _union(_solo_all(branch) for branch in value[1])
    children = _children(node)
    return _solo_all(children[0]) if children else _mask(node)


def _solo_all(nodes: Nodes) -> int:
    mask = ALL
    for node in nodes:
        if node[0] is not op.AT and _width([node])[0]:
            mask &= _solo(node)
    return mask


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
        return ALL & ~_category(_COMPLEMENTS[value])
    return _union(_bit(ord(char)) for char in _CLASSES[value])


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
        lasts = [_last(child) for child in _children(node)] or [(_mask(node), False)]
        mask |= _union(each[0] for each in lasts)
        if not any(each[1] for each in lasts) and not (kind in _REPEATS and value[0] == 0):
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


def _lead(nodes: Nodes) -> list[Node]:
    """How every match starts, as short as is still selective: a hit there ends inside the match.

    A long variable part is left to `re`, and so is a part that may be longer or absent at the
    end, since Hyperscan would report each of its possible ends.
    """
    trimmed = _trim(_cut(nodes)[0])
    return trimmed if _width(trimmed)[0] else list(nodes)


def _is_better(words: Sequence[str], lead: Nodes) -> bool:
    """Whether to look for literals in a match rather than for its start."""
    shortest = min(map(len, words), default=0)
    if _positions(lead) > _LARGE:
        return shortest > _SELECTIVE
    selects = max((min(map(len, each)) for each in _literals(lead)), default=0)
    return shortest > _ENOUGH // 3 and selects < _SELECTIVE


def _cut(nodes: Nodes, before: int = 0) -> tuple[list[Node], bool]:
    """The nodes up to a wide part with enough in front of it, and whether anything was cut."""
    kept: list[Node] = []
    for node in nodes:
        ahead = before + _width(kept)[0]
        if ahead >= _ENOUGH or (_spread(node) > _WIDE and ahead >= _SELECTIVE):
            return kept, True
        shorter, cut = _cut_node(node, ahead)
        kept.append(shorter)
        if cut:
            return kept, True
    return kept, False


def _cut_node(node: Node, ahead: int) -> tuple[Node, bool]:
    kind, value = node
    if kind is op.SUBPATTERN:
        inner, cut = _cut(value[3], ahead)
        return (kind, (*value[:3], inner)), cut
    if kind is op.BRANCH:
        branches = [_cut(branch, ahead) for branch in value[1]]
        return (kind, (value[0], [each for each, _ in branches])), any(c for _, c in branches)
    if kind in _REPEATS and _width(value[2]) == (1, 1) and value[0] > _ENOUGH - ahead:
        return (kind, (_ENOUGH - ahead, _ENOUGH - ahead, value[2])), True
    return node, False


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
    """The node for Hyperscan, over the bytes of UTF-8; groups do not capture there.

    A character beyond ASCII is up to four bytes, whichever; that is wider than the pattern, and
    several times faster than Hyperscan's own mode for UTF-8.
    """
    kind, value = node
    if kind is op.LITERAL:
        return "".join(f"\\x{byte:02x}" for byte in chr(value).encode())
    if kind is op.AT:
        return _ANCHORS[value]
    if kind is op.BRANCH:
        return f"(?:{'|'.join(_spell_all(branch) for branch in value[1])})"
    if kind is op.SUBPATTERN:
        return f"(?:{_spell_all(value[3])})"
    if kind in _REPEATS:
        low, high, body = value
        if len(body) == 1 and _is_set(body[0]):
            wider = 4 if _mask(body[0]) & BEYOND else 1
            return f"{_spell_mask(_mask(body[0]))}{{{low},{high * wider}}}"
        return f"(?:{_spell_all(body)}){{{low},{high}}}"
    mask = _mask(node)
    return _spell_mask(mask) + ("{1,4}" if mask & BEYOND else "")


def _is_set(node: Node) -> bool:
    return node[0] in (op.IN, op.ANY, op.NOT_LITERAL)


def _spell_mask(mask: int) -> str:
    """A set of characters as ranges of bytes."""
    parts = ["\\x80-\\xff"] if mask & BEYOND else []
    code = 0
    while code < 128:
        start = code
        while code < 128 and mask >> code & 1:
            code += 1
        if code > start:
            parts.append(f"\\x{start:02x}-\\x{code - 1:02x}")
        code += 1
    return f"[{''.join(parts)}]"


def _spell_all(nodes: Nodes) -> str:
    return "".join(_spell(node) for node in nodes)


def _spell_word(word: str) -> str:
    return _spell_all([(op.LITERAL, ord(char)) for char in word])


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
