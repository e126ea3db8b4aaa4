"""Walks the files of a trail and tells what is wrong with them, and what cannot be told.

It never writes, and holds the trail's lock only to learn how far it reaches: what a running proxy
writes meanwhile is left to the next look.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, Final, NamedTuple

from excise.audit.archive import (
    broken,
    family_of,
    open_file,
    plain_name,
    rotated,
    there,
    trail_name,
)
from excise.audit.chain import Check, Dropped, Fault, Flaw, Head, Walk
from excise.errors import AuditError

_TIME: Final = re.compile(rb'"time":"([^"]{1,40})"')
_RETENTION: Final = b'"stage":"retention"'
_RECOVERY: Final = b'"stage":"recovery"'


@dataclass(slots=True)
class Report:
    """What became of one chain. It holds where `faults` is empty; `notes` are for people."""

    trail: str
    files: int = 0
    lines: int = 0
    checkpoints: int = 0
    sealed: int = 0
    first: str = ""
    last: str = ""
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class _Reach(NamedTuple):
    """The files of a chain, how many bytes of the last one count, and the head kept elsewhere."""

    files: Sequence[Path]
    end: int | None = None
    head: Head | None = None


Kept = Callable[[Path], Head | None]


def verify_trail(path: Path, check: Check | None, kept: Kept) -> list[Report]:
    """Every chain of the trail at `path`, those of its workers too; `kept` tells the head that the
    state folder remembers. Raises `AuditError` where there is no trail at all."""
    try:
        family = family_of(path)
    except OSError:
        family = [path]
    reports = [_verify(each, _reach(each, kept), check) for each in family]
    found = [report for report in reports if report.files or report.faults]
    if not found:
        raise AuditError("EXC-AUD-001", "there is no trail yet.", at=str(path))
    return found


def verify_files(files: Iterable[Path], check: Check | None) -> list[Report]:
    """The chains that these files are pieces of, each in the order of their names."""
    reports = []
    for trail, group in groupby(sorted(files, key=_order), key=trail_name):
        report = _verify(Path(trail), _Reach(list(group)), check, piece=True)
        reports.append(report)
    return reports


def _order(file: Path) -> tuple[str, bool, str]:
    trail = trail_name(file)
    return trail, plain_name(file) == Path(trail).name, plain_name(file)


def _reach(path: Path, kept: Kept) -> _Reach:
    """The files and their end at one moment: whoever rotates or appends holds the same lock."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            end = os.fstat(file.fileno()).st_size
            return _Reach([*rotated(path), path], end, kept(path))
    except FileNotFoundError:
        files = rotated(path) if path.parent.is_dir() else []
        return _Reach(files, None, kept(path))
    except OSError as fault:
        raise AuditError(
            "EXC-AUD-001", f"the trail cannot be read ({fault.strerror}).", at=str(path)
        ) from None


def _verify(path: Path, reach: _Reach, check: Check | None, *, piece: bool = False) -> Report:
    walk, report = Walk(check=check), Report(trail=path.stem, files=len(reach.files))
    for file in reach.files:
        last = file == reach.files[-1]
        _walk_file(walk, report, file, reach.end if last else None)
    if piece:
        walk.accept_start()
    walk.finish(reach.head)
    report.lines, report.checkpoints, report.sealed = walk.lines, walk.checkpoints, walk.sealed
    report.faults = walk.faults
    _excuse_torn(report, walk, reach)
    report.notes += _notes(walk, reach, check)
    return report


def _excuse_torn(report: Report, walk: Walk, reach: _Reach) -> None:
    """An unfinished line behind all that the state folder knows of: a killed process left it."""
    if reach.head is None or reach.head.seq > walk.head.seq:
        return
    for fault in [each for each in report.faults if each.flaw is Flaw.TORN]:
        report.faults.remove(fault)
        report.notes.append(f"{fault.file}:{fault.line}: {fault.got}; the next start mends it")


def _walk_file(walk: Walk, report: Report, file: Path, end: int | None) -> None:
    number = 0
    try:
        with open_file(there(file)) as lines:
            for number, line in enumerate(_up_to(lines, end), 1):
                if not line.endswith(b"\n"):
                    walk.blame(
                        Flaw.TORN, str(file), number,
                        wanted="a whole line", got=f"{len(line)} bytes without an end",
                    )  # fmt: skip
                    return
                _walk_line(walk, report, line[:-1], str(file), number)
    except OSError as fault:
        _unreadable(walk, file, number, fault.strerror or "damaged")
    except broken():
        _unreadable(walk, file, number, "damaged")


def _unreadable(walk: Walk, file: Path, number: int, why: str) -> None:
    walk.blame(Flaw.UNREADABLE, str(file), number + 1, wanted="its lines", got=why)


def _walk_line(walk: Walk, report: Report, line: bytes, file: str, number: int) -> None:
    found = walk.line(line, file, number)
    hit = _TIME.search(line, 0, 64)
    if hit is not None:
        report.last = hit[1].decode("ascii", "replace")
        report.first = report.first or report.last
    if found is None:
        return
    if _RETENTION in line:
        _note_dropped(walk, line)
    elif _RECOVERY in line:
        _note_recovery(walk, report, line, f"{file}:{number}")


def _note_dropped(walk: Walk, line: bytes) -> None:
    for each in _facts(line, "retention").get("dropped", ()):
        if "digest" in each:
            walk.note(Dropped(each["seq"], each["digest"]))


def _note_recovery(walk: Walk, report: Report, line: bytes, where: str) -> None:
    facts = _facts(line, "recovery")
    cut, missing = facts.get("cut_bytes", 0), facts.get("missing_lines", 0)
    if cut:
        report.notes.append(f"{where}: {cut} bytes of an unfinished line were cut off at a start")
    if missing:
        report.notes.append(f"{where}: at a start, {missing} lines were found to be gone")


def _facts(line: bytes, name: str) -> dict[str, Any]:
    try:
        found = json.loads(line).get(name, {})
    except (ValueError, AttributeError):
        return {}
    return found if isinstance(found, dict) else {}


def _notes(walk: Walk, reach: _Reach, check: Check | None) -> Iterator[str]:
    if walk.unchained:
        yield f"{walk.unchained} lines were written before there was a chain: nothing holds them"
    if check is None and walk.checkpoints:
        yield "no public key was given: the signatures were not checked"
    loose = walk.head.seq - walk.sealed
    if reach.head is None and check is not None and loose > 0:
        yield (
            f"the last {loose} lines stand behind the last checkpoint, and the state folder's head "
            "is not at hand: had more of them been cut off, this could not tell"
        )
    if reach.head is not None and reach.head.seq < walk.head.seq:
        newer = walk.head.seq - reach.head.seq
        yield f"{newer} lines are newer than the head in the state folder (a process was killed)"


def _up_to(lines: Iterable[bytes], end: int | None) -> Iterator[bytes]:
    if end is None:
        yield from lines
        return
    for line in lines:
        if end <= 0:
            return
        yield line[:end]
        end -= len(line)
