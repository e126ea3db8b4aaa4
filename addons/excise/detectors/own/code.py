"""Code of one's own: copies of what was indexed, near copies, and names of internal packages.

`own` is a copy, however indented, commented and quoted; `near` is one whose names or literals
were changed. How much must match was set so that nothing of unrelated code does
(`scripts/evaluate-own-code`, docs/own-code.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from excise.detectors.base import Glance, Sight
from excise.detectors.own.code_index import BLIND, EXACT, Numbers, OwnIndex, rows_of
from excise.detectors.own.code_packages import find_packages
from excise.detectors.own.code_prints import Ints, Prints
from excise.detectors.own.code_tokens import Code, Row, read_code
from excise.model import Span
from excise.text.tokens import Tokens

__all__ = ["Copy", "OwnCode", "OwnIndex"]

OWN: Final = "own"
NEAR: Final = "near"
PACKAGE: Final = "internal-package"

# Shorter than this holds no run of tokens worth a look.
_SHORTEST: Final = 64  # characters
# Matches further apart than this are two copies.
_APART: Final = 20  # tokens
# Fewer tokens than this must stand in so many lines: one long line alone is no copy of a function.
_ENOUGH: Final = 64
_LINES: Final = 4
# A line longer than this is not redacted as a whole for a match in the middle of it.
_LONG_LINE: Final = 400  # characters


class _Bar(NamedTuple):
    """What a group of matches must reach: tokens covered, fingerprints, their share of all in
    the stretch, and the share that stands in one file. `halvings` of the doubt are had at the bar,
    and one more with each `more` tokens."""

    label: str
    run: int
    tokens: int
    prints: int
    share: float
    one_file: float
    halvings: float
    more: float


_BARS: Final = (
    _Bar(OWN, EXACT.run, 30, 2, 0.4, 0.0, 3, 8),
    _Bar(NEAR, BLIND.run, 34, 3, 0.4, 0.5, 1, 12),
)


class Copy(NamedTuple):
    """A stretch of a text that is a copy: `tokens` of it matched, most of them in `file`."""

    label: str
    span: Span
    score: float
    tokens: int
    file: int


class OwnCode:
    """Finds copies of what an index holds. One instance may serve several threads."""

    name: Final = "own-code"
    labels: Final = frozenset({OWN, NEAR, PACKAGE})

    def __init__(self, index: OwnIndex) -> None:
        self._index = index

    @classmethod
    def of_files(cls, files: Sequence[bytes], key: bytes) -> OwnCode:
        """The detector over several indexes. Raises `StateError` where one cannot be read."""
        indexes = [OwnIndex.from_bytes(data, key) for data in files]
        return cls(OwnIndex.merged(indexes, key))

    def find(self, glances: Sequence[Glance]) -> list[tuple[Sight, ...]]:
        """For each text its copies and names of packages, in order of place."""
        return [self._sights(glance.text, glance.tokens) for glance in glances]

    def _sights(self, text: str, tokens: Tokens) -> tuple[Sight, ...]:
        sights = [Sight(each.label, each.span, each.score) for each in self.copies(text, tokens)]
        sights += [Sight(PACKAGE, span, 1.0) for span in self.packages(text, tokens)]
        return tuple(sorted(sights, key=lambda sight: sight.span))

    def packages(self, text: str, tokens: Tokens | None = None) -> list[Span]:
        """Where names of internal packages stand in a text."""
        return find_packages(text, self._index.packages, self._index.key, tokens)

    def copies(self, text: str, tokens: Tokens | None = None) -> list[Copy]:
        """Every copy in a text, the surer kind first; near ones only where no own one is."""
        if len(text) < _SHORTEST or not self._index.prints.size:
            return []
        code = read_code(text, tokens)
        rows = rows_of(code)
        found: list[Copy] = []
        for bar, row, prints, (known, files) in zip(
            _BARS, (code.exact, code.blind), rows, self._index.find(rows), strict=True
        ):
            if known.any():
                open_ = known & ~_inside(row.starts[prints.places], found)
                found += _groups(bar, code, row, prints, open_, files)
        return found


def _inside(places: Ints, copies: Sequence[Copy]) -> NDArray[np.bool_]:
    """Which places stand in one of the copies, which are in order."""
    if not copies:
        return np.zeros(places.size, bool)
    starts, ends = np.array([copy.span for copy in copies]).T
    before = np.searchsorted(starts, places, "right") - 1
    inside: NDArray[np.bool_] = (before >= 0) & (places < ends[before])
    return inside


def _groups(
    bar: _Bar,
    code: Code,
    row: Row,
    prints: Prints,
    known: NDArray[np.bool_],
    files: Numbers,
) -> list[Copy]:
    """The groups of matches that are enough."""
    hits = np.flatnonzero(known)
    if hits.size < bar.prints:
        return []
    cuts = np.flatnonzero(np.diff(prints.places[hits]) > _APART) + 1
    edges = np.concatenate([[0], cuts, [hits.size]])
    copies = []
    for number in np.flatnonzero(np.diff(edges) >= bar.prints).tolist():
        group = hits[edges[number] : edges[number + 1]]
        places = prints.places[group]
        tokens = int(np.minimum(np.diff(places), bar.run).sum()) + bar.run
        share = group.size / (int(group[-1]) - int(group[0]) + 1)
        numbers, counts = np.unique(files[group], return_counts=True)
        one_file = int(counts.max()) / group.size
        if tokens < bar.tokens or share < bar.share or one_file < bar.one_file:
            continue
        lines, joints = _lines_of(code, row, places, bar.run)
        if (tokens < _ENOUGH and lines < _LINES) or 2 * joints < lines - 1:
            continue
        start = int(row.starts[places[0]])
        end = int(row.ends[places[-1] + bar.run - 1])
        score = 1 - 0.5 ** (bar.halvings + (tokens - bar.tokens) / bar.more)
        span = _whole_lines(code, start, end)
        copies.append(Copy(bar.label, span, score, tokens, int(numbers[counts.argmax()])))
    return copies


def _lines_of(code: Code, row: Row, places: Ints, run: int) -> tuple[int, int]:
    """How many lines the matched runs stand in, and how many ends of lines are within a run:
    where lines were put in another order, hardly any is."""
    tokens = places[:, None] + np.arange(run)
    lines = np.searchsorted(code.line_ends, row.starts[tokens])
    joints = lines[:, :-1][lines[:, :-1] != lines[:, 1:]]
    return int(np.unique(lines).size), int(np.unique(joints).size)


def _whole_lines(code: Code, start: int, end: int) -> Span:
    first = int(code.line_starts[np.searchsorted(code.line_starts, start, "right") - 1])
    last = int(code.line_ends[np.searchsorted(code.line_ends, end)])
    return Span(
        first if start - first <= _LONG_LINE else start, last if last - end <= _LONG_LINE else end
    )
