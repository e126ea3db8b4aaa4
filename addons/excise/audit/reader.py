"""Reads the trail back: all of its files in order, and following it as it grows."""

from __future__ import annotations

import heapq
import json
import os
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Final

from excise.audit.archive import (
    broken,
    family_of,
    open_file,
    plain_name,
    rotated,
    there,
    trail_name,
)
from excise.audit.chain import read_link
from excise.audit.query import files_of, full_files, growing_files
from excise.audit.select import Wanted
from excise.errors import AuditError

Record = dict[str, Any]
POLL: Final = 0.2
ALL: Final = Wanted()
_NEAR: Final = 20  # lines that are looked at first, for each that is wanted
_TURNS: Final = 8  # files that may turn over between two looks at one of them


def find_records(path: Path) -> Iterator[Record]:
    """Every whole line of every process's trail, in the order of their times. Raises `AuditError`
    at a line that is no record."""
    trails: dict[str, list[Path]] = {}
    for file in files_of(path):
        trails.setdefault(trail_name(file), []).append(file)
    return heapq.merge(*map(_records, trails.values()), key=lambda record: record.get("time", ""))


def find_last(
    path: Path, count: int, wanted: Wanted = ALL, only: Collection[str] | None = None
) -> list[Record]:
    """The last `count` records that are wanted, oldest first. `only` names the full files, without
    their packing, in which some stand."""
    trails: dict[str, list[Path]] = {}
    for file in _among(path, only):
        trails.setdefault(trail_name(file), []).append(file)
    found = [record for files in trails.values() for record in _last(files, count, wanted)]
    found.sort(key=lambda record: record.get("time", ""))
    return found[-count:]


def find_exchange(path: Path, name: str, only: Collection[str] | None = None) -> list[Record]:
    """The lines of one exchange, by its id or by the reference a user was given; `only` is as for
    `find_last`."""
    mark = json.dumps(name).encode()
    found: list[Record] = []
    for file in _among(path, only):
        for number, line in enumerate(_lines(file), 1):
            if mark in line:  # reading each of a million lines would take a minute
                found += _parse_lines([line], file, number - 1)
    return [record for record in found if name in (record.get("id"), record.get("reference"))]


def _among(path: Path, only: Collection[str] | None) -> list[Path]:
    if only is None:
        return files_of(path)
    full = [file for file in full_files(path) if plain_name(file) in only]
    return [*full, *growing_files(path)]


def _last(files: list[Path], count: int, wanted: Wanted) -> list[Record]:
    found: list[Record] = []
    for file in reversed(files):
        missing = count - len(found)
        if missing <= 0:
            break
        # What is wanted stands near the end more often than not: few lines are parsed then.
        near = deque(enumerate(_lines(file), 1), maxlen=_NEAR * count + 1)  # the last may be torn
        records = [
            record
            for number, line in near
            for record in _parse_lines([line], file, number - 1)
            if wanted.fits(record)
        ]
        if len(records) < missing and near and near[0][0] > 1:
            fitting = (r for r in _parse_lines(_lines(file), file) if wanted.fits(r))
            records = list(deque(fitting, maxlen=missing))
        found = records[-missing:] + found
    return found


def _records(files: Iterable[Path]) -> Iterator[Record]:
    for file in files:
        yield from _parse_lines(_lines(file), file)


def _lines(file: Path) -> Iterator[bytes]:
    try:
        with open_file(there(file)) as lines:
            yield from lines
    except OSError as fault:
        raise _unreadable(file, fault) from None
    except broken():
        raise AuditError("EXC-AUD-003", "the packed file is damaged.", at=str(file)) from None


def follow(
    path: Path, *, wait: Callable[[float], None] = time.sleep, rounds: int | None = None
) -> Iterator[Record]:
    """Records as they are written from now on by any process, over rotations; for ever, or for some
    `rounds`."""
    followed: dict[Path, _Followed] = {}
    files_of(path)  # says so where there is nothing to follow
    done = 0
    try:
        while rounds is None or done < rounds:
            for trail in family_of(path):
                if trail not in followed and trail.exists():
                    followed[trail] = _Followed(trail, from_start=done > 0)
            for each in followed.values():
                yield from each.read()
            done += 1
            wait(POLL)
    finally:
        for each in followed.values():
            each.close()


class _Followed:
    """One growing trail. A full file is packed soon after it was renamed, so what comes next is
    known by the numbers of its lines, not by the file."""

    def __init__(self, path: Path, *, from_start: bool) -> None:
        self._path = path
        self._file = _open(path)
        self._seq = 0
        self._rest = b""
        if not from_start:
            for line in self._file:
                self._see(line)

    def read(self) -> list[Record]:
        """What came since the last look."""
        found: list[Record] = []
        for _ in range(_TURNS):
            # Looked at before reading: what is written until the turn-over is then read too.
            turned = not self._is_current()
            found += self._new(self._rest + self._file.read())
            if not turned or not self._path.exists():
                break
            self._file.close()
            for file in self._behind():
                found += self._new(b"".join(_lines(file)))
            self._file, self._rest = _open(self._path), b""
        return found

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _is_current(self) -> bool:
        try:
            return os.path.samestat(self._path.stat(), os.fstat(self._file.fileno()))
        except FileNotFoundError:
            return False

    def _behind(self) -> list[Path]:
        """Full files with lines that were not seen, oldest first."""
        behind: list[Path] = []
        for file in reversed(rotated(self._path)):
            with open_file(there(file)) as lines:
                first = read_link(lines.readline().rstrip(b"\n"))
            behind.append(file)
            if first is None or first.seq <= self._seq + 1:
                break
        return behind[::-1]

    def _new(self, data: bytes) -> list[Record]:
        *whole, self._rest = data.split(b"\n")
        fresh = [line for line in whole if self._see(line)]
        return list(_parse_lines((line + b"\n" for line in fresh), self._path))

    def _see(self, line: bytes) -> bool:
        found = read_link(line.rstrip(b"\n"))
        if found is None:
            return True
        fresh = found.seq > self._seq
        self._seq = max(self._seq, found.seq)
        return fresh


def _parse_lines(lines: Iterable[bytes], file: Path, before: int = 0) -> Iterator[Record]:
    for number, line in enumerate(lines, before + 1):
        if not line.endswith(b"\n"):
            return  # still being written
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        if not isinstance(record, dict):
            raise AuditError("EXC-AUD-003", "the line is no record.", at=f"{file}:{number}")
        yield record


def _open(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as fault:
        raise _unreadable(path, fault) from None


def _unreadable(path: Path, fault: OSError) -> AuditError:
    return AuditError("EXC-AUD-001", f"the trail cannot be read ({fault.strerror}).", at=str(path))
