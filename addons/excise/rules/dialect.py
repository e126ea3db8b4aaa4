"""The regex dialect of packs: what a pattern may use, and its shape.

A pattern must be able to run on an engine without backtracking, have a bounded width and nothing
that matches one text in too many ways.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from re import _constants as op  # type: ignore[attr-defined]
from typing import Any, Final

from excise.rules.lead import (
    ANCHORS,
    are_better,
    fewest_digits,
    find_lead,
    find_pieces,
    is_weak,
    most_bytes,
    spell,
    spell_entry,
    spell_word,
    strings,
)
from excise.rules.literals import best, find_literals
from excise.rules.needles import NONE, Needles, find_needles
from excise.rules.tree import (
    ALL,
    REPEATS,
    VISIBLE,
    DialectError,
    Node,
    Nodes,
    children,
    first_characters,
    mask_of,
    parse,
    union,
    width_of,
)

_WAYS: Final = 500_000  # ways to divide a run among neighbours; each costs tens of nanoseconds


@dataclass(frozen=True, slots=True)
class Shape:
    """What is known of a pattern. Widths in characters."""

    width: int
    span_width: int  # from the start of the span to the end of the match
    word: bool  # the span and all behind it, the last character excepted, is visible ASCII
    group: str  # name of the group that is the span; "" for the whole match
    lead: str  # Hyperscan pattern that ends in every match, at most so far behind its start
    lead_width: int
    lead_least: int  # and at least so far
    entry: str  # for `re`, matches where a match may start; at most as wide as `entry_width`
    entry_width: int
    pieces: tuple[str, ...]  # for `re`, each matches somewhere behind the start of a match
    lead_any_case: bool
    needles: Needles  # one of these stands near the start of every match; known of any case
    starts: tuple[str, ...]  # all that leads are, from the start of a match; lower case; or none
    weak: bool  # neither the lead nor the match holds a literal to go by
    digits: int  # that stand in a lead at least; known of weak ones
    breadth: int  # of a lead, in bytes; known of weak ones
    literals: tuple[frozenset[str], ...]  # of each set every match holds one; lower case
    behind: tuple[frozenset[str], ...]  # those of them that stand behind a lead
    size: int  # of a match, in bytes of UTF-8 at most


def shape(regex: str, group: str = "", *, ignore_case: bool = False, widest: int) -> Shape:
    """Check a pattern against the dialect and describe it. Raises `DialectError`.

    The span is `group`, or the only named group, or the whole match.
    """
    nodes, names = parse(regex, ignore_case=ignore_case)
    for node in nodes:
        _check(node)
    _check_chains(nodes)
    low, width = width_of(nodes)
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
    literals = tuple(find_literals(nodes))
    lead, least, most, entry = find_lead(nodes)
    words = sorted(best(literals))
    literal = are_better(words, lead)
    weak = not literal and is_weak(words, lead)
    return Shape(
        width=width,
        span_width=width_of(tail)[1],
        word=_is_word(tail),
        group=group,
        lead="|".join(map(spell_word, words)) if literal else spell(lead),
        lead_width=width if literal else most,
        lead_least=min(map(len, words)) if literal else least,
        entry=spell_entry(entry),
        entry_width=most,
        pieces=tuple(map(spell_entry, find_pieces(nodes))),
        lead_any_case=literal or ignore_case,
        needles=find_needles(entry) if ignore_case else NONE,
        starts=() if literal else strings(entry),
        weak=weak,
        digits=fewest_digits(entry) if weak else 0,
        breadth=most_bytes(entry) if weak else 0,
        literals=literals,
        behind=() if literal else tuple(find_literals(nodes[len(entry) :])),
        size=most_bytes(nodes),
    )


def best_literals(shape_: Shape) -> frozenset[str]:
    """The most selective literals of which every match holds one; empty where none is known."""
    return best(shape_.literals)


def implies(shape_: Shape, keywords: Iterable[str]) -> bool:
    """Whether every match provably holds one of these lower-case words."""
    words = tuple(keywords)
    return any(
        all(any(word in literal for word in words) for literal in literals)
        for literals in shape_.literals
    )


def _check(node: Node) -> None:
    kind, value = node
    if kind in (op.ASSERT, op.ASSERT_NOT):
        raise DialectError("look-around is not allowed; consume the neighbour, name the group.")
    if kind in (op.GROUPREF, op.GROUPREF_EXISTS):
        raise DialectError("back-references are not allowed.")
    if kind in (op.POSSESSIVE_REPEAT, op.ATOMIC_GROUP):
        raise DialectError("possessive and atomic groups are not allowed.")
    if kind is op.AT and value not in ANCHORS:
        raise DialectError("the only anchors are \\b, ^ and $.")
    if kind is op.SUBPATTERN and (value[1] or value[2]):
        raise DialectError("inline flags are not allowed; use ignore_case.")
    if kind in REPEATS:
        _check_repeat(*value)
    for child in children(node):
        for inner in child:
            _check(inner)


def _check_repeat(low: Any, high: Any, body: Nodes) -> None:
    if high is op.MAXREPEAT:
        raise DialectError("every repeat needs an upper bound, {m,n}.")
    shortest, longest = width_of(body)
    if high > 1 and shortest != longest and _open_end(body) & first_characters(body)[0]:
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
        behind = last and not width_of(nodes[index + 1 :])[0]
        for child in children(node):
            _check_chains(child, last=behind)


def _flat(nodes: Nodes) -> list[tuple[int, int, int]]:
    """What runs of one character the parts of a sequence match, and their widths."""
    parts: list[tuple[int, int, int]] = []
    for node in nodes:
        if node[0] is op.SUBPATTERN:
            parts += _flat(node[1][3])
        elif node[0] is not op.AT:
            parts.append((_solo(node), *width_of([node])))
    return parts


def _solo(node: Node) -> int:
    """Characters of which alone a match of the node can be made."""
    kind, value = node
    if kind is op.BRANCH:
        return union(_solo_all(branch) for branch in value[1])
    inner = children(node)
    return _solo_all(inner[0]) if inner else mask_of(node)


def _solo_all(nodes: Nodes) -> int:
    mask = ALL
    for node in nodes:
        if node[0] is not op.AT and width_of([node])[0]:
            mask &= _solo(node)
    return mask


def _open_end(nodes: Nodes) -> int:
    """Characters by which a match of variable width may go on at its end."""
    mask = 0
    for node in reversed(nodes):
        kind, value = node
        if kind is op.AT:
            continue
        if kind in REPEATS and value[0] != value[1]:
            mask |= mask_of(node)
        elif kind in REPEATS or kind in (op.SUBPATTERN, op.BRANCH):
            mask |= union(_open_end(child) for child in children(node))
        if width_of([node])[0] > 0:
            return mask
    return mask


def _from_group(nodes: Nodes, number: int) -> list[Node]:
    """What may match from the start of a group on; empty where the group is not inside."""
    for index, node in enumerate(nodes):
        kind, value = node
        if kind is op.SUBPATTERN and value[0] == number:
            return [node, *nodes[index + 1 :]]
        for child in children(node):
            inner = _from_group(child, number)
            if inner:
                rest = list(nodes[index + 1 :])
                return [node, *rest] if kind in REPEATS else [*inner, *rest]
    return []


def _takes_part(nodes: Nodes, number: int) -> bool:
    for kind, value in nodes:
        if kind is op.SUBPATTERN and (value[0] == number or _takes_part(value[3], number)):
            return True
        if kind in REPEATS and value[0] > 0 and _takes_part(value[2], number):
            return True
    return False


def _is_word(nodes: Nodes) -> bool:
    body = list(nodes)
    while body and body[-1][0] is op.AT:
        body.pop()
    if body and width_of(body[-1:])[1] <= 1:
        body.pop()
    return not union(mask_of(node) for node in body) & ~VISIBLE
