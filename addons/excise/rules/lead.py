"""How the matches of a pattern start, spelled for Hyperscan: short, selective, cheap to compile."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import product
from re import _constants as op  # type: ignore[attr-defined]
from typing import Final, NamedTuple

from excise.rules.literals import find_literals
from excise.rules.tree import (
    BEYOND,
    DIGITS,
    REPEATS,
    Node,
    Nodes,
    children,
    first_characters,
    mask_of,
    members_beyond,
    union,
    width_of,
)

_NO_LETTER: Final = "[^A-Za-z]"
ANCHORS: Final = {op.AT_BOUNDARY: "\\b", op.AT_BEGINNING: "^", op.AT_END: "$"}
_WIDE: Final = 24  # a part that may vary by more characters is left to `re`
_SELECTIVE: Final = 3  # if as many characters must have matched before it
_TELLING: Final = 2  # characters of a piece that says anything
_RARE: Final = 5  # a word of more characters is rarer than a start without any
# Character positions from which Hyperscan takes seconds to compile a pattern, or gives up.
_LARGE: Final = 600
_ANY: Final = 32  # a class of so many characters selects nothing
# Characters after which a longer lead would select no better; fewer where that makes it too large
# for many such to be compiled together.
_ENOUGH: Final = (16, 12, 8)
_MANY: Final = 150
_FEW: Final = 8  # repeats
_CLASS: Final = 64  # and characters of a class that are spelled out one by one
_STRINGS: Final = 1_000  # which a lead may be, to be looked up rather than searched for


class Start(NamedTuple):
    """How every match of a pattern starts."""

    lead: list[Node]  # what Hyperscan looks for; ends inside the match
    least: int  # how far behind the start of a match it ends at least, and at most
    most: int
    entry: list[Node]  # the same from the very start of the match


def find_lead(nodes: Nodes) -> Start:
    """How every match starts, as short as is still selective.

    A long variable part is left to `re`, and so is a part that may be longer or absent at the
    end, since Hyperscan would report each of its possible ends.
    """
    lead: list[Node] = []
    for enough in _ENOUGH:
        trimmed = _trim(_cut(nodes, enough)[0])
        if lead and width_of(trimmed)[0] < _SELECTIVE:
            break
        lead = trimmed if width_of(trimmed)[0] else list(nodes)
        if _positions(lead) <= _MANY:
            break
    return Start(_without_run(_without_edge(lead)), *width_of(lead), lead)


def _without_edge(nodes: list[Node]) -> list[Node]:
    """The nodes without a first character that may be nearly any, where literals follow: many
    patterns that begin so take Hyperscan seconds to compile together."""
    if not nodes or width_of(nodes[:1])[1] != 1 or mask_of(nodes[0]).bit_count() < _ANY:
        return nodes
    return nodes[1:] if selects(nodes[1:]) >= _SELECTIVE else nodes


def _without_run(nodes: list[Node]) -> list[Node]:
    """The nodes with one character in place of a run of nearly any at their start, where what
    follows the run is none of it: Hyperscan follows such runs through every word of a text."""
    run: list[Node] = []
    rest = nodes[1:] if nodes and nodes[0] == (op.AT, op.AT_BOUNDARY) else nodes
    while rest and _is_run(rest[0]):
        run.append(rest[0])
        rest = rest[1:]
    characters = union(map(mask_of, run))
    behind, ends = first_characters(rest)
    least, most = width_of(run)
    if not least or most - least < _ANY // 2 or ends or behind & characters or characters & BEYOND:
        return nodes
    return [(op.IN, [(op.LITERAL, code) for code in range(128) if characters >> code & 1]), *rest]


def _is_run(node: Node) -> bool:
    """Whether it is a class of nearly any character, or such a class repeated."""
    kind, value = node
    body = value[2] if kind in REPEATS else [node]
    return len(body) == 1 and _is_set(body[0]) and mask_of(body[0]).bit_count() >= _ANY


def fewest_digits(nodes: Nodes) -> int:
    """How many digits every match has at least."""
    count = 0
    for kind, value in nodes:
        if kind is op.BRANCH:
            count += min(map(fewest_digits, value[1]))
        elif kind is op.SUBPATTERN:
            count += fewest_digits(value[3])
        elif kind in REPEATS:
            count += value[0] * fewest_digits(value[2])
        elif kind is not op.AT:
            count += not mask_of((kind, value)) & ~DIGITS
    return count


def most_bytes(nodes: Nodes) -> int:
    """How many bytes of UTF-8 a match has at most."""
    count = 0
    for node in nodes:
        kind, value = node
        inner = [most_bytes(child) for child in children(node)]
        if kind in REPEATS:
            count += inner[0] * int(value[1])
        elif inner:
            count += max(inner)
        elif kind is not op.AT:
            count += 4 if mask_of(node) & BEYOND else 1
    return count


def strings(nodes: Nodes) -> tuple[str, ...]:
    """All that the nodes match, in lower case; empty where that is much."""
    found = {""}
    for node in nodes:
        kind, value = node
        if kind is op.AT:
            continue
        if kind is op.SUBPATTERN:
            parts = set(strings(value[3]))
        elif kind is op.BRANCH:
            each = [strings(branch) for branch in value[1]]
            parts = set().union(*each) if all(each) else set()
        elif kind in REPEATS:
            once = strings(value[2]) if value[1] <= _FEW else ()
            once = once if len(once) ** int(value[1]) <= _STRINGS else ()
            powers = [product(once, repeat=n) for n in range(value[0], int(value[1]) + 1)]
            parts = {"".join(each) for power in powers for each in power} if once else set()
        else:
            parts = {char.lower() for char in _members(node)}
        if len(found) * len(parts) > _STRINGS:
            return ()
        found = {one + other for one in found for other in parts}
    return tuple(sorted(found))


def _members(node: Node) -> list[str]:
    """The characters of a class; none where they are many."""
    mask, beyond = mask_of(node), members_beyond(node)
    if beyond is None or mask.bit_count() + len(beyond) > _CLASS:
        return []
    return list(map(chr, [*(code for code in range(128) if mask >> code & 1), *beyond]))


def selects(nodes: Nodes) -> int:
    """How many characters the shortest of the best literals has; 0 without any."""
    return max((min(map(len, each)) for each in find_literals(nodes)), default=0)


def are_better(words: Sequence[str], lead: Nodes) -> bool:
    """Whether to look for literals in a match rather than for its start."""
    shortest = min(map(len, words), default=0)
    if _positions(lead) > _LARGE:
        return shortest > _SELECTIVE
    return shortest > _RARE and selects(lead) < _SELECTIVE


def is_weak(words: Sequence[str], lead: Nodes) -> bool:
    """Whether neither the literals of a match nor its start are rare: many leads of that kind,
    such as runs of digits, take Hyperscan seconds to compile together."""
    return max(min(map(len, words), default=0), selects(lead)) < _SELECTIVE


def _cut(nodes: Nodes, enough: int, before: int = 0) -> tuple[list[Node], bool]:
    """The nodes up to a wide part with enough in front of it, and whether anything was cut."""
    kept: list[Node] = []
    for node in nodes:
        ahead = before + width_of(kept)[0]
        if ahead >= enough:
            return kept, True
        if _spread(node) > _WIDE and ahead >= _SELECTIVE:
            return kept + (_least(node, enough - ahead) or _turns(node, enough - ahead)), True
        shorter, cut = _cut_node(node, enough, ahead)
        kept.append(shorter)
        if cut:
            return kept, True
    return kept, False


def _least(node: Node, most: int) -> list[Node]:
    """What every match of something of fixed width that is repeated begins with."""
    kind, value = node
    if kind not in REPEATS or not value[0]:
        return []
    low, high = width_of(value[2])
    if low != high or not low:
        return []
    count = min(value[0], -(-most // low))
    return [(kind, (count, count, value[2]))]


def _turns(node: Node, most: int) -> list[Node]:
    """The same of something whose width varies a little, the last turn as short as it may be."""
    kind, value = node
    if kind not in REPEATS or not value[0]:
        return []
    low, high = width_of(value[2])
    if not low or high - low > _WIDE:
        return []
    count = min(value[0], -(-most // low), _WIDE // max(high - low, 1))
    before = [(kind, (count - 1, count - 1, value[2]))] if count > 1 else []
    return [*before, *_trim(value[2])]


def _cut_node(node: Node, enough: int, ahead: int) -> tuple[Node, bool]:
    kind, value = node
    if kind is op.SUBPATTERN:
        inner, cut = _cut(value[3], enough, ahead)
        return (kind, (*value[:3], inner)), cut
    if kind is op.BRANCH:
        branches = [_cut(branch, enough, ahead) for branch in value[1]]
        return (kind, (value[0], [each for each, _ in branches])), any(c for _, c in branches)
    least = _least(node, enough - ahead)
    if least and least[0][1][0] < value[0]:
        return least[0], True
    return node, False


def _spread(node: Node) -> int:
    low, high = width_of([node])
    inner = [_spread(each) for child in children(node) for each in child]
    return max([high - low, *inner])


def _trim(nodes: Nodes) -> list[Node]:
    """The nodes without what may be absent or longer at their end."""
    kept = list(nodes)
    while kept:
        kind, value = kept[-1]
        if kind is op.SUBPATTERN:
            kept[-1] = (kind, (*value[:3], _trim(value[3])))
            return kept
        if kind not in REPEATS or value[0] == value[1]:
            return kept
        kept.pop()
        if value[0]:
            return [*kept, (kind, (value[0], value[0], value[2]))]
    return kept


def find_pieces(nodes: Nodes) -> list[list[Node]]:
    """What must stand behind each wide part of a match, up to the next wide part."""
    pieces: list[list[Node]] = [[]]
    for node in _ungrouped(nodes):
        if _spread(node) <= _WIDE:
            pieces[-1].append(node)
        else:
            pieces[-1] += _least(node, _MANY)
            pieces.append([])
    return [piece for piece in pieces[1:] if width_of(piece)[0] >= _TELLING]


def _ungrouped(nodes: Nodes) -> Iterator[Node]:
    for node in nodes:
        if node[0] is op.SUBPATTERN:
            yield from _ungrouped(node[1][3])
        else:
            yield node


def _positions(nodes: Nodes) -> int:
    """Character classes of the pattern with its repeats written out."""
    total = 0
    for node in nodes:
        kind, value = node
        inner = sum(_positions(child) for child in children(node)) or (kind is not op.AT)
        total += inner * int(value[1]) if kind in REPEATS else inner
    return total


def _spell_node(node: Node) -> str:
    """The node for Hyperscan, over the bytes of UTF-8; groups do not capture there.

    A character beyond ASCII is up to four bytes, any of those that characters of its class are
    spelled with; that is wider than the pattern, and several times faster than Hyperscan's own
    mode for UTF-8.
    """
    kind, value = node
    if kind is op.LITERAL:
        return "".join(f"\\x{byte:02x}" for byte in chr(value).encode())
    if kind is op.AT:
        return ANCHORS[value]
    if kind is op.BRANCH:
        return f"(?:{'|'.join(spell(branch) for branch in value[1])})"
    if kind is op.SUBPATTERN:
        return f"(?:{spell(value[3])})"
    if kind in REPEATS:
        low, high, body = value
        if len(body) == 1 and _is_set(body[0]):
            wider = 4 if mask_of(body[0]) & BEYOND else 1
            return f"{_spell_bytes(body[0])}{{{low},{high * wider}}}"
        return f"(?:{spell(body)}){{{low},{high}}}"
    return _spell_bytes(node) + ("{1,4}" if mask_of(node) & BEYOND else "")


def _is_set(node: Node) -> bool:
    return node[0] in (op.IN, op.ANY, op.NOT_LITERAL)


def _spell_bytes(node: Node) -> str:
    """A set of characters as ranges of the bytes that they are spelled with."""
    beyond = members_beyond(node)
    used = range(0x80, 0x100) if beyond is None else b"".join(chr(each).encode() for each in beyond)
    codes = {code for code in range(128) if mask_of(node) >> code & 1}
    return _spell_ranges(codes.union(used), "\\x{:02x}")


def _spell_ranges(codes: Iterable[int], form: str) -> str:
    """A class of these codes."""
    parts: list[str] = []
    ordered = sorted(codes)
    start = 0
    for at, code in enumerate(ordered, 1):
        if at == len(ordered) or ordered[at] != code + 1:
            parts.append(f"{form.format(ordered[start])}-{form.format(code)}")
            start = at
    return f"[{''.join(parts)}]"


def spell(nodes: Nodes) -> str:
    """The nodes in the syntax of Hyperscan, without its mode for UTF-8."""
    return "".join(_spell_node(node) for node in nodes)


def spell_entry(nodes: Nodes) -> str:
    """The nodes for `re` over text, without groups; a class takes of what is beyond ASCII what it
    names, or all."""
    return "".join(map(_spell_for_re, nodes))


def _spell_for_re(node: Node) -> str:
    kind, value = node
    if kind is op.LITERAL:
        return re.escape(chr(value))
    if kind is op.AT:
        return ANCHORS[value]
    if kind is op.BRANCH:
        return f"(?:{'|'.join(map(spell_entry, value[1]))})"
    if kind is op.SUBPATTERN:
        return f"(?:{spell_entry(value[3])})"
    if kind in REPEATS:
        body = spell_entry(value[2])
        return f"(?:{body}){{{value[0]},{value[1]}}}"
    beyond = members_beyond(node)
    codes = {code for code in range(128) if mask_of(node) >> code & 1}.union(beyond or ())
    spelled = _spell_ranges(codes, "\\U{:08x}")
    return spelled if beyond is not None else f"{spelled[:-1]}\\x80-\\U0010ffff]"


def spell_word(word: str) -> str:
    """A literal in the same syntax."""
    return spell([(op.LITERAL, ord(char)) for char in word])


def spell_context(word: str) -> str:
    """A word of context in the same syntax, caseless; each of its closed ends takes the character
    next to it, which is no letter. A star at an end opens that end."""
    left = "" if word.startswith("*") else _NO_LETTER
    right = "" if word.endswith("*") else _NO_LETTER
    return left + "".join(map(_either, word.strip("*"))) + right


@lru_cache(maxsize=2048)  # thousands of words of context are made of few letters
def _either(char: str) -> str:
    spelled = [spell_word(each) for each in cases(char)]
    return spelled[0] if len(spelled) == 1 else f"(?:{'|'.join(spelled)})"


def cases(char: str) -> list[str]:
    """The forms of a character beyond ASCII in either case; the case of ASCII is left to a flag."""
    if char.isascii():
        return [char]
    return sorted({each for each in (char, char.lower(), char.upper()) if len(each) == 1})
