"""Tokens by which a user overrules one refusal of one request, for a reason and for a while.

A token is `EXPIRY.MAC`: seconds since 1970 in hex, and an HMAC-SHA-256 (RFC 2104) over expiry,
digest of the exchange and the clauses that refused it. So it is worth nothing for another text,
another person or another clause, and the proxy keeps no list of what it gave out.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from excise.model import Exchange

SHORTEST: Final = 8
"""Characters of a reason that is required; "ok" is none."""
LONGEST: Final = 300

_TOKEN: Final = re.compile(r"([0-9a-f]{8,12})\.([A-Za-z0-9_-]{24})")
_MAC: Final = 18  # bytes
_ASKED: Final = re.compile(
    r"\s*([0-9a-f]{1,12}\.[A-Za-z0-9_-]{1,64})\s*(?:;\s*because\s*=\s*\"?(.*?)\"?\s*)?"
)


class Wish(NamedTuple):
    """What a client says to overrule a refusal."""

    token: str
    because: str = ""

    def __repr__(self) -> str:
        return "<Wish>"


def read_wish(header: str) -> Wish | None:
    """`TOKEN; because=REASON` → both; None where it is no such thing."""
    found = _ASKED.fullmatch(header[:2000])
    return Wish(found[1], found[2] or "") if found else None


def digest_of(exchange: Exchange) -> bytes:
    """What makes two exchanges the same request: who, where to, and every byte of it."""
    digest = hashlib.sha256()
    for piece in (exchange.principal.id, exchange.method, exchange.host, exchange.target):
        raw = piece.encode("utf-8", "surrogateescape")
        digest.update(b"%d:" % len(raw) + raw)
    digest.update(exchange.body)
    return digest.digest()


def make_token(key: bytes, digest: bytes, clauses: Sequence[str], expires: int) -> str:
    """The token that lifts these clauses for this request until then (seconds since 1970)."""
    said = f"{expires}\0" + "\0".join(sorted(clauses))
    mac = hmac.digest(key, digest + said.encode(), "sha256")[:_MAC]
    return f"{expires:08x}.{base64.urlsafe_b64encode(mac).decode()}"


def is_valid(
    key: bytes, token: str, digest: bytes, clauses: Sequence[str], unix_time: float
) -> bool:
    """Whether a token was made for these clauses and this request, and is not too old."""
    found = _TOKEN.fullmatch(token)
    if found is None or unix_time > int(found[1], 16):
        return False
    return hmac.compare_digest(token, make_token(key, digest, clauses, int(found[1], 16)))


def is_reason(because: str, *, required: bool) -> bool:
    """Whether a reason will do."""
    bare = because.strip()
    return len(bare) <= LONGEST and (not required or len(bare) >= SHORTEST)
