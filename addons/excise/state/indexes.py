"""What the operator had indexed, as owner-only files of bytes: `indexes/<kind>/<name>`.

The bytes mean nothing here. A file that somebody else may have written is refused: whoever can
change an index can make the firewall blind to what it stands for.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from excise.errors import StateError

_NAME: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")


def is_name(name: str) -> bool:
    """Whether an index may be called this: letters, digits and `._-`, at most 64."""
    return _NAME.fullmatch(name) is not None


def put_index(state_dir: Path, kind: str, name: str, data: bytes) -> Path:
    """Keep an index, in place of one of the same name. Whoever reads meanwhile sees one or the
    other whole. Raises `StateError` (EXC-STA-003) where it cannot be written."""
    path = _path(state_dir, kind, name)
    try:
        state_dir.parent.mkdir(parents=True, exist_ok=True)
        for folder in (state_dir, path.parent.parent, path.parent):
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700)
        draft = path.with_name(f".{secrets.token_hex(8)}")
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as fault:
        raise _closed(path, "written", fault) from None
    return path


def get_index(state_dir: Path, kind: str, name: str) -> bytes:
    """The bytes of an index. Raises `StateError`: EXC-STA-003 where there is none or it cannot be
    read, EXC-STA-001 where others may write it, EXC-STA-002 where it is no file."""
    path = _path(state_dir, kind, name)
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            _check(os.fstat(fd), path)
            with os.fdopen(fd, "rb", closefd=False) as file:
                return file.read()
        finally:
            os.close(fd)
    except OSError as fault:
        raise _closed(path, "read", fault) from None


def list_indexes(state_dir: Path, kind: str) -> tuple[str, ...]:
    """The names of the indexes of a kind, in order; none where none was made."""
    folder = state_dir / "indexes" / kind
    try:
        return tuple(sorted(each.name for each in folder.iterdir() if is_name(each.name)))
    except FileNotFoundError:
        return ()
    except OSError as fault:
        raise _closed(folder, "read", fault) from None


def remove_index(state_dir: Path, kind: str, name: str) -> bool:
    """Delete an index; whether there was one. Raises `StateError` (EXC-STA-003)."""
    path = _path(state_dir, kind, name)
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as fault:
        raise _closed(path, "removed", fault) from None
    return True


def _path(state_dir: Path, kind: str, name: str) -> Path:
    if not is_name(kind) or not is_name(name):
        raise ValueError(f"{kind}/{name} can be no index's name")
    return state_dir / "indexes" / kind / name


def _check(facts: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise StateError("EXC-STA-002", "wanted a file; this is none.", at=str(path))
    if facts.st_mode & 0o022 or facts.st_uid not in (os.geteuid(), 0):
        raise StateError(
            "EXC-STA-001",
            f"mode {stat.S_IMODE(facts.st_mode):04o} of an index lets others change it.",
            at=str(path),
            hint="Remove it and make it anew.",
        )


def _closed(path: Path, done: str, fault: OSError) -> StateError:
    return StateError("EXC-STA-003", f"an index cannot be {done} ({fault.strerror}).", at=str(path))
