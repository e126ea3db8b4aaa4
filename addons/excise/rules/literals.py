"""Literals that every match of a pattern holds, for prefilters; always in lower case."""

from __future__ import annotations

from collections.abc import Sequence
from re import _constants as op  # type: ignore[attr-defined]
from typing import Final

from excise.rules.tree import BEYOND, REPEATS, Node, Nodes, children, set_mask

_MANY: Final = 32  # alternatives a literal may have before it stops being a prefilter


def find_literals(nodes: Nodes) -> list[frozenset[str]]:
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


def best(sets: Sequence[frozenset[str]]) -> frozenset[str]:
    """The most selective set: the longest shortest member, then the fewest."""
    return max(sets, key=lambda each: (min(map(len, each)), -len(each)), default=frozenset())


def _inside(node: Node) -> list[frozenset[str]]:
    kind, value = node
    if kind is op.SUBPATTERN or (kind in REPEATS and value[0] > 0):
        return find_literals(children(node)[0])
    if kind is op.BRANCH:
        choices = [find_literals(branch) for branch in value[1]]
        if all(choices):
            return [frozenset().union(*map(best, choices))]
    return []


def _strings(node: Node) -> frozenset[str]:
    """Every string the node matches, in lower case; empty where they are too many."""
    kind, value = node
    if kind is op.LITERAL:
        return frozenset({chr(value).lower()}) if value < 128 else frozenset()
    if kind is op.IN:
        mask = set_mask(value)
        if mask & BEYOND or mask.bit_count() > _MANY // 2:
            return frozenset()
        return frozenset(chr(code).lower() for code in range(128) if mask >> code & 1)
    if kind is op.SUBPATTERN:
        return _product(value[3])
    if kind is op.BRANCH:
        parts = [_product(branch) for branch in value[1]]
        return frozenset().union(*parts) if all(parts) else frozenset()
    if kind in REPEATS and value[0] == value[1] and value[1] <= 8:
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
