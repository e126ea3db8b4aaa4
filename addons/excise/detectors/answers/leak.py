"""Copies of the operator's own instructions in what a model says.

The system prompt of a request is kept as hashes of every six words in a row; an answer is looked
up against them, whatever its case, spacing or markdown. What the user or a tool said as well does
not count: whoever reads the answer knows it already. A translation or a paraphrase shares no six
words in a row and is not seen.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Final, NamedTuple

from excise.detectors.base import Glance, Sight
from excise.detectors.memory import Memory
from excise.model import Part, Role, Segment, Span

NAME: Final = "system-prompt"
COPY: Final = "copy"

RUN: Final = 6  # words; fewer in a row stand in any two texts by chance
GAP: Final = 12  # words between two matches of one copy
ENOUGH: Final = 40  # words: a copy of so many is one, however long the instructions are
LEAST: Final = 12  # words: a copy of fewer is none, however short they are
BLOCK: Final = 64  # words: longer copies are seen in pieces, so that a stream need not hold them
MOST: Final = 16_384  # runs kept of one system prompt; of a longer one every second, fourth …
REMEMBERED: Final = 32  # system prompts whose hashes are kept

_WORD: Final = re.compile(r"[^\W_]+")


class Shingles(NamedTuple):
    """What is kept of instructions: hashes of words, of pairs of them and of runs of them.

    Runs whose hash is a multiple of `step` are kept. `words` counts all words.
    """

    singles: frozenset[int]
    pairs: frozenset[int]
    runs: frozenset[int]
    step: int
    words: int

    def __repr__(self) -> str:
        return f"<Shingles of {self.words} words>"


def build_shingles(texts: Iterable[str]) -> Shingles:
    """The shingles of some texts, none across two of them."""
    singles: set[int] = set()
    pairs: set[int] = set()
    runs: set[int] = set()
    count = 0
    for text in texts:
        words = _WORD.findall(text.lower())
        count += len(words)
        singles.update(map(hash, words))
        pairs.update(map(hash, pairwise(words)))
        runs.update(_runs(words))
    step = 1
    while len(runs) > MOST:
        step *= 2
        runs = {run for run in runs if run % step == 0}
    return Shingles(frozenset(singles), frozenset(pairs), frozenset(runs), step, count)


def _runs(words: Sequence[str]) -> Iterator[int]:
    return map(hash, zip(*(words[at:] for at in range(RUN)), strict=False))


class Leak:
    """Implements `Detector` and `hold` for the answer to one request."""

    name: Final = NAME
    labels: Final = frozenset({COPY})

    def __init__(self, shingles: Shingles, known: Callable[[], Iterable[str]] = tuple) -> None:
        """`known` gives the texts that the client had itself; asked at the first copy only."""
        self._shingles = shingles
        self._known = known

    @cached_property
    def _secret(self) -> frozenset[int]:
        """The runs that the client did not have."""
        shared = {run for text in self._known() for run in _runs(_WORD.findall(text.lower()))}
        return self._shingles.runs - shared

    def find(self, glances: Sequence[Glance]) -> list[tuple[Sight, ...]]:
        """For each text the copies in it."""
        return [tuple(self._copies(glance.text)) for glance in glances]

    def hold(self, text: str) -> int:
        """From where a copy may go on in text that is not there yet."""
        words = list(_WORD.finditer(text))
        if not words:
            return len(text)
        for first, last in self._groups([word[0].lower() for word in words]):
            if len(words) - last - 1 <= GAP:
                return words[first + (last - first) // BLOCK * BLOCK].start()
        return self._beginning(text, words)

    def rests(self, piece: Segment) -> bool:
        """Never: copies are seen by their words alone."""
        return False

    def _beginning(self, text: str, words: Sequence[re.Match[str]]) -> int:
        """Where the last words could be the first ones of a copy."""
        low = [word[0].lower() for word in words[-RUN - 1 :]]
        at = len(low) - 1
        if words[-1].end() == len(text):  # it may be longer, and then be any word
            at -= at > 0 and hash(low[at - 1]) in self._shingles.singles
        elif hash(low[at]) not in self._shingles.singles:
            return len(text)
        while at > 0 and hash((low[at - 1], low[at])) in self._shingles.pairs:
            at -= 1
        return words[at - len(low)].start()

    def _groups(self, words: Sequence[str]) -> Iterator[tuple[int, int]]:
        """First and last word of every stretch in which runs match, closely enough together."""
        kept = self._shingles.runs
        hits = [at for at, run in enumerate(_runs(words)) if run in kept]
        if hits and self._secret is not kept:
            secret = self._secret
            hits = [
                at for at, run in zip(hits, _runs_at(words, hits), strict=True) if run in secret
            ]
        if hits:
            cuts = [at for at in range(1, len(hits)) if hits[at] - hits[at - 1] - RUN > GAP]
            for begin, end in pairwise([0, *cuts, len(hits)]):
                yield hits[begin], hits[end - 1] + RUN - 1

    def _copies(self, text: str) -> Iterator[Sight]:
        words = list(_WORD.finditer(text))
        for first, last in self._groups([word[0].lower() for word in words]):
            score = self._score(last - first + 1)
            for begin in range(first, last + 1, BLOCK):
                end = min(begin + BLOCK - 1, last)
                # A piece reaches to where the next begins, so that no blank is left between them.
                stop = words[end].end() if end == last else words[end + 1].start()
                yield Sight(COPY, Span(words[begin].start(), stop), score)

    def _score(self, words: int) -> float:
        """1 where so many words are copied that it cannot be chance, or all there are."""
        if words < LEAST:
            return 0.0
        return min(1.0, words / min(ENOUGH, max(LEAST, self._shingles.words)))


def _runs_at(words: Sequence[str], places: Iterable[int]) -> Iterator[int]:
    return (hash(tuple(words[at : at + RUN])) for at in places)


class Instructions:
    """Requests → the detectors of their answers. Remembers the hashes of system prompts, which
    come again with every turn; safe for several threads."""

    def __init__(self) -> None:
        self._known = Memory[Shingles](REMEMBERED)

    def leak_of(self, segments: Sequence[Segment]) -> Leak | None:
        """The detector for the answer to this request; None where nobody instructs the model."""
        told = [s.text for s in segments if s.role is Role.SYSTEM and s.part is Part.PROMPT]
        if not told:
            return None
        digest = hashlib.blake2b(digest_size=16)
        for text in told:
            digest.update(f"{len(text)}\0{text}".encode("utf-8", "surrogatepass"))
        shingles = self._known.get(digest.digest())
        if shingles is None:
            shingles = build_shingles(told)
            self._known.put(digest.digest(), shingles)
        if shingles.words < LEAST:
            return None
        own = [s.text for s in segments if s.role in (Role.USER, Role.TOOL) and len(s.text) > RUN]
        return Leak(shingles, lambda: own)
