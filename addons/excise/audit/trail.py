"""The file behind the trail: appended to by whole chained lines, owner-only, rotated and retained.

Several processes may share one trail: every append and every rotation holds the file's lock,
whoever finds that another process has rotated opens the new file, and whoever finds it longer than
he left it goes on from its newest line.
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from excise.audit.archive import broken, drop_counts, open_file, plain_name, rotated, sync_dir
from excise.audit.chain import Head, Sign, digest_of, link, link_signed, read_link
from excise.audit.fields import Stage
from excise.audit.heads import HeadFile, read_head
from excise.errors import AuditError

Notice = Callable[[str], None]
Render = Callable[[Stage, Mapping[str, Any]], bytes]  # a bookkeeping line, newline included
_BLOCK: Final = 65_536
_MAX_NOTED: Final = 64
_TIME: Final = re.compile(rb'"time":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)')
_DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """How long a file is written to, and how many full ones are kept; 0 sets no limit.

    `seconds` and `bytes` end a file, `files`, `total_bytes` and `days` remove the oldest full ones;
    `packing` is one of `PACKINGS`.
    """

    bytes: int = 64_000_000
    seconds: float = 0
    files: int = 20
    total_bytes: int = 0
    days: float = 0
    packing: str = "none"


class Seal(NamedTuple):
    """What makes a trail verifiable: who signs, by which name, and where the head is kept."""

    sign: Sign
    key_id: str
    head: Path
    lines: int = 1000
    seconds: float = 60.0


class Trail:
    """One open audit file, for one thread. Every method may raise `OSError`; `open` may raise
    `AuditError` too."""

    def __init__(
        self,
        path: Path,
        *,
        keeping: Keeping,
        clock: Callable[[], float],
        notice: Notice,
        render: Render,
        seal: Seal | None = None,
        onward: Callable[[bytes], None] = lambda _: None,
    ) -> None:
        self.path = path
        self._onward = onward
        self.turned = False  # a file was finished since the owner last looked
        self._keeping = keeping
        self._clock = clock
        self._notice = notice
        self._render = render
        self._seal = seal
        self._heads = HeadFile(seal.head) if seal else None
        self._fd = -1
        self._stuck = False
        self._head = Head()
        self._end = 0
        self._began = 0.0
        self._loose = 0  # lines that no checkpoint covers yet
        self._sealed_at = clock() if seal else 0.0

    def open(self) -> None:
        """Open for appending, make it owner-only, and mend a tail that was never finished."""
        self.close()
        make_private_dir(self.path.parent, self._notice)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        fd = os.open(self.path, flags | os.O_NONBLOCK, 0o600)
        try:
            self._claim(fd)
            with _locked(fd):
                self._settle(fd)
                self._retain(fd)
        except BaseException:
            os.close(fd)
            raise
        self._fd = fd

    def append(self, lines: Sequence[bytes], *, sync: bool) -> None:
        """Chain whole lines on; with `sync` they are on disk on return. All of them or none."""
        with self._current() as fd:
            if os.fstat(fd).st_size != self._end:
                self._settle(fd)
            self._write(fd, lines, sync=sync)
            if self.checkpoint_due() <= 0:
                self._checkpoint(fd, "interval")
            full = self._is_full()
            if full:
                self._checkpoint(fd, "rotation")
                self._rotate()
        if full and not self._stuck:
            self.close()
            with suppress(OSError, AuditError):  # the lines are on disk; the next one tries again
                self.open()

    def checkpoint(self, reason: str) -> None:
        """Sign what is there; nothing where all of it is signed already."""
        if self._loose and self._seal is not None:
            with self._current() as fd:
                if os.fstat(fd).st_size != self._end:
                    self._settle(fd)
                self._checkpoint(fd, reason)

    def checkpoint_due(self) -> float:
        """Seconds until a checkpoint is due; endless where nothing is to be signed."""
        if self._seal is None or not self._loose:
            return float("inf")
        if self._loose >= self._seal.lines:
            return 0.0
        return self._sealed_at + self._seal.seconds - self._clock()

    def close(self) -> None:
        """Let go of the files; safe to call twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        if self._heads is not None:
            self._heads.close()

    # -- lines ---------------------------------------------------------------------------------

    def _write(self, fd: int, lines: Sequence[bytes], *, sync: bool) -> None:
        head, chained = self._head, []
        for line in lines:
            linked, head = link(head, line)
            chained.append(linked)
        self._put(fd, b"".join(chained), head, sync=sync)
        self._loose += len(lines)

    def _put(self, fd: int, data: bytes, head: Head, *, sync: bool) -> None:
        try:
            _write_all(fd, data)
            if sync:
                os.fsync(fd)
        except OSError:
            with suppress(OSError):
                os.ftruncate(fd, self._end)
            raise
        self._end += len(data)
        self._head = head
        if self._heads is not None:
            self._heads.write(head)
        self._onward(data)

    def _checkpoint(self, fd: int, reason: str) -> None:
        """Sign the chain so far. One that fails is left to the next: the lines are written."""
        seal = self._seal
        if seal is None:
            return
        facts = {"trail": self.path.stem, "key": seal.key_id, "reason": reason}
        line = self._render(Stage.CHECKPOINT, {"checkpoint": {**facts, "lines": self._loose}})
        signed, head = link_signed(self._head, line, seal.sign)
        with suppress(OSError):
            self._put(fd, signed, head, sync=True)
            self._loose = 0
        self._sealed_at = self._clock()

    # -- opening -------------------------------------------------------------------------------

    @contextmanager
    def _current(self) -> Iterator[int]:
        """The file that carries the name now, locked."""
        while True:
            if self._fd < 0:
                self.open()
            with _locked(self._fd):
                if _same(self._fd, self.path):
                    yield self._fd
                    return
            self.close()

    def _claim(self, fd: int) -> None:
        facts = os.fstat(fd)
        if not stat.S_ISREG(facts.st_mode):
            raise AuditError(
                "EXC-AUD-001", "the trail is not a regular file; name another.", at=str(self.path)
            )
        if facts.st_uid != os.geteuid():
            raise AuditError(
                "EXC-AUD-001", "the trail belongs to another user; name another.", at=str(self.path)
            )
        if stat.S_IMODE(facts.st_mode) & 0o077:
            os.fchmod(fd, 0o600)
            self._notice(f"{self.path}: was open to other users; made owner-only.")

    def _settle(self, fd: int) -> None:
        """Find the newest line and go on from it; what is missing or torn is told in the chain."""
        size = os.fstat(fd).st_size
        end = _end_of_last_line(fd, size)
        if end < size:
            os.ftruncate(fd, end)
            self._notice(f"{self.path}: cut {size - end} bytes of an unfinished last line.")
        found, kept = self._newest(fd, end), self._kept()
        missing = max(0, kept.seq - found.seq) if kept else 0
        # What the state folder remembers goes before what lies in the file: so a line that was
        # taken away or altered behind our back still shows as that.
        self._head = kept if kept is not None and kept.seq >= found.seq else found
        self._end = end
        self._began = (_began(fd) or self._clock()) if self._keeping.seconds else 0.0
        if missing:
            self._notice(f"{self.path}: {missing} lines at its end are gone; run audit verify.")
        if missing or end < size:
            facts = {"cut_bytes": size - end, "missing_lines": missing}
            self._write(fd, [self._render(Stage.RECOVERY, {"recovery": facts})], sync=True)

    def _newest(self, fd: int, end: int) -> Head:
        if end:
            return _head_of(_last_line(fd, end))
        before = rotated(self.path)
        return _head_of(_last_line_of(before[-1])) if before else Head()

    def _kept(self) -> Head | None:
        if self._seal is None:
            return None
        try:
            return read_head(self._seal.head)
        except AuditError as fault:
            self._notice(str(fault))
            return None

    # -- full files ----------------------------------------------------------------------------

    def _is_full(self) -> bool:
        keeping = self._keeping
        old = keeping.seconds and self._clock() - self._began >= keeping.seconds
        return self._end >= keeping.bytes or bool(old)

    def _rotate(self) -> None:
        """Give the full file a dated name; one that fails is tried again at the next line."""
        target = _next_name(self.path, datetime.fromtimestamp(self._clock(), UTC))
        try:
            self.path.rename(target)
        except OSError as fault:
            if not self._stuck:
                self._notice(f"{self.path}: cannot be rotated ({fault.strerror}); it grows on.")
            self._stuck = True
            return
        self._stuck = False
        self.turned = True
        sync_dir(self.path.parent)

    def _retain(self, fd: int) -> None:
        """Remove the oldest full files beyond the limits, once the chain says so, signed."""
        files = rotated(self.path)
        count = _surplus(files, self._keeping, self._clock()) if files else 0
        if not count:
            return
        gone, rest = files[:count], [*files[1 : count + 1], self.path][:count]
        with suppress(OSError):
            notes = [_note(old, after) for old, after in zip(gone, rest, strict=True)]
            for start in range(0, len(notes), _MAX_NOTED):
                told = {"retention": {"dropped": notes[start : start + _MAX_NOTED]}}
                self._write(fd, [self._render(Stage.RETENTION, told)], sync=True)
            self._checkpoint(fd, "retention")
            for old in gone:
                old.unlink(missing_ok=True)
                drop_counts(old)


