"""What is measured: rows with what must be found in them, in sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parent.parent


class Mark(NamedTuple):
    """A stretch that the source labels; offsets in characters."""

    start: int
    end: int
    label: str = ""


class Hit(NamedTuple):
    """What was found: a stretch, as what, by which rule."""

    start: int
    end: int
    entity: str
    rule: str


@dataclass(frozen=True, slots=True)
class Row:
    """One text, whether something must be found in it, and where, as far as the source says."""

    id: str
    text: str = field(repr=False)
    positive: bool
    source: str
    kind: str
    marks: tuple[Mark, ...] = ()
    lines: int = 1
    group: str = ""  # whether rules or models were made on it, or what else rows are parted by


@dataclass(frozen=True, slots=True)
class Set:
    """Rows that are counted together, in the way that `measure` names."""

    name: str
    family: tuple[str, ...]  # how the entities begin that count
    measure: str  # a key of `evaluate_measures.MEASURES`
    origin: str  # `shared`, `sample` or `generated`
    rows: Sequence[Row]
    of: int = 0  # rows there are, where not all are read
