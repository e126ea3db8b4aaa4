"""Patterns of other libraries as rules: what a pack cannot say is run as the library compiled it.

Each becomes a rule with two patterns. The library's own decides what matches, with its
look-around, back-references and lazy repeats. A wider one in the dialect of packs says where that
is worth asking, so that all of them share the pass of all other rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Final

from excise.model import Action, Direction, Kind, Severity
from excise.rules.dialect import shape
from excise.rules.lead import ANCHORS, spell_entry
from excise.rules.schema import WIDEST, Context, Foreign, Match, Rule, Status
from excise.rules.tree import DialectError, Node, Nodes

# Where a repeat has no bound; fewer where the dialect refuses neighbours that can share a run.
BOUNDS: Final = (200, 40, 12)
_INLINE: Final = re.compile(r"\(\?[aiLmsux]+\)")
_LOOK_AROUND: Final = (op.ASSERT, op.ASSERT_NOT)
_REPEATS: Final = (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)
_ANYTHING: Final = (op.IN, [(op.NEGATE, None)])


def whole(match: re.Match[str]) -> Iterable[tuple[int, int]]:
    """The span of a match."""
    return (match.span(),)


def group(number: int) -> Callable[[re.Match[str]], Iterable[tuple[int, int]]]:
    """The span of a group."""
    return lambda match: (match.span(number),)


def always(score: float) -> Callable[[str], float]:
    """A judgement that holds of every text."""
    return lambda text: score


def loosen(pattern: str, flags: int, bounds: Iterable[int] = BOUNDS) -> str:
    """A pattern in the dialect of packs that matches wherever the given one does, and may match
    elsewhere: no look-around or back-reference, every repeat with the first bound that fits.

    Letters and digits are those of ASCII. Of `flags` those of `re` count that change the syntax.
    Raises `DialectError` where it can be brought into no form of the dialect.
    """
    syntax = re.ASCII | re.MULTILINE | flags & re.VERBOSE
    try:
        tree = list(parser.parse(_INLINE.sub("", pattern), syntax))
    except (re.error, OverflowError, RecursionError) as fault:
        raise DialectError(f"not a regular expression: {fault}.") from None
    refused = DialectError("no bound was given.")
    for most in bounds:
        wider = spell_entry(_wider(tree, most, {}, dotall=bool(flags & re.DOTALL)))
        try:
            shape(wider, ignore_case=bool(flags & re.IGNORECASE), widest=WIDEST)
        except DialectError as why:
            refused = why
        else:
            return wider
    raise refused


def _wider(nodes: Nodes, most: int, groups: dict[int, list[Node]], *, dotall: bool) -> list[Node]:
    def inside(body: Nodes) -> list[Node]:
        return _wider(body, most, groups, dotall=dotall)

    kept: list[Node] = []
    for kind, value in nodes:
        if kind in _LOOK_AROUND or (kind is op.AT and value not in ANCHORS):
            continue
        if kind in _REPEATS:
            low, high, body = value
            high = max(low, most) if high is op.MAXREPEAT else high
            kept.append((op.MAX_REPEAT, (low, high, inside(body))))
        elif kind is op.SUBPATTERN:
            inner = inside(value[3])
            if value[0] is not None:
                groups[value[0]] = inner
            kept.append((kind, (None, 0, 0, inner)))
        elif kind is op.ATOMIC_GROUP:
            kept.append((op.SUBPATTERN, (None, 0, 0, inside(value))))
        elif kind is op.BRANCH:
            kept.append((kind, (value[0], [inside(branch) for branch in value[1]])))
        elif kind is op.GROUPREF:
            kept += groups.get(value, [])
        elif kind is op.GROUPREF_EXISTS:
            raise DialectError("a pattern that depends on a group cannot be adopted.")
        else:
            kept.append(_ANYTHING if dotall and kind is op.ANY else (kind, value))
    return kept


def level_of(score: float) -> int:
    """How eager a profile must be for a pattern of this score: 2 to 4."""
    return 2 if score >= 0.6 else 3 if score >= 0.4 else 4


def adopt(
    *,
    id: str,
    entity: str,
    title: str,
    kind: Kind,
    severity: Severity,
    level: int,
    regex: str,
    ignore_case: bool,
    foreign: Foreign,
    context: Sequence[str] = (),
    generic: bool = False,
    why: str,
    remedy: str,
    reference: str,
    origin: str,
) -> Rule:
    """A rule over a foreign pattern; requests alone, since its matches may go over white space.

    With words of context one of them must stand in the 60 characters before, also as a part of a
    longer word.
    """
    words = tuple(f"*{word}*" for word in dict.fromkeys(map(str.strip, context)) if word)
    return Rule(
        id=id,
        pack=id.partition(".")[0],
        entity=entity,
        title=title,
        status=Status.STABLE,
        severity=severity,
        level=level,
        kind=kind,
        action=Action.REDACT,
        generic=generic,
        directions=frozenset({Direction.REQUEST}),
        parts=frozenset(),
        keywords=(),
        match=Match(
            regex=regex,
            ignore_case=ignore_case,
            context=Context(words=words) if words else None,
            foreign=foreign,
        ),
        unless=(),
        hold="",
        window=0,
        survives=(),
        why=why,
        remedy=remedy,
        references=(reference,),
        examples=(),
        origin=origin,
    )