def make_private_dir(path: Path, notice: Notice) -> None:
    """Make the directory owner-only where it is missing; complain of one that others may write."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            path.mkdir(mode=0o700)
        return
    mode = path.stat().st_mode
    if mode & 0o022 and not mode & stat.S_ISVTX:
        notice(f"{path}: other users may write here and could remove the trail; use chmod go-w.")


def _surplus(files: Sequence[Path], keeping: Keeping, now: float) -> int:
    """How many of these files, oldest first, are too many, too large together or too old."""
    sizes = [file.stat().st_size for file in files]
    count = max(0, len(files) - keeping.files) if keeping.files else 0
    if keeping.total_bytes:
        while count < len(files) and sum(sizes[count:]) > keeping.total_bytes:
            count += 1
    if keeping.days:
        while count < len(files) and now - _moment(files[count]) > keeping.days * _DAY:
            count += 1
    return count


def _note(old: Path, after: Path) -> dict[str, Any]:
    """What the chain says of a file that goes; the first line behind it knows its last one."""
    told: dict[str, Any] = {"file": plain_name(old)}
    with open_file(after) as file:
        found = read_link(file.readline().rstrip(b"\n"))
    if found is not None and found.seq > 1:
        told |= {"seq": found.seq - 1, "digest": found.prev}
    return told


def _moment(path: Path) -> float:
    text = re.findall(r"\d{8}T\d{6}", path.name)[-1]
    return datetime.strptime(text, "%Y%m%dT%H%M%S").replace(tzinfo=UTC).timestamp()


def _next_name(path: Path, moment: datetime) -> Path:
    """A name that sorts behind every rotated file, also where the clock was set back."""
    stamp, number = f"{moment:%Y%m%dT%H%M%S}", 0
    if before := rotated(path):
        held = plain_name(before[-1]).removesuffix(path.suffix).removeprefix(f"{path.stem}-")
        last, _, count = held.partition("-")
        if last >= stamp:
            stamp, number = last, int(count) + 1
    return path.with_name(f"{path.stem}-{stamp}-{number:06d}{path.suffix}")


def _head_of(line: bytes) -> Head:
    found = read_link(line)
    return Head(found.seq if found else 0, digest_of(line))


def _last_line_of(path: Path) -> bytes:
    last = b""
    with suppress(*broken()), open_file(path) as file:
        for line in file:
            last = line
    return last.rstrip(b"\n")


def _last_line(fd: int, end: int) -> bytes:
    """The line that ends with the newline in front of `end`, without it."""
    start = _end_of_last_line(fd, end - 1)
    return os.pread(fd, end - 1 - start, start)


def _began(fd: int) -> float:
    """When the first line of the file was written; 0 where that cannot be read."""
    hit = _TIME.search(os.pread(fd, _BLOCK, 0).partition(b"\n")[0])
    return datetime.fromisoformat(f"{hit[1].decode()}+00:00").timestamp() if hit else 0.0


def _write_all(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def _end_of_last_line(fd: int, size: int) -> int:
    end = size
    while end > 0:
        start = max(0, end - _BLOCK)
        newline = os.pread(fd, end - start, start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0


@contextmanager
def _locked(fd: int) -> Iterator[None]:
    fcntl.flock(fd, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(fd, fcntl.LOCK_UN)


def _same(fd: int, path: Path) -> bool:
    try:
        named = path.stat()
    except FileNotFoundError:
        return False
    held = os.fstat(fd)
    return (named.st_ino, named.st_dev) == (held.st_ino, held.st_dev)
