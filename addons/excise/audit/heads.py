"""Remembers the newest line of each trail outside of it, so that a cut-off tail can be seen.

One small owner-only file a trail, in the state folder: `SEQ DIGEST`, of fixed length, written over
in one piece behind every append. It lags behind the trail for a moment, and is never ahead of it.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

from excise.audit.chain import Head
from excise.errors import AuditError

_FORM: Final = re.compile(rb"(\d{20}) ([0-9a-f]{64})\n")
FOLDER: Final = "audit-heads"


def head_path(state_dir: Path, trail: Path) -> Path:
    """Where the head of the trail at this path is kept."""
    mark = sha256(str(trail.absolute()).encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return state_dir / FOLDER / f"{trail.stem}-{mark}.head"


def read_head(path: Path) -> Head | None:
    """The head, or None where none is kept. Raises `AuditError` where it is malformed."""
    try:
        held = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as fault:
        raise AuditError(
            "EXC-AUD-001", f"the trail's head cannot be read ({fault.strerror}).", at=str(path)
        ) from None
    if not held:
        return None  # made, and the process ended before its first line
    hit = _FORM.fullmatch(held)
    if hit is None:
        raise AuditError(
            "EXC-AUD-004",
            f"{len(held)} bytes are no head of a trail; wanted a number and a digest.",
            at=str(path),
        )
    return Head(int(hit[1]), hit[2].decode())


class HeadFile:
    """The open head file of one trail. Every method may raise `OSError`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1

    def write(self, head: Head) -> None:
        """Remember the newest line. One write of fixed length, which a killed process cannot
        tear."""
        if self._fd < 0:
            self._open()
        os.pwrite(self._fd, b"%020d %b\n" % (head.seq, head.digest.encode()), 0)

    def close(self) -> None:
        """Let go of the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _open(self) -> None:
        folder = self._path.parent
        if not folder.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700)
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._fd = os.open(self._path, flags, 0o600)
        os.fchmod(self._fd, 0o600)
