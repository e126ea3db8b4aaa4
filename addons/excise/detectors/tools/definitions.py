"""Segments → the tools that a message describes, each field of a description as a keyed digest.

Only words count: the order of fields, and how many blanks stand between words, may change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from excise.model import Part, Path, Segment

DESCRIPTION: Final = "description"


class Definition(NamedTuple):
    """One tool. `fields` are what stands beside its name (`description`, `inputSchema` …) by the
    digest of all words in it, `places` the longest text of each, counted among the segments."""

    name: str
    fields: Mapping[str, str]
    places: Mapping[str, int]

    @property
    def place(self) -> int:
        """Where it is spoken of as a whole: its description, or else the first of its texts."""
        return self.places.get(DESCRIPTION, min(self.places.values()))

    def __repr__(self) -> str:
        return f"<Definition with {len(self.fields)} fields>"


def definitions_in(segments: Sequence[Segment], key: bytes) -> Iterator[Definition]:
    """The tools that a message describes by name, in order."""
    roots = _roots(segments)
    members: dict[Path, list[int]] = {root: [] for root in roots}
    for at, each in enumerate(segments):
        if each.part is Part.TOOL_DEFINITION:
            root = _above(each.path, roots)
            if root is not None:
                members[root].append(at)
    for root, places in members.items():
        fields: dict[str, list[int]] = {}
        for at in places:
            fields.setdefault(str(segments[at].path[len(root)]), []).append(at)
        yield Definition(
            name=roots[root],
            fields=MappingProxyType(
                {
                    field: _digest([segments[at] for at in mine], len(root), key)
                    for field, mine in fields.items()
                }
            ),
            places=MappingProxyType(
                {
                    field: max(mine, key=lambda at: len(segments[at].text))
                    for field, mine in fields.items()
                }
            ),
        )


def digest_of(parts: Iterable[str], key: bytes) -> str:
    """Thirty-two hex digits for a row of texts."""
    digest = hashlib.blake2b(key=key, digest_size=16)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


def _roots(segments: Sequence[Segment]) -> dict[Path, str]:
    """The objects that describe a tool, and its name. An argument may be called `name` as well."""
    roots: dict[Path, str] = {}
    for each in segments:
        named = each.part is Part.TOOL_DEFINITION and each.path[-1:] == ("name",)
        if named and each.text != "name" and _above(each.path, roots) is None:
            roots[each.path[:-1]] = each.text
    return roots


def _above(path: Path, roots: Mapping[Path, str]) -> Path | None:
    return next((path[:cut] for cut in range(len(path)) if path[:cut] in roots), None)


def _digest(segments: Iterable[Segment], depth: int, key: bytes) -> str:
    told = sorted((repr(each.path[depth:]), " ".join(each.text.split())) for each in segments)
    return digest_of((part for pair in told for part in pair), key)
