"""Exact-data match: values of the operator's own records, found in a text however they are written.

A cell is kept as the keyed digest of its squeezed form (`text.squeeze`): words in lower case
without marks, or, for numbers, the digits alone. Cells of one record that stand near each other
support each other, so that a first name alone says nothing and a first name beside its account
number does.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from excise.detectors.base import Glance, Sight
from excise.detectors.own.arrays import pack, unpack
from excise.detectors.own.bloom import Bloom
from excise.model import Span
from excise.text.rolling import Places, Rolling, pieces
from excise.text.squeeze import Squeezed, digits, words

LONGEST: Final = 8  # words, or groups of digits, of one cell
WIDEST: Final = 120  # squeezed characters of one cell
SHORTEST: Final = 3  # squeezed characters; shorter cells are left out
DIGITS: Final = 7  # from which a cell without letters is compared by its digits alone
COMMON: Final = 50  # a value in more records than this tells none of them
NEAR: Final = 500
"""Characters within which cells of one record meet."""

_FORMAT: Final = "records 1"
_UNITS: Final = re.compile(r"[a-z0-9]+")
_NUMBER: Final = 0x5851F42D4C957F2D  # sets hashes of digits apart from those of words
_ALONE: Final = 0.3
_GROUPS: Final = range(1, LONGEST + 1)


class Value(NamedTuple):
    """A squeezed cell: `number` where digits alone count."""

    text: str
    number: bool


def squeeze_cell(cell: str) -> Value | None:
    """What of a cell is compared; None where that is too short or too long to be looked for."""
    if cell.isascii():  # the same, without the fixed cost of arrays
        units = _UNITS.findall(cell.lower())
    else:
        squeezed = words(cell)
        units = squeezed.text.split()
    joined = "".join(units)
    if len(joined) >= DIGITS and joined.isdecimal():
        groups = digits(cell)
        whole = groups.chains.size and groups.chains[0] == groups.chains[-1]
        return Value(joined, True) if whole and len(units) <= LONGEST else None
    text = " ".join(units)
    if not SHORTEST <= len(text) <= WIDEST or len(units) > LONGEST:
        return None
    return Value(text, False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordIndex:
    """Records as keyed digests; nothing of a value can be read from it without trying values
    under the key.

    `digests` (uint64, sorted) are the values; `heads` has one entry more and says where each
    value's entries lie in `records` (uint32) and `columns` (uint8).
    """

    name: str
    titles: tuple[str, ...]
    meet: int  # columns of one record that must stand near each other, where the rule says nothing
    units: frozenset[int]  # how many words the values have
    groups: bool  # whether some are numbers
    bloom: Bloom
    digests: NDArray[np.uint64]
    heads: NDArray[np.uint32]
    records: NDArray[np.uint32]
    columns: NDArray[np.uint8]

    def to_bytes(self) -> bytes:
        """For `from_bytes`."""
        return pack(
            _FORMAT,
            {
                "name": self.name,
                "titles": self.titles,
                "meet": self.meet,
                "units": sorted(self.units),
                "groups": self.groups,
                "bits": self.bloom.bits,
                "digests": self.digests,
                "heads": self.heads,
                "records": self.records,
                "columns": self.columns,
            },
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> RecordIndex:
        """ValueError where the bytes are no index, or one of another version."""
        fields = unpack(_FORMAT, data)
        return cls(
            name=str(fields["name"]),
            titles=tuple(map(str, fields["titles"])),
            meet=int(fields["meet"]),
            units=frozenset(map(int, fields["units"])),
            groups=bool(fields["groups"]),
            bloom=Bloom(fields["bits"]),
            digests=fields["digests"],
            heads=fields["heads"],
            records=fields["records"],
            columns=fields["columns"],
        )


class Built(NamedTuple):
    """An index and what went into it."""

    made: RecordIndex
    records: int
    values: int
    left_out: int  # cells too short, too long or too common


def build_index(
    name: str, titles: Sequence[str], rows: Iterable[Sequence[str]], *, meet: int, key: bytes
) -> Built:
    """The index of rows of cells, as many a row as there are titles. `key` has 32 bytes."""
    entries: dict[Value, list[tuple[int, int]]] = {}
    count = left_out = 0
    for number, row in enumerate(rows):
        count += 1
        for column, cell in enumerate(row):
            value = squeeze_cell(cell) if cell else None
            if value is None:
                left_out += bool(cell)
            else:
                entries.setdefault(value, []).append((number, column))
    telling = {value: seen for value, seen in entries.items() if len(seen) <= COMMON}
    left_out += sum(len(seen) for seen in entries.values()) - sum(map(len, telling.values()))
    ordered = sorted((digest_of(value, key), seen) for value, seen in telling.items())
    heads = np.cumsum([0, *(len(seen) for _, seen in ordered)])
    flat = [entry for _, seen in ordered for entry in seen]
    hashes = _rolled(list(telling), Rolling(key))
    index = RecordIndex(
        name=name,
        titles=tuple(titles),
        meet=meet,
        units=frozenset(value.text.count(" ") + 1 for value in telling if not value.number),
        groups=any(value.number for value in telling),
        bloom=Bloom.of(hashes),
        digests=np.array([digest for digest, _ in ordered], np.uint64),
        heads=heads.astype(np.uint32),
        records=np.array([record for record, _ in flat], np.uint32),
        columns=np.array([column for _, column in flat], np.uint8),
    )
    return Built(index, count, len(telling), left_out)


def digest_of(value: Value, key: bytes) -> int:
    """64 bits of a keyed BLAKE2b (RFC 7693) of a squeezed cell."""
    text = f"#{value.text}" if value.number else value.text
    mac = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8, key=key)
    return int.from_bytes(mac.digest(), "big")


def _rolled(values: Sequence[Value], rolling: Rolling) -> NDArray[np.uint64]:
    hashes = rolling.hashes([value.text for value in values])
    hashes[[value.number for value in values]] ^= np.uint64(_NUMBER)
    return hashes


class _Hit(NamedTuple):
    """A value that stands in a text: where, and its place among the index's values."""

    span: Span
    value: int


