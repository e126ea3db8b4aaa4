"""Names of internal packages, found as tokens: `com.acme.`, `@acme/`, `acme_core`.

A name is kept as keyed hashes alone. One that is a single plain word (`billing`) counts only in
lines that import something; one with a mark, a digit or an underscore counts anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple

import numpy as np

from excise.detectors.own_code_prints import Hashes, Key, keyed
from excise.detectors.own_code_tokens import Words, read_words
from excise.model import Span

IMPORTS: Final = (
    "import from require require_once include include_once using use package library crate "
    "extern mod namespace source load needs depends dependencies install implementation"
)
_TWEAK: Final = np.uint64(0x7061636B616765)
_FACTOR: Final = 0x9E3779B97F4A7C15
_MASK: Final = (1 << 64) - 1
_REACH: Final = 300  # tokens a line is looked through for a word that imports
_GOES_ON: Final = frozenset("./\\:-@")


class Package(NamedTuple):
    """A name as keyed hashes: of its first token and of all of them, how many there are, and
    whether it is so plain that it counts in imports only."""

    first: int
    whole: int
    tokens: int
    plain: bool


def read_package(name: str, key: Key) -> Package:
    """A name as an operator writes it. Raises ValueError where it holds no word."""
    words = read_words(name.strip())
    hashes = words.row.hashes
    if not words.named.any():
        raise ValueError(f"{name!r} names no package")
    plain = hashes.size == 1 and name.strip().isalpha()
    first, whole = keyed(np.array([hashes[0], _fold(hashes)], np.uint64) ^ _TWEAK, key).tolist()
    return Package(first, whole, int(hashes.size), plain)


def find_packages(text: str, packages: Sequence[Package], key: Key) -> list[Span]:
    """Where names of the packages stand in a text, each with the path that goes on behind it."""
    if not packages or not text:
        return []
    words = read_words(text)
    starts = np.flatnonzero(_may_begin(words, text))
    firsts = np.array(sorted({each.first for each in packages}), np.uint64)
    asked = keyed(words.row.hashes[starts] ^ _TWEAK, key)
    hits = np.isin(asked, firsts)
    spans: list[Span] = []
    for at, first in zip(starts[hits].tolist(), asked[hits].tolist(), strict=True):
        for package in packages:
            if package.first == first and _matches(words, at, package, key):
                span = _grown(words, text, at, package)
                if not spans or spans[-1].end <= span.start:
                    spans.append(span)
    return spans


def _may_begin(words: Words, text: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Where a name may begin: at an identifier or a mark that nothing of a path is glued before."""
    row = words.row
    begins = np.ones(row.starts.size, bool)
    begins[1:] = ~((row.starts[1:] == row.ends[:-1]) & words.named[:-1] & ~words.named[1:])
    begins &= words.named | (row.hashes == _hash_of("@"))
    begins[1:] &= ~((row.starts[1:] == row.ends[:-1]) & (row.hashes[:-1] == _hash_of(".")))
    return begins


def _matches(words: Words, at: int, package: Package, key: Key) -> bool:
    row, end = words.row, at + package.tokens
    if end > row.hashes.size or (row.starts[at + 1 : end] != row.ends[at : end - 1]).any():
        return False
    whole = np.array([_fold(row.hashes[at:end])], np.uint64) ^ _TWEAK
    if int(keyed(whole, key)[0]) != package.whole:
        return False
    return not package.plain or _imports(words, at)


def _imports(words: Words, at: int) -> bool:
    """Whether something in the line of a token says that it imports."""
    line = int(np.searchsorted(words.line_ends, words.row.starts[at]))
    begin = int(words.line_ends[line - 1]) if line else 0
    stop = int(words.line_ends[line])
    low = max(at - _REACH, int(np.searchsorted(words.row.starts, begin)))
    high = min(at + _REACH, int(np.searchsorted(words.row.starts, stop)))
    return bool(np.isin(words.row.hashes[low:high], _import_words()).any())


def _grown(words: Words, text: str, at: int, package: Package) -> Span:
    """The name with what of a path is glued behind it."""
    row = words.row
    last = at + package.tokens - 1
    while last + 1 < row.starts.size and row.starts[last + 1] == row.ends[last]:
        following = last + 1
        if not words.named[following]:
            after = following + 1
            glued = after < row.starts.size and row.starts[after] == row.ends[following]
            if text[row.starts[following]] not in _GOES_ON or not glued or not words.named[after]:
                break
        last = following
    return Span(int(row.starts[at]), int(row.ends[last]))


def _fold(hashes: Hashes) -> int:
    value = 0
    for each in hashes.tolist():
        value = (value * _FACTOR + each) & _MASK
    return value


@cache
def _hash_of(mark: str) -> np.uint64:
    return np.uint64(read_words(mark).row.hashes[0])


@cache
def _import_words() -> Hashes:
    return np.sort(read_words(IMPORTS).row.hashes)
