"""The key behind placeholders and fingerprints: made once, owner-only, split by purpose."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from excise.errors import StateError

KEY_BYTES: Final = 32


def load_or_create_key(path: Path) -> bytes:
    """The 32 bytes of a key file, made on first use. Safe when several processes start at once.

    The file holds 64 hex digits and a newline. Raises `StateError`: EXC-STA-001 where others can
    read it, EXC-STA-002 where it is malformed, EXC-STA-003 where it can be neither read nor made.
    """
    try:
        if not path.exists():
            _create(path, secrets.token_bytes(KEY_BYTES))
        return _load(path)
    except OSError as fault:
        raise StateError(
            "EXC-STA-003",
            f"the key cannot be read or made ({fault.strerror}); mend the permissions.",
            at=str(path),
        ) from None


def adopt_key(path: Path, digits: str) -> bytes:
    """The key that several nodes were given, put into the key file of this one. Raises `StateError`
    as `load_or_create_key`, and EXC-STA-002 where another key stands there."""
    key = bytes.fromhex(digits)
    try:
        if not path.exists():
            _create(path, key)
    except OSError as fault:
        raise StateError(
            "EXC-STA-003", f"the key cannot be written ({fault.strerror}).", at=str(path)
        ) from None
    if not hmac.compare_digest(load_or_create_key(path), key):
        raise StateError(
            "EXC-STA-002",
            "this node had a key of its own, not the one of nodes-key.",
            at=str(path),
            hint="Move it away; placeholders of chats that go on are not restored then.",
        )
    return key


def derive(key: bytes, purpose: str) -> bytes:
    """32 bytes of their own for each purpose (HKDF-SHA-256, RFC 5869, one block, no salt)."""
    extracted = hmac.digest(bytes(hashlib.sha256().digest_size), key, "sha256")
    return hmac.digest(extracted, b"excise " + purpose.encode() + b"\x01", "sha256")


def _create(path: Path, key: bytes) -> None:
    if not path.parent.exists():
        path.parent.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            path.parent.mkdir(mode=0o700)
    # Written under a name of its own and then linked: whoever sees the file sees all of it, and
    # of several processes one wins and all of them read the winner's key.
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(key.hex().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()


def _load(path: Path) -> bytes:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(fd, "rb") as file:
        facts = os.fstat(fd)
        if not stat.S_ISREG(facts.st_mode):
            raise _malformed(path, "no regular file")
        if facts.st_mode & 0o077 or facts.st_uid not in (os.geteuid(), 0):
            raise StateError(
                "EXC-STA-001",
                f"mode {stat.S_IMODE(facts.st_mode):04o} lets other users at the key.",
                at=str(path),
                hint="If nobody has read it: chmod 600. Else delete it; a new one is made, and "
                "placeholders in running chats are not restored.",
            )
        text = file.read(4 * KEY_BYTES)
    try:
        key = bytes.fromhex(text.decode("ascii").strip())
    except ValueError:
        raise _malformed(path, "not hex digits") from None
    if len(key) != KEY_BYTES:
        raise _malformed(path, f"{len(key)} bytes")
    return key


def _malformed(path: Path, got: str) -> StateError:
    return StateError(
        "EXC-STA-002",
        f"the key file holds {got}; wanted {2 * KEY_BYTES} hex digits.",
        at=str(path),
        hint="Restore it, or delete it to have a new one made.",
    )
