"""Which override tokens were used, and which refusals an administrator granted.

    STATE/overrides/spent/DIGEST     a token that was used; its age says when it may be forgotten
    STATE/overrides/granted/ID       a reason, for one more try of the request refused as ID

Files, so that a token counts once also after a restart and for several workers, and that a command
can speak to a proxy that runs. Owner-only. Nodes have the same on the server they share.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from excise.errors import StateError
from excise.state.memory import MemoryShelf
from excise.state.ports import Grants, Shelf

REMEMBERED: Final = 4096  # refusals that can be granted by their reference
FORGOTTEN: Final = 24 * 3600.0  # seconds: the longest that a token is good for
_REFERENCE: Final = re.compile(r"[0-9a-f]{32}")


class OverrideDesk:
    """Remembers on a shelf what was refused; what was used or granted stands elsewhere, so that it
    outlives the process. Thread-safe."""

    def __init__(self, grants: Grants, shelf: Shelf | None = None, key: bytes = b"") -> None:
        """`shelf` and `key` are those of all workers; without them this process is alone."""
        self._grants = grants
        self._shelf = shelf or MemoryShelf(time.monotonic, most=REMEMBERED)
        self._key = key

    def __repr__(self) -> str:
        return "<OverrideDesk>"

    def spend(self, token: str) -> bool:
        """Whether this token had not been used; it is from now on. False where that cannot be
        written down."""
        return self._grants.spend(hashlib.sha256(token.encode()).hexdigest()[:32], FORGOTTEN)

    def offer(self, digest: bytes, reference: str, expires: float) -> None:
        """A refusal was given a reference under which it can be granted."""
        self._shelf.put({self._name(digest): f"{reference} {expires}".encode()}, FORGOTTEN)

    def granted(self, digest: bytes, unix_time: float) -> str | None:
        """The reason for which this request was granted, which is used up by asking."""
        offer = self._shelf.get(self._name(digest))
        if offer is None:
            return None
        reference, expires = offer.decode().split(" ")
        return self._grants.redeem(reference) if unix_time <= float(expires) else None

    def _name(self, digest: bytes) -> bytes:
        # Keyed: a digest of a short body would tell the body to whoever reads the shelf.
        return hmac.digest(self._key, b"offer" + digest, "sha256")


class FileGrants:
    """Implements `Grants` in owner-only files, by which a command speaks to a proxy that runs."""

    def __init__(self, state_dir: Path) -> None:
        self._folder = state_dir / "overrides"

    def __repr__(self) -> str:
        return "<FileGrants>"

    def spend(self, name: str, seconds: float) -> bool:
        """Whether this name had not been spent; False where that cannot be written down."""
        folder = self._folder / "spent"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError:
            return False
        _forget(folder, seconds)
        return True

    def grant(self, reference: str, because: str, seconds: float) -> None:
        """Keep a reason under a reference. Raises `StateError`."""
        folder = self._folder / "granted"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft = folder / f".{reference}.{os.getpid()}"
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(because)
            draft.replace(folder / reference)
        except OSError as fault:
            raise StateError(
                "EXC-STA-004", f"the grant cannot be written ({fault.strerror}).", at=str(folder)
            ) from None
        _forget(folder, seconds)

    def redeem(self, reference: str) -> str | None:
        """The reason under a reference, which is gone by asking."""
        path = self._folder / "granted" / reference
        try:
            because = path.read_text("utf-8")
            path.unlink()  # of several who ask at once, one can
        except (OSError, UnicodeDecodeError):
            return None
        return because


def grant(grants: Grants, reference: str, because: str) -> None:
    """Let the request refused under `reference` pass once, if its clause allows that.

    Raises `StateError` where the reference is none, or nothing can be written.
    """
    if not _REFERENCE.fullmatch(reference):
        raise StateError(
            "EXC-STA-004", "that is no reference; wanted the 32 hex digits of a refusal."
        )
    grants.grant(reference, because, FORGOTTEN)


def _forget(folder: Path, seconds: float) -> None:
    before = time.time() - seconds
    for path in folder.iterdir():
        with suppress(OSError):
            if path.stat().st_mtime < before:
                path.unlink()
