"""Known values: the operator's own secrets, found wherever they stand, kept only as keyed digests.

A value is looked for as it is, and as other forms of it stand in texts: percent-encoded, escaped
for JSON, in hexadecimal, in base64, base32 and base85 however it is aligned within what was encoded
with it, backwards, and in ROT13.
"""

from __future__ import annotations

import base64
import codecs
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from excise.detectors.base import Glance, Sight
from excise.detectors.own.arrays import pack, unpack
from excise.detectors.own.bloom import Bloom
from excise.model import Span
from excise.text.rolling import Rolling, codes_of, pieces

SHORTEST: Final = 8  # characters; what is shorter stands in texts by chance
LONGEST: Final = 4096
LABEL: Final = "value"

_FORMAT: Final = "known values 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownIndex:
    """Forms of values as keyed digests: `digests` (uint64, sorted), the length of each in
    characters, and filters over the hashes of the forms and of their first characters."""

    heads: Bloom  # of the first `SHORTEST` characters
    forms: Bloom
    digests: NDArray[np.uint64]
    lengths: NDArray[np.uint32]

    def to_bytes(self) -> bytes:
        """For `from_bytes`."""
        return pack(
            _FORMAT,
            {
                "heads": self.heads.bits,
                "forms": self.forms.bits,
                "digests": self.digests,
                "lengths": self.lengths,
            },
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> KnownIndex:
        """ValueError where the bytes are no index, or one of another version."""
        fields = unpack(_FORMAT, data)
        return cls(
            heads=Bloom(fields["heads"]),
            forms=Bloom(fields["forms"]),
            digests=fields["digests"],
            lengths=fields["lengths"],
        )


def build_known(values: Iterable[str], key: bytes) -> KnownIndex:
    """The index of these values. `key` has 32 bytes. Values that `is_fit` refuses are left out."""
    forms = sorted({form for value in values if is_fit(value) for form in forms_of(value)})
    ordered = sorted((digest_of(form, key), len(form)) for form in forms)
    rolling = Rolling(key)
    return KnownIndex(
        heads=Bloom.of(rolling.hashes([form[:SHORTEST] for form in forms])),
        forms=Bloom.of(rolling.hashes(forms)),
        digests=np.array([digest for digest, _ in ordered], np.uint64),
        lengths=np.array([length for _, length in ordered], np.uint32),
    )


def is_fit(value: str) -> bool:
    """Whether a value can be told from ordinary text: long enough, and no plain number or path
    or word, such as stand in environments beside the secrets."""
    return (
        SHORTEST <= len(value) <= LONGEST
        and len(set(value)) > 3
        and not value.isdecimal()
        and not value.isalpha()
        and not value.startswith(("/", "./", "~/"))
    )


def forms_of(value: str) -> Iterator[str]:
    """The value, and what it looks like where it was encoded."""
    raw = value.encode("utf-8", "surrogatepass")
    yield value
    for other in (
        quote(value, safe="", errors="surrogatepass"),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        raw.hex(),
        raw.hex().upper(),
        value[::-1],
        codecs.encode(value, "rot13"),
        *_in_base64(raw),
        *_in_groups(raw, base64.b32encode, 5, 8),
        *_in_groups(raw, base64.b85encode, 4, 5),
        *_in_groups(raw, base64.a85encode, 4, 5),
    ):
        if other != value and len(other) >= SHORTEST:
            yield other


def _in_base64(raw: bytes) -> Iterator[str]:
    """The characters of its base64 that depend on the value alone, for each alignment."""
    for lead in range(3):
        packed = base64.b64encode(bytes(lead) + raw).rstrip(b"=").decode()
        first = -(-lead * 8 // 6)
        last = (lead + len(raw)) * 8 // 6
        yield packed[first:last]
        yield packed[first:last].translate(_URL_SAFE)


def _in_groups(
    raw: bytes, encode: Callable[[bytes], bytes], size: int, width: int
) -> Iterator[str]:
    """The whole groups of its base32 or base85, for each place in a group at which it may begin:
    `size` bytes that are written with `width` characters."""
    for lead in range(size):
        begin = -lead % size
        whole = (len(raw) - begin) // size
        if whole > 0:
            yield encode(raw[begin : begin + whole * size]).decode()[: whole * width]


_URL_SAFE: Final = str.maketrans("+/", "-_")


def digest_of(value: str, key: bytes) -> int:
    """64 bits of a keyed BLAKE2b (RFC 7693)."""
    raw = value.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(raw, digest_size=8, key=key).digest(), "big")


class Known:
    """Implements `Detector` over indexes."""

    name = "known-value"
    labels = frozenset({LABEL})

    def __init__(self, indexes: Sequence[KnownIndex], key: bytes) -> None:
        self._key = key
        self._rolling = Rolling(key)
        self._indexes = [(each, sorted(set(each.lengths.tolist()))) for each in indexes]
        self._digests = frozenset(digest for each in indexes for digest in each.digests.tolist())
        self._longest = max((max(lengths, default=0) for _, lengths in self._indexes), default=0)

    def find(self, glances: Sequence[Glance]) -> list[tuple[Sight, ...]]:
        """For each text the known values in it; where forms overlap, the longest."""
        return [tuple(self._seen(glance.text)) for glance in glances]

    def _seen(self, text: str) -> Iterator[Sight]:
        at = 0
        for start, length in sorted(self._candidates(text), key=lambda each: (each[0], -each[1])):
            if (
                start < at
                or digest_of(text[start : start + length], self._key) not in self._digests
            ):
                continue
            at = start + length
            yield Sight(LABEL, Span(start, at), 1.0)

    def hold(self, text: str) -> int:
        """Where a form may begin that is not there to its end."""
        low = max(0, len(text) - self._longest)
        tail, last = text[low:], max(0, len(text) - SHORTEST + 1)
        if not self._longest or len(tail) < SHORTEST:
            return low if self._longest else len(text)
        sums = self._rolling.sums(codes_of(tail))
        every = np.arange(len(tail) - SHORTEST + 1)
        heads = self._rolling.stretches(sums, every, every + SHORTEST)
        begun = [int(at.argmax()) for index, _ in self._indexes
                 if (at := index.heads.may_hold(heads)).any()]  # fmt: skip
        return min(low + min(begun), last) if begun else last

    def _candidates(self, text: str) -> set[tuple[int, int]]:
        """Starts and lengths of what may be a form; nearly all of them are one."""
        found: set[tuple[int, int]] = set()
        if len(text) < SHORTEST or not self._longest:
            return found
        codes = codes_of(text)
        for low, high in pieces(codes.size, self._longest):
            sums = self._rolling.sums(codes[low:high])
            every = np.arange(high - low - SHORTEST + 1)
            heads = self._rolling.stretches(sums, every, every + SHORTEST)
            for index, lengths in self._indexes:
                starts = every[index.heads.may_hold(heads)]
                for length in lengths if starts.size else ():
                    fitting = starts[starts + length <= high - low]
                    hashes = self._rolling.stretches(sums, fitting, fitting + length)
                    places = fitting[index.forms.may_hold(hashes)] + low
                    found.update((place, length) for place in places.tolist())
        return found
