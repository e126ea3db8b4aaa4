"""The index of own code: keyed fingerprints, the file each stands in, names of own packages.

Nothing in it can be turned back into code or names, and without its key nothing can be asked of
it: all that is kept of a text are 64-bit keyed hashes of some of its runs of tokens.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from excise.detectors.models import read_model
from excise.detectors.own.code_packages import Package, read_package
from excise.detectors.own.code_prints import (
    Hashes,
    Key,
    Prints,
    Winnow,
    build_key,
    find_prints,
    keyed,
)
from excise.detectors.own.code_tokens import Code, read_code
from excise.errors import StateError

Numbers = NDArray[np.uint32]

# Measured by scripts/evaluate-own-code; another choice makes every index unreadable.
EXACT: Final = Winnow(run=16, window=8, fresh=3, tweak=0x6578616374)
BLIND: Final = Winnow(run=24, window=8, fresh=6, tweak=0x626C696E64)
# What stands in more files of one index than this is a habit of the house, not a piece of code.
MOST_FILES: Final = 8

_MAGIC: Final = b"excise own code 1\n"
_CHECK: Final = np.array([0x657863697365], np.uint64)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnIndex:
    """One index, or several in one. `prints` are sorted and keyed, both rows in one array;
    `files` has for each the number of a file it stands in; `names` is empty or has the path of
    each file; `lines` counts what was read."""

    key: Key
    prints: Hashes
    files: Numbers
    names: tuple[str, ...]
    count: int
    lines: int
    packages: tuple[Package, ...]

    @classmethod
    def of_texts(
        cls,
        texts: Iterable[str],
        key: bytes,
        *,
        names: Sequence[str] = (),
        packages: Sequence[str] = (),
    ) -> OwnIndex:
        """The index of these files. Raises ValueError for a package name without a word."""
        found: list[Hashes] = []
        lines = 0
        for text in texts:
            code = read_code(text)
            lines += code.line_starts.size
            found.append(_uncommon(np.unique(np.concatenate([p.hashes for p in rows_of(code)]))))
        lock = build_key(key)
        sizes = np.array([each.size for each in found], np.int64)
        numbers = np.repeat(np.arange(sizes.size, dtype=np.uint32), sizes)
        every = np.concatenate(found) if found else np.zeros(0, np.uint64)
        prints, firsts, counts = np.unique(every, return_index=True, return_counts=True)
        rare = counts <= MOST_FILES
        locked = keyed(prints[rare], lock)
        order = np.argsort(locked)
        return cls(
            key=lock,
            prints=locked[order],
            files=numbers[firsts[rare]][order],
            names=tuple(names),
            count=len(found),
            lines=lines,
            packages=tuple(read_package(name, lock) for name in packages),
        )

    @classmethod
    def merged(cls, indexes: Sequence[OwnIndex], key: bytes) -> OwnIndex:
        """Several as one, their files numbered on; all made with the same key."""
        if len(indexes) == 1:
            return indexes[0]
        offsets = np.cumsum([0, *(each.count for each in indexes)])
        prints = np.concatenate([np.zeros(0, np.uint64), *(each.prints for each in indexes)])
        files = [each.files + np.uint32(at) for each, at in zip(indexes, offsets, strict=False)]
        unique, firsts = np.unique(prints, return_index=True)
        named = all(each.names for each in indexes)
        return cls(
            key=build_key(key),
            prints=unique,
            files=np.concatenate([np.zeros(0, np.uint32), *files])[firsts],
            names=tuple(name for each in indexes for name in each.names) if named else (),
            count=int(offsets[-1]),
            lines=sum(each.lines for each in indexes),
            packages=tuple(dict.fromkeys(one for each in indexes for one in each.packages)),
        )

    def find(self, prints: Sequence[Prints]) -> list[tuple[NDArray[np.bool_], Numbers]]:
        """For each row of fingerprints which are known, and the file of each that is."""
        asked = keyed(np.concatenate([each.hashes for each in prints]), self.key)
        if not self.prints.size or not asked.size:
            known = np.zeros(asked.size, bool)
            files = np.zeros(asked.size, np.uint32)
        else:
            places = np.searchsorted(self.prints, asked)
            places[places == self.prints.size] = 0
            known, files = self.prints[places] == asked, self.files[places]
        cuts = np.cumsum([each.hashes.size for each in prints])[:-1]
        return list(zip(np.split(known, cuts), np.split(files, cuts), strict=True))

    def to_bytes(self) -> bytes:
        """The index as a file; the key is not in it."""
        head = {
            "check": int(keyed(_CHECK, self.key)[0]),
            "prints": int(self.prints.size),
            "count": self.count,
            "lines": self.lines,
            "names": list(self.names),
            "packages": [list(each) for each in self.packages],
        }
        text = json.dumps(head, separators=(",", ":")).encode()
        text += b" " * (-(len(_MAGIC) + len(text) + 1) % 8) + b"\n"
        arrays = self.prints.astype("<u8").tobytes() + self.files.astype("<u4").tobytes()
        return _MAGIC + text + arrays

    @classmethod
    def from_bytes(cls, data: bytes, key: bytes, *, at: str = "") -> OwnIndex:
        """The index of a file. Raises `StateError` (EXC-STA-002) where the file is no index, or
        was made with another key."""
        head, start = read_head(data, at=at)
        lock = build_key(key)
        if head["check"] != int(keyed(_CHECK, lock)[0]):
            raise _foreign(at, "was made with another key")
        size = head["prints"]
        if len(data) != start + 12 * size:
            raise _foreign(at, "has another length than it says")
        return cls(
            key=lock,
            prints=np.frombuffer(data, "<u8", size, start).astype(np.uint64, copy=False),
            files=np.frombuffer(data, "<u4", size, start + 8 * size).astype(np.uint32, copy=False),
            names=tuple(head["names"]),
            count=head["count"],
            lines=head["lines"],
            packages=tuple(Package(*each) for each in head["packages"]),
        )


def read_head(data: bytes, *, at: str = "") -> tuple[dict[str, Any], int]:
    """What an index says of itself (`prints`, `count`, `lines`, `names`, `packages`), and where
    its arrays begin. Raises `StateError` (EXC-STA-002)."""
    if not data.startswith(_MAGIC):
        raise _foreign(at, "is none")
    end = data.find(b"\n", len(_MAGIC)) + 1
    try:
        head = json.loads(data[len(_MAGIC) : end])
    except ValueError:
        raise _foreign(at, "is damaged") from None
    return head, end


def rows_of(code: Code, *, every: bool = False) -> tuple[Prints, Prints]:
    """The fingerprints of a text as it is written, and blind to names; with `every`, those of all
    its runs."""
    exact, blind = (each._replace(window=1) if every else each for each in (EXACT, BLIND))
    return find_prints(code.exact.hashes, exact), find_prints(code.blind.hashes, blind)


def _uncommon(hashes: Hashes) -> Hashes:
    """Without what stands in everybody's code."""
    common = shipped_common()
    if not common.size:
        return hashes
    short = (hashes >> np.uint64(32)).astype(np.uint32)
    places = np.searchsorted(common, short)
    places[places == common.size] = 0
    uncommon: Hashes = hashes[common[places] != short]
    return uncommon


@cache
def shipped_common() -> Numbers:
    """The upper halves of the hashes of what many projects share, sorted
    (`scripts/own-code-common` made them)."""
    return np.frombuffer(read_model("own-code-common.u32"), "<u4").astype(np.uint32, copy=False)


def _foreign(at: str, why: str) -> StateError:
    return StateError(
        "EXC-STA-002",
        f"wanted an index of own code; this {why}.",
        at=at,
        hint="Make it anew with excise fingerprint add.",
    )
