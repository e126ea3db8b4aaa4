"""Device tokens: what they look like, and the digest that is kept in their place."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

PREFIX: Final = "excise_"
_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One device's token, without the token itself. Times are UTC; `until` None never ends."""

    id: str
    user: str
    device: str
    digest: str = field(repr=False)
    made: datetime
    until: datetime | None = None

    def is_good(self, now: datetime) -> bool:
        """Whether it has not ended."""
        return self.until is None or now < self.until


def new_secret() -> str:
    """A token of 256 random bits."""
    return PREFIX + secrets.token_urlsafe(_BYTES)


def digest_of(secret: str) -> str:
    """SHA-256 in hex. No slow hash is needed: nobody guesses 256 random bits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
