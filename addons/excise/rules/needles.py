"""What stands near the start of every match and is quick to look for.

Where a match may start is known from its lead only up to some width, and `re` is slow to try many
ways to begin at each place of it, in either case. Where no needle stands, none begins.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from excise.rules.lead import strings
from excise.rules.tree import Nodes

_LENGTH: Final = 4  # characters of a needle that tell enough
_LEAST: Final = 2  # and without which it tells nothing
_TWOFOLD: Final = frozenset("\u0131\u017f")  # letters beyond ASCII that `re` takes for i and s
_MOST: Final = 64  # needles that are still quick to look for


class Needles(NamedTuple):
    """Words in lower case, and how far behind the start of a match one of them ends at most."""

    words: tuple[str, ...]
    within: int


NONE: Final = Needles((), 0)


def find_needles(nodes: Nodes) -> Needles:
    """The needles of a pattern; `NONE` where they are too many, or too short."""
    heads: tuple[str, ...] = ()
    for count in range(1, len(nodes) + 1):
        known = strings(nodes[:count])
        if not known:
            break
        heads = known
    words = _fewest(word[:_LENGTH] for word in _fewest(heads))
    if not words or len(words[0]) < _LEAST or len(words) > _MOST or _TWOFOLD & set("".join(words)):
        return NONE
    return Needles(words, max(_first_end(head, words) for head in heads))


def _fewest(words: Iterable[str]) -> tuple[str, ...]:
    """Those that hold none of the others, the shortest first."""
    kept: list[str] = []
    for word in sorted(set(words), key=lambda each: (len(each), each)):
        if not any(each in word for each in kept):
            kept.append(word)
    return tuple(kept)


def _first_end(head: str, words: Iterable[str]) -> int:
    return min(head.find(word) + len(word) for word in words if word in head)