class Records:
    """Implements `Detector` over indexes; a label is an index's name."""

    name = "dictionary"

    def __init__(self, indexes: Sequence[RecordIndex], key: bytes) -> None:
        self._indexes = tuple(indexes)
        self._key = key
        self._rolling = Rolling(key)
        self.labels = frozenset(index.name for index in indexes)
        self._units = frozenset[int]().union(*(index.units for index in indexes))
        self._groups = any(index.groups for index in indexes)

    def find(self, glances: Sequence[Glance]) -> list[tuple[Sight, ...]]:
        """For each text the values of records that stand in it, with how many columns of one
        record meet there. The score is 1 where these are as many as the index asks for."""
        return [self._seen(glance.text) for glance in glances]

    def _seen(self, text: str) -> tuple[Sight, ...]:
        hits: dict[int, set[_Hit]] = {}
        for number, squeeze, counts in (
            (False, words, self._units),
            (True, digits, _GROUPS if self._groups else ()),
        ):
            for place, hit in self._hits(squeeze(text), number, counts) if counts else ():
                hits.setdefault(place, set()).add(hit)
        sights = [
            Sight(index.name, span, 1.0 if met >= index.meet else _ALONE, met)
            for place, index in enumerate(self._indexes)
            for span, met in meetings(index, hits.get(place, ()))
        ]
        return tuple(sorted(sights, key=lambda each: each.span))

    def _hits(
        self, squeezed: Squeezed, number: bool, counts: Collection[int]
    ) -> Iterator[tuple[int, _Hit]]:
        """Values in a squeezed text, each behind the place of its index."""
        for low, high in pieces(squeezed.codes.size, WIDEST):
            sums = self._rolling.sums(squeezed.codes[low:high])
            for starts, ends in stretches(squeezed, low, high, counts):
                hashes = self._rolling.stretches(sums, starts - low, ends - low)
                if number:
                    hashes ^= np.uint64(_NUMBER)
                for place, index in enumerate(self._indexes):
                    for at in np.flatnonzero(index.bloom.may_hold(hashes)).tolist():
                        hit = self._confirmed(index, squeezed, starts[at], ends[at], number)
                        if hit is not None:
                            yield place, hit

    def _confirmed(
        self, index: RecordIndex, squeezed: Squeezed, start: int, end: int, number: bool
    ) -> _Hit | None:
        shown = squeezed.codes[start:end].tobytes().decode("utf-32-le", "surrogatepass")
        digest = np.uint64(digest_of(Value(shown, number), self._key))
        place = int(np.searchsorted(index.digests, digest))
        if place == index.digests.size or index.digests[place] != digest:
            return None
        span = Span(int(squeezed.places[start]), int(squeezed.places[end - 1]) + 1)
        return _Hit(span, place)


def stretches(
    squeezed: Squeezed, low: int, high: int, counts: Iterable[int]
) -> Iterator[tuple[Places, Places]]:
    """Starts and ends of all that could be a cell within a piece of a squeezed text, for each
    number of neighbouring units."""
    first, last = np.searchsorted(squeezed.starts, [low, high])
    starts, ends = squeezed.starts[first:last], squeezed.ends[first:last]
    chains = squeezed.chains[first:last]
    for count in counts:
        if count > starts.size:
            continue
        begin, end = starts[: starts.size - count + 1], ends[count - 1 :]
        wide = end - begin
        kept = (chains[: begin.size] == chains[count - 1 :]) & (wide <= WIDEST) & (end <= high)
        kept &= wide >= SHORTEST
        if kept.any():
            yield begin[kept], end[kept]


def meetings(index: RecordIndex, hits: Iterable[_Hit]) -> Iterator[tuple[Span, int]]:
    """Each hit's span, with the most columns of one record that stand near it, its own included."""
    ordered = sorted(hits)
    begins = [hit.span.start for hit in ordered]
    of_record: dict[int, dict[int, set[int]]] = {}  # record → number of a hit → its columns there
    for number, hit in enumerate(ordered):
        for entry in range(index.heads[hit.value], index.heads[hit.value + 1]):
            columns = of_record.setdefault(int(index.records[entry]), {})
            columns.setdefault(number, set()).add(int(index.columns[entry]))
    best = [1] * len(ordered)
    for seen in of_record.values():
        numbers = list(seen)
        starts = [begins[number] for number in numbers]
        for number in numbers if len(numbers) > 1 else ():
            low = bisect_left(starts, begins[number] - NEAR)
            high = bisect_right(starts, begins[number] + NEAR)
            near = numbers[low:high]
            values = {ordered[each].value for each in near}
            columns_met = set[int]().union(*(seen[each] for each in near))
            best[number] = max(best[number], min(len(values), len(columns_met)))
    yield from ((hit.span, met) for hit, met in zip(ordered, best, strict=True))
