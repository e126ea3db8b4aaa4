"""Who may look: a token that is told once, and sessions that it opens."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from typing import Final

LIFE: Final = 12 * 3600.0  # seconds without a request after which a session is over
MOST: Final = 64  # sessions at a time; a new one ends the oldest
_BYTES: Final = 24


class Login:
    """The token and its sessions; of a session only a digest of its name is kept. Not safe for
    several threads."""

    def __init__(self, token: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        self.token = token or secrets.token_urlsafe(_BYTES)
        self._clock = clock
        self._seen: dict[str, float] = {}  # digest of a session's name → when it was last used

    def open(self, token: str) -> str:
        """The name of a new session; empty where the token is wrong."""
        if not hmac.compare_digest(token.encode(), self.token.encode()):
            return ""
        name = secrets.token_urlsafe(_BYTES)
        while len(self._seen) >= MOST:
            del self._seen[min(self._seen, key=self._seen.__getitem__)]
        self._seen[_digest(name)] = self._clock()
        return name

    def word(self, name: str) -> str:
        """The word that every change in a session must carry besides its cookie, which a page of
        somebody else's cannot read; empty where there is no such session, or no more."""
        key, now = _digest(name), self._clock()
        seen = self._seen.get(key)
        if seen is None:
            return ""
        if now - seen > LIFE:
            del self._seen[key]
            return ""
        self._seen[key] = now
        return hmac.digest(self.token.encode(), name.encode(), "sha256").hex()

    def close(self, name: str) -> None:
        """End a session."""
        self._seen.pop(_digest(name), None)


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
