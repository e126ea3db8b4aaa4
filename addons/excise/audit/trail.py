"""The file behind the trail: appended to by whole lines, owner-only, rotated by size.

Several processes may share one trail: every append and every rotation holds the file's lock, and
whoever finds that another process has rotated opens the new file.
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from excise.errors import AuditError

Notice = Callable[[str], None]
_BLOCK: Final = 65_536


class Trail:
    """One open audit file. Every method may raise `OSError`; `open` may raise `AuditError` too."""

    def __init__(
        self,
        path: Path,
        *,
        rotate_bytes: int,
        keep: int,
        clock: Callable[[], float],
        notice: Notice,
    ) -> None:
        self.path = path
        self._rotate_bytes = rotate_bytes
        self._keep = keep
        self._clock = clock
        self._notice = notice
        self._fd = -1
        self._stuck = False

    def open(self) -> None:
        """Open for appending, make it owner-only, and cut off a line that was never finished."""
        self.close()
        make_private_dir(self.path.parent, self._notice)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        fd = os.open(self.path, flags | os.O_NONBLOCK, 0o600)
        try:
            self._claim(fd)
            with _locked(fd):
                self._repair(fd)
        except BaseException:
            os.close(fd)
            raise
        self._fd = fd

    def append(self, lines: bytes, *, sync: bool) -> None:
        """Add whole lines; with `sync` they are on disk on return. All of them or none."""
        with self._current() as fd:
            size = os.fstat(fd).st_size
            try:
                _write_all(fd, lines)
                if sync:
                    os.fsync(fd)
            except OSError:
                with suppress(OSError):
                    os.ftruncate(fd, size)
                raise
            if size + len(lines) >= self._rotate_bytes:
                self._rotate()

    def close(self) -> None:
        """Let go of the file; safe to call twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

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

    def _repair(self, fd: int) -> None:
        size = os.fstat(fd).st_size
        end = _end_of_last_line(fd, size)
        if end < size:
            os.ftruncate(fd, end)
            self._notice(f"{self.path}: cut {size - end} bytes of an unfinished last line.")

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
        _sync_dir(self.path.parent)
        for old in rotated(self.path)[: -self._keep] if self._keep else ():
            with suppress(OSError):
                old.unlink()


def rotated(path: Path) -> list[Path]:
    """The files that `path` was rotated to, oldest first."""
    form = re.compile(rf"{re.escape(path.stem)}-\d{{8}}T\d{{6}}-\d{{6}}{re.escape(path.suffix)}")
    return sorted(each for each in path.parent.iterdir() if form.fullmatch(each.name))


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


def _next_name(path: Path, moment: datetime) -> Path:
    """A name that sorts behind every rotated file, also where the clock was set back."""
    stamp, number = f"{moment:%Y%m%dT%H%M%S}", 0
    if before := rotated(path):
        last, _, count = before[-1].stem.removeprefix(f"{path.stem}-").partition("-")
        if last >= stamp:
            stamp, number = last, int(count) + 1
    return path.with_name(f"{path.stem}-{stamp}-{number:06d}{path.suffix}")


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


def _sync_dir(path: Path) -> None:
    with suppress(OSError):
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
