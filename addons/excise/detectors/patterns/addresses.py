"""Addresses in texts: where they lead, and how sure it is that they carry data there."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Set
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from excise.text.unwrap import find_encoded

URL: Final = re.compile(r"\b(?:https?|wss?|ftp)://[^\s\"'<>`\\|)\]}]+", re.IGNORECASE)
_HEX: Final = re.compile(r"[0-9a-f]+")
_DIGESTS: Final = (32, 40, 56, 60, 64)  # digits of MD5, SHA-1, SHA-2; some sites cut off the first
_TEXT: Final = 0.75  # of bytes that are printable; of random ones a good third are
_BITS: Final = 3.0  # a character; what is packed has more, words have less


def host_of(url: str) -> str:
    """The host in an address, in lower case; "" where it has none."""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def is_below(host: str, hosts: Set[str]) -> bool:
    """Whether a host is one of these, or below one."""
    labels = host.split(".")
    return any(".".join(labels[at:]) in hosts for at in range(len(labels)))


def carries(url: str, bar: int) -> float:
    """How sure it is that an address carries data: `bar` characters in one place or more."""
    return max((_packed(piece, bar) for piece in _pieces(url)), default=0.0)


def _pieces(url: str) -> Iterator[str]:
    """Where a URL can carry data: query, fragment, the user's name, labels of the host, path."""
    try:
        parts = urlsplit(url)
        yield from (value for _, value in parse_qsl(parts.query, keep_blank_values=True))
        if parts.query and "=" not in parts.query:
            yield unquote(parts.query)
        yield unquote(parts.fragment)
        yield unquote(parts.username or "")
        yield from (parts.hostname or "").split(".")[:-2]
        yield from (each for each in map(unquote, parts.path.split("/")) if not _is_digest(each))
    except ValueError:
        return


def _is_digest(piece: str) -> bool:
    """Whether a piece of a path names a commit or a file by its digest: hexadecimal of such a
    length whose bytes are no text."""
    if len(piece) not in _DIGESTS or not _HEX.fullmatch(piece):
        return False
    data = bytes.fromhex(piece)
    return sum(32 <= each < 127 for each in data) < _TEXT * len(data)


def _packed(piece: str, bar: int) -> float:
    """How sure it is that a piece of a URL carries data: long, and packed or many words."""
    if len(piece) < bar:
        return 0.0
    counts = Counter(piece).values()
    bits = -sum(count / len(piece) * math.log2(count / len(piece)) for count in counts)
    if any(find_encoded(piece)):
        return 0.95
    solid = not re.search(r"[-_ .,]", piece)
    return 0.8 if bits >= _BITS and (solid or len(piece) > 4 * bar) else 0.4
