"""Segments of an answer → the calls of tools in it, each with its name and its arguments whole.

Every dialect writes a call as an object with its name and its arguments: `input` or `args` as an
object, or `arguments` as JSON in a string. A built-in one that has no name is called by its type.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from excise.model import Part, Path, Segment

DEEPEST: Final = 24  # of arguments; what lies deeper is read as one text
_BESIDE: Final = frozenset({"id", "type", "name", "call_id", "toolUseId", "status"})


class Argument(NamedTuple):
    """One text among the arguments, and the key under which it stands ("" for bare text)."""

    key: str
    text: str

    def __repr__(self) -> str:
        return f"<Argument {len(self.text)} chars>"


class Call(NamedTuple):
    """One call. `place` counts among the segments: the one that stands for the call."""

    name: str
    arguments: tuple[Argument, ...]
    place: int

    def __repr__(self) -> str:
        return f"<Call with {len(self.arguments)} arguments>"


def find_calls(segments: Sequence[Segment]) -> Iterator[Call]:
    """The calls in a message that stand there whole, in order."""
    inside = [at for at, each in enumerate(segments) if each.part is Part.TOOL_ARGUMENTS]
    roots = _roots(segments, inside)
    members: dict[Path, list[int]] = {root: [] for root in roots}
    for at in inside:
        path = segments[at].path
        root = next((path[:cut] for cut in range(len(path)) if path[:cut] in members), None)
        if root is not None:
            members[root].append(at)
    for root, places in members.items():
        rest = [at for at in places if not _is_beside(segments[at], root)]
        arguments = tuple(_arguments(segments[at] for at in rest))
        # Told of the longest argument; of its name where it has none.
        named = next((at for at in places if is_name(segments[at])), places[0])
        longest = max(rest, key=lambda at: len(segments[at].text), default=named)
        yield Call(roots[root], arguments, longest)


def is_name(segment: Segment) -> bool:
    """Whether this names a call, as far as its place tells."""
    return segment.part is Part.TOOL_ARGUMENTS and segment.path[-1:] == ("name",)


def _roots(segments: Sequence[Segment], inside: Iterable[int]) -> dict[Path, str]:
    """The objects that are calls, and their names."""
    named: dict[Path, str] = {}
    typed: dict[Path, str] = {}
    for at in inside:
        each = segments[at]
        if each.text == each.label and not is_name(each):
            continue
        if is_name(each):
            named.setdefault(each.path[:-1], each.text)
        elif each.path[-1:] == ("type",) and each.text.endswith("_call"):
            typed.setdefault(each.path[:-1], each.text.removesuffix("_call"))
    every = {**typed, **named}
    # An argument may be called `name` as well.
    return {
        root: name
        for root, name in every.items()
        if not any(root[:cut] in every for cut in range(len(root)))
    }


def _is_beside(segment: Segment, root: Path) -> bool:
    """Whether a text tells of the call and is none of its arguments."""
    path = segment.path
    if segment.text == path[-1] and segment.label != path[-1]:
        return True  # a key
    return len(path) == len(root) + 1 and path[-1] in _BESIDE


def _arguments(segments: Iterable[Segment]) -> Iterator[Argument]:
    for segment in segments:
        if segment.text.lstrip()[:1] in ("{", "["):
            try:
                value = json.loads(segment.text)
            except (ValueError, RecursionError):
                yield Argument(segment.label, segment.text)
            else:
                yield from _leaves(segment.label, value, DEEPEST)
        else:
            yield Argument(segment.label, segment.text)


def _leaves(key: str, value: Any, deep: int) -> Iterator[Argument]:
    if isinstance(value, str):
        yield Argument(key, value)
    elif deep == 0:
        yield Argument(key, json.dumps(value))
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from _leaves(name, each, deep - 1)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(key, each, deep - 1)
