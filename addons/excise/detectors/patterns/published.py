"""Values their owners print in manuals and sample projects, known by digest alone.

A key that stands in a public sample opens nothing, and is pasted often. Only digests are kept, so
that no key-shaped text is in the repository; the key of the digest sets them apart from those of
other lists, it is no secret.
"""

from __future__ import annotations

import hashlib
from types import MappingProxyType
from typing import Final

_KEY: Final = b"excise published"

# Digests by the address at which the values are published.
PUBLISHED: Final = MappingProxyType(
    {
        "https://github.com/firebase/firebase-android-sdk": (
            "128420d58443eef1", "1a42bf82be18fa0c", "31d0f11bd46386fb", "35447ffae06c27df",
            "4d8fb80ebb0d5d36", "6163c1ed98b84cd6", "67cd3bf3937ca890", "7263c2706c768d7c",
            "7b003c63aad61285", "a1fd6a1baab0adbe", "acf006469f4cb41c", "bea5ddf41fb10482",
            "ca87f8d21ce915d5", "ec1624d2cfd2ae9f", "f73532f40b4bec15",
        ),
    }
)  # fmt: skip
_ALL: Final = frozenset(digest for digests in PUBLISHED.values() for digest in digests)


def digest(value: str) -> str:
    """The digest under which a value stands in the table: 16 hexadecimal characters."""
    raw = value.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(raw, digest_size=8, key=_KEY).hexdigest()


def is_published(value: str) -> bool:
    """Whether the value is one of the table."""
    return digest(value) in _ALL
