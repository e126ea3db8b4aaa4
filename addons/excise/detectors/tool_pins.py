"""Definitions of tools, remembered: one whose words or schema change between two requests may have
been changed by whoever serves it, after somebody had looked at it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from excise.detectors.base import Glance, Sight
from excise.detectors.memory import Memory
from excise.model import Part, Path, Segment, Span

NAME: Final = "tool-pins"
CHANGED: Final = "definition-changed"
REMEMBERED: Final = 20_000  # definitions


class Definition(NamedTuple):
    """One tool as a message describes it. `place` counts among the segments: its description, or
    else its longest text."""

    name: str
    digest: bytes
    place: int


class Pins:
    """Whose tool → the digest of its last definition. Safe for several threads."""

    def __init__(self) -> None:
        self._known = Memory[bytes](REMEMBERED)

    def changed(self, whose: str, definition: Definition) -> bool:
        """Whether it was another one before; from now on it is this one."""
        key = hashlib.blake2b(
            f"{len(whose)}\0{whose}{definition.name}".encode("utf-8", "surrogatepass"),
            digest_size=16,
        ).digest()
        before = self._known.get(key)
        if before != definition.digest:
            self._known.put(key, definition.digest)
        return before is not None and before != definition.digest


class Pinned:
    """Implements `Guest` for the messages of one principal with one host."""

    name: Final = NAME
    labels: Final = frozenset({CHANGED})

    def __init__(self, pins: Pins, whose: str) -> None:
        self._pins = pins
        self._whose = whose

    def hold(self, text: str) -> int:
        """Nothing: definitions come whole."""
        return len(text)

    def rests(self, piece: Segment) -> bool:
        """Whether it is no part of a definition."""
        return piece.part is not Part.TOOL_DEFINITION

    def find(self, glances: Sequence[Glance]) -> list[tuple[Sight, ...]]:
        """What was changed, told of the description of each tool."""
        seen: dict[int, tuple[Sight, ...]] = {}
        for each in definitions_in([glance.segment for glance in glances]):
            size = len(glances[each.place].text)
            if size and self._pins.changed(self._whose, each):
                seen[each.place] = (Sight(CHANGED, Span(0, size), 1.0),)
        return [seen.get(at, ()) for at in range(len(glances))]


def definitions_in(segments: Sequence[Segment]) -> Iterator[Definition]:
    """The tools that a message describes by name, in order."""
    roots: dict[Path, str] = {}
    for each in segments:
        path = each.path
        named = each.part is Part.TOOL_DEFINITION and path[-1:] == ("name",)
        if (
            named
            and each.text != "name"
            and not any(path[:cut] in roots for cut in range(len(path)))
        ):
            roots.setdefault(path[:-1], each.text)
    members: dict[Path, list[int]] = {root: [] for root in roots}
    for at, each in enumerate(segments):
        root = next(
            (each.path[:cut] for cut in range(len(each.path)) if each.path[:cut] in roots), None
        )
        if root is not None and each.part is Part.TOOL_DEFINITION:
            members[root].append(at)
    for root, places in members.items():
        texts = sorted((repr(segments[at].path[len(root) :]), segments[at].text) for at in places)
        digest = hashlib.blake2b(repr(texts).encode("utf-8", "surrogatepass"), digest_size=16)
        said = [at for at in places if segments[at].path == (*root, "description")]
        place = max(said or places, key=lambda at: len(segments[at].text))
        yield Definition(roots[root], digest.digest(), place)
