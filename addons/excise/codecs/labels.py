"""What a dialect knows of its fields, written as tables, and the labeller made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, NamedTuple

from excise.codecs.base import Label
from excise.model import Part, Role

# States of a `Label` that mean the same in every dialect; every other state is a dialect's own.
SINK: Final = ""  # all that is below is labelled alike
SEALED: Final = "sealed"  # signed text: read, never edited
OPAQUE: Final = "opaque"  # a signed or encrypted blob: not read as text, never edited

ROLES: Final[Mapping[str, Role]] = {
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
    "model": Role.ASSISTANT,
    "tool": Role.TOOL,
    "function": Role.TOOL,
}


class Field(NamedTuple):
    """A field of an object in some state: how its value differs from the object around it."""

    role: Role | None = None  # None: the role of the object
    part: Part | None = None  # None: the part of the object
    plain: bool = False
    state: str = SINK


Fields = Mapping[str, Field]
Entry = Callable[[Label, Mapping[str, Any]], Label]
"""(label of the place, members of the object that stands there) → label of the object."""

# Labels are made of a few words, so this cannot grow with the traffic; finding one is three times
# as fast as making one.
make_label: Final = cache(Label)


class Labeler:
    """A dialect's fields and entries, by state.

    `fields` says what the members of an object in this state are; a member it does not name has
    the object's role and part, its key for a label, and the state `rest`. `entries` are the
    states of places whose objects tell by their own members (`role`, `type`) what they are.
    """

    __slots__ = ("_fields", "_resolved", "_rest", "entries")

    def __init__(
        self, fields: Mapping[str, Fields], entries: Mapping[str, Entry], rest: str = SINK
    ) -> None:
        self._fields = fields
        self._rest = rest
        self._resolved: dict[Label, tuple[Mapping[str, Label], Label]] = {}
        self.entries = entries

    def members(self, label: Label) -> tuple[Mapping[str, Label], Label]:
        """The labels of an object's members by key, and the label of every other one."""
        return self._resolved.get(label) or self._resolve(label)

    def _resolve(self, label: Label) -> tuple[Mapping[str, Label], Label]:
        known: Mapping[str, Label]
        role, part, _, state = label
        if state in (SINK, SEALED, OPAQUE):
            known, other = {}, make_label(role, part, False, state)
        else:
            known = {
                key: make_label(field.role or role, field.part or part, field.plain, field.state)
                for key, field in self._fields.get(state, {}).items()
            }
            other = make_label(role, part, False, self._rest)
        self._resolved[label] = known, other
        return known, other
