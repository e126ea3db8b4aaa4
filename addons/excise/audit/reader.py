"""Reads the trail back: all of its files in order, following it as it grows, and counting."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from excise.audit.archive import rotated
from excise.errors import AuditError

Record = dict[str, Any]
POLL: Final = 0.2


def files_of(path: Path) -> list[Path]:
    """The files of a trail, oldest first. Raises `AuditError` where there are none."""
    try:
        files = [*rotated(path), *([path] if path.exists() else [])]
    except FileNotFoundError:
        files = []
    except OSError as fault:
        raise _unreadable(path, fault) from None
    if not files:
        raise AuditError("EXC-AUD-001", "there is no trail yet.", at=str(path))
    return files


def find_records(path: Path) -> Iterator[Record]:
    """Every whole line, oldest first. Raises `AuditError` at a line that is no record."""
    for file in files_of(path):
        try:
            with file.open("rb") as lines:
                yield from _parse_lines(lines, file)
        except OSError as fault:
            raise _unreadable(file, fault) from None


def find_last(path: Path, count: int) -> list[Record]:
    """The last `count` records, oldest first."""
    found: list[Record] = []
    for file in reversed(files_of(path)):
        if len(found) >= count:
            break
        try:
            lines = file.read_bytes().splitlines(keepends=True)
        except OSError as fault:
            raise _unreadable(file, fault) from None
        wanted = count - len(found)
        # One more than wanted, since the last may be unfinished.
        start = max(0, len(lines) - wanted - 1)
        found = list(_parse_lines(lines[start:], file, start))[-wanted:] + found
    return found


def find_exchange(path: Path, name: str) -> list[Record]:
    """The lines of one exchange, by its id or by the reference a user was given."""
    return [
        record
        for record in find_records(path)
        if name in (record.get("id"), record.get("reference"))
    ]


def follow(
    path: Path, *, wait: Callable[[float], None] = time.sleep, rounds: int | None = None
) -> Iterator[Record]:
    """Records as they are written from now on, over rotations; for ever, or for some `rounds`."""
    file = _open_at_end(files_of(path)[-1])
    rest = b""
    done = 0
    try:
        while rounds is None or done < rounds:
            done += 1
            # Looked at before reading: what is written until the turn-over is then read too.
            behind = _files_after(file.fileno(), path)
            *whole, rest = (rest + file.read()).split(b"\n")
            yield from _parse_lines((line + b"\n" for line in whole), path)
            if behind:
                file.close()
                file, rest = behind[0].open("rb"), b""
            else:
                wait(POLL)
    finally:
        file.close()


@dataclass(slots=True)
class Stats:
    """Counts over a stretch of the trail."""

    records: int = 0
    first: str = ""
    last: str = ""
    stages: Counter[str] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    would: Counter[str] = field(default_factory=Counter)  # where shadow rules would have done more
    rules: Counter[str] = field(default_factory=Counter)
    hosts: Counter[str] = field(default_factory=Counter)
    principals: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    total_ms: list[float] = field(default_factory=list, repr=False)

    def quantile(self, share: float) -> float | None:
        """Milliseconds that this share of the messages stayed within; None where none was timed."""
        if not self.total_ms:
            return None
        ordered = sorted(self.total_ms)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def build_stats(records: Iterable[Record]) -> Stats:
    """Count records by what they say."""
    stats = Stats()
    for record in records:
        stats.records += 1
        stats.first = stats.first or record.get("time", "")
        stats.last = record.get("time", stats.last)
        stats.stages[record.get("stage", "")] += 1
        stats.lost += record.get("lost", 0)
        action, would = record.get("action"), record.get("would")
        if action:
            stats.actions[action] += 1
        if would and would != action:
            stats.would[would] += 1
        for name, counter in (("host", stats.hosts), ("principal", stats.principals)):
            value = record.get(name)
            if value and record.get("direction") == "request":
                counter[value["id"] if isinstance(value, dict) else value] += 1
        stats.reasons.update(record.get("reasons", ()))
        for ruling in record.get("rulings", ()):
            stats.rules[ruling["rule"]] += ruling["count"]
        if fault := record.get("fault"):
            stats.faults[fault["kind"]] += 1
        if (took := record.get("timings", {}).get("total")) is not None:
            stats.total_ms.append(took)
    return stats


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


def _open_at_end(path: Path) -> Any:
    try:
        file = path.open("rb")
    except OSError as fault:
        raise _unreadable(path, fault) from None
    file.seek(0, os.SEEK_END)
    return file


def _files_after(fd: int, path: Path) -> list[Path]:
    """The files of the trail that are newer than the open one, oldest first."""
    held = os.fstat(fd)
    files = [*rotated(path), *([path] if path.exists() else [])]
    for number, file in enumerate(files):
        if file.exists() and os.path.samestat(file.stat(), held):
            return files[number + 1 :]
    return files  # the open one was removed


def _unreadable(path: Path, fault: OSError) -> AuditError:
    return AuditError("EXC-AUD-001", f"the trail cannot be read ({fault.strerror}).", at=str(path))
