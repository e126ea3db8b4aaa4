"""Refusals that are given slowly: spaces in front of a JSON answer, one at a time.

Bounded in number (what finds no place is refused at once), in time, and in memory: a place holds
one byte and the refusal itself.
"""

from __future__ import annotations

import asyncio
from typing import Final

from mitmproxy import http

MOST: Final = 32
DRIPS: Final = 20
SECONDS: Final = 60.0
DRIP: Final = b" "  # white space may stand in front of any JSON text (RFC 8259, section 2)


class Tarpit:
    """Places in which refusals wait. For one event loop."""

    def __init__(self, *, seconds: float = SECONDS, most: int = MOST) -> None:
        self._seconds = seconds
        self._most = most
        self.held = 0

    def take(self, response: http.Response) -> bool:
        """Whether this answer got a place; its length is told as it will be given."""
        media_type = response.headers.get("content-type", "")
        if self.held >= self._most or self._seconds <= 0 or media_type != "application/json":
            return False
        self.held += 1
        response.headers["content-length"] = str(DRIPS + len(response.raw_content or b""))
        return True

    def leave(self) -> None:
        """The answer is out, or its client gone."""
        self.held -= 1

    async def pause(self) -> None:
        """Until the next byte may go."""
        await asyncio.sleep(self._seconds / DRIPS)
