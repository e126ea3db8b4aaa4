"""Where an unfinished span may begin, so that little of a long text is searched for it."""

from __future__ import annotations

from collections.abc import Iterator
from re import _constants as op  # type: ignore[attr-defined]
from typing import Final, NamedTuple

from excise.rules.lead import spell_entry
from excise.rules.tree import (
    BEYOND,
    REPEATS,
    Node,
    Nodes,
    children,
    first_characters,
    mask_of,
    parse,
    union,
    width_of,
)

_LONG: Final = 500  # characters of a part that is searched for by what stands in front of it


class Unfinished(NamedTuple):
    """What is known of the matches of a `hold` pattern; widths in characters.

    They are made of `alphabet` (empty: of anything) and begin with one of `firsts` (empty: with
    anything). Those wider than `short` begin with `head`
    (for `re`), which ends with `seed` and is at most `reach` wide; without a seed all are short.
    """

    alphabet: str
    short: int
    seed: str = ""
    head: str = ""
    reach: int = 0
    firsts: frozenset[str] = frozenset()


def describe(source: str, *, ignore_case: bool = False) -> Unfinished:
    """What is known of a pattern that passed every check."""
    nodes = parse(source, ignore_case=ignore_case)[0]
    alphabet = _alphabet(union(map(mask_of, nodes)), ignore_case=ignore_case)
    first, empty = first_characters(nodes)
    firsts = frozenset("" if empty else _alphabet(first, ignore_case=ignore_case))
    width = width_of(nodes)[1]
    long = list(_long_parts(nodes))
    if len(long) != 1 or ignore_case:
        return Unfinished(alphabet, width, firsts=firsts)
    ahead = list(_ungrouped(_in_front(nodes) or []))
    start, seed = _longest_word(ahead)
    if not seed:
        return Unfinished(alphabet, width, firsts=firsts)
    head = ahead[: start + len(seed)]
    short = width - width_of(long)[1]
    return Unfinished(alphabet, short, seed, spell_entry(head), width_of(head)[1], firsts)


def _alphabet(mask: int, *, ignore_case: bool) -> str:
    if mask & BEYOND:
        return ""
    chars = "".join(chr(code) for code in range(128) if mask >> code & 1)
    return chars + chars.swapcase() if ignore_case else chars


def _is_long(node: Node) -> bool:
    kind, value = node
    return kind in REPEATS and width_of(value[2])[1] * (value[1] - value[0]) >= _LONG


def _long_parts(nodes: Nodes) -> Iterator[Node]:
    for node in nodes:
        inner = [part for child in children(node) for part in _long_parts(child)]
        if inner:
            yield from inner
        elif _is_long(node):
            yield node


def _in_front(nodes: Nodes) -> list[Node] | None:
    """What stands in front of the long part, on the only way to it; None where that is not in
    these nodes."""
    for index, node in enumerate(nodes):
        kind, value = node
        if kind in REPEATS and value[1] > 1:
            if _is_long(node):
                return list(nodes[:index])
            continue
        for child in children(node):
            inner = _in_front(child)
            if inner is not None:
                return [*nodes[:index], *inner]
    return None


def _ungrouped(nodes: Nodes) -> Iterator[Node]:
    for node in nodes:
        if node[0] is op.SUBPATTERN:
            yield from _ungrouped(node[1][3])
        else:
            yield node


def _longest_word(nodes: Nodes) -> tuple[int, str]:
    """The longest row of literals, and which node it begins at."""
    best, start, word = (0, ""), 0, ""
    for index, (kind, value) in enumerate(nodes):
        start, word = (
            (start if word else index, word + chr(value)) if kind is op.LITERAL else (0, "")
        )
        if len(word) > len(best[1]):
            best = start, word
    return best
