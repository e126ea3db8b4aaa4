"""Names of internal packages, found as tokens: `com.acme.`, `@acme/`, `acme_core`.

A name is kept as keyed hashes alone. One that is a single plain word (`billing`) counts only in
lines that import something; one with a mark, a digit or an underscore counts anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final, NamedTuple

import numpy as np

from excise.detectors.own.code_prints import Hashes, Ints, Key, keyed
from excise.detectors.own.code_tokens import Bools, Words, read_words
from excise.model import Span
from excise.text.tokens import Tokens

IMPORTS: Final = (
    "import from require require_once include include_once using use package library crate "
    "extern mod namespace source load needs depends dependencies install implementation"
)
_TWEAK: Final = np.uint64(0x7061636B616765)
_FACTOR: Final = np.uint64(0x9E3779B97F4A7C15)
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


def find_packages(
    text: str, packages: Sequence[Package], key: Key, tokens: Tokens | None = None
) -> list[Span]:
    """Where names of the packages stand in a text, each with the path that goes on behind it.
    `tokens` are those of the text where they are there already."""
    if not packages or not text:
        return []
    words = read_words(text, tokens)
    starts = np.flatnonzero(_may_begin(words))
    asked = keyed(words.row.hashes[starts] ^ _TWEAK, key)
    ends: dict[int, int] = {}  # of the longest name that begins at a token, its last token
    for package in packages:
        places = _matching(words, starts[asked == np.uint64(package.first)], package, key)
        for at in places.tolist():
            ends[at] = max(ends.get(at, 0), at + package.tokens - 1)
    return _grown(words, text, ends) if ends else []


def _may_begin(words: Words) -> Bools:
    """Where a name may begin: at an identifier or a mark that nothing of a path is glued before."""
    row = words.row
    begins = np.ones(row.starts.size, bool)
    begins[1:] = ~((row.starts[1:] == row.ends[:-1]) & words.named[:-1] & ~words.named[1:])
    begins &= words.named | (row.hashes == _hash_of("@"))
    begins[1:] &= ~((row.starts[1:] == row.ends[:-1]) & (row.hashes[:-1] == _hash_of(".")))
    return begins


def _matching(words: Words, places: Ints, package: Package, key: Key) -> Ints:
    """Those of the places at which the whole name stands, and counts."""
    row = words.row
    places = places[places + package.tokens <= row.hashes.size]
    whole = row.hashes[places]
    glued = np.ones(places.size, bool)
    for step in range(1, package.tokens):
        whole = whole * _FACTOR + row.hashes[places + step]
        glued &= row.starts[places + step] == row.ends[places + step - 1]
    known = glued & (keyed(whole ^ _TWEAK, key) == np.uint64(package.whole))
    places = places[known]
    return places[_imports(words, places)] if package.plain and places.size else places


def _imports(words: Words, places: Ints) -> Bools:
    """Which tokens stand in a line in which some word imports."""
    lines = np.searchsorted(words.line_ends, words.row.starts)
    importing = np.unique(lines[np.isin(words.row.hashes, _import_words())])
    return np.isin(lines[places], importing)


def _grown(words: Words, text: str, ends: Mapping[int, int]) -> list[Span]:
    """Each name with what of a path is glued behind it; `ends` has its last token by its first."""
    firsts, lasts = words.row.starts.tolist(), words.row.ends.tolist()
    named = words.named.tolist()
    spans: list[Span] = []
    for at in sorted(ends):
        if spans and firsts[at] < spans[-1].end:
            continue
        last = ends[at]
        while last + 1 < len(firsts) and firsts[last + 1] == lasts[last]:
            following = last + 1
            if not named[following]:
                after = following + 1
                glued = after < len(firsts) and firsts[after] == lasts[following]
                if text[firsts[following]] not in _GOES_ON or not glued or not named[after]:
                    break
            last = following
        spans.append(Span(firsts[at], lasts[last]))
    return spans


def _fold(hashes: Hashes) -> np.uint64:
    whole = hashes[:1]
    for each in hashes[1:]:
        whole = whole * _FACTOR + each
    return np.uint64(whole[0])


@cache
def _hash_of(mark: str) -> np.uint64:
    return np.uint64(read_words(mark).row.hashes[0])


@cache
def _import_words() -> Hashes:
    return np.sort(read_words(IMPORTS).row.hashes)
