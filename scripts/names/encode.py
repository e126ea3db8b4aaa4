"""Samples → integer arrays: a type per distinct token, its features, its class."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np
from generate import Sample
from scipy.sparse import csr_matrix

from excise.detectors.names.features import CLASSES, EDGE_CLASS, class_of, features_of
from excise.text.tokens import tokenize

TAGS = (
    "O",
    *(f"{part}-{label}" for label in ("PERSON", "LOCATION", "ORG", "ADDRESS") for part in "BI"),
)
REACH = 3
PAIRS = 4
LONGEST = 100  # tokens of a sequence; longer ones are cut
EDGE = 0  # the type that stands outside of every text
# Which features of a neighbour are weighed, by its distance: all, then fewer.
KEPT = (
    re.compile(""),
    re.compile(r"(w|h|g|hg|b|s3)="),
    re.compile(r"(w|h|g|hg)="),
    re.compile(r"(w|g)="),
)


class Types:
    """Numbers the distinct tokens and their features."""

    def __init__(self, lexicon: dict[str, int]) -> None:
        self._lexicon = lexicon
        self._number: dict[str, int] = {}
        self.classes: list[int] = [EDGE_CLASS]
        self.features: dict[str, int] = {"EDGE": 0}
        self._columns: list[int] = [0]
        self._starts: list[int] = [0, 1]

    def number(self, token: str) -> int:
        known = self._number.get(token)
        if known is None:
            known = self._number[token] = len(self.classes)
            bits = self._lexicon.get(token.lower(), 0)
            self.classes.append(class_of(token, bits))
            own = self.features
            self._columns += [own.setdefault(f, len(own)) for f in features_of(token, bits)]
            self._starts.append(len(self._columns))
        return known

    def matrix(self) -> Any:
        """Types by features, ones where a type has the feature."""
        ones = np.ones(len(self._columns), np.float32)
        return csr_matrix(
            (ones, self._columns, self._starts), shape=(len(self.classes), len(self.features))
        )


class Corpus(NamedTuple):
    """All sequences in one row, with `REACH` edges before each and behind the last.

    `types` and `glued` cover edges too; `begins` and `lengths` say where the tokens of each
    sequence are, `tags` (numbers into `TAGS`) has one entry per entry of `types`.
    """

    types: Any
    glued: Any
    tags: Any
    begins: Any
    lengths: Any

    def pair_numbers(self, classes: Any) -> Any:
        """Row in a pair table for each place and the place behind it."""
        own = np.asarray(classes)[self.types]
        behind, glue = np.append(own[1:], EDGE_CLASS), np.append(self.glued[1:], 0)
        return ((own * CLASSES + behind) * 2 + glue).astype(np.int32)


def encode(samples: list[Sample], types: Types) -> Corpus:
    numbers: list[int] = [EDGE] * REACH
    glued: list[int] = [0] * REACH
    tags: list[int] = [0] * REACH
    begins: list[int] = []
    lengths: list[int] = []
    for sample in samples:
        tokens = tokenize(sample.text)
        starts, ends = tokens.starts.tolist(), tokens.ends.tolist()
        own = _tags(sample, starts, ends)
        touching = [int(i > 0 and starts[i] == ends[i - 1]) for i in range(len(starts))]
        ids = [types.number(sample.text[s:e]) for s, e in zip(starts, ends, strict=True)]
        for cut in range(0, len(ids), LONGEST):
            begins.append(len(numbers))
            lengths.append(len(ids[cut : cut + LONGEST]))
            numbers += ids[cut : cut + LONGEST] + [EDGE] * REACH
            glued += touching[cut : cut + LONGEST] + [0] * REACH
            tags += own[cut : cut + LONGEST] + [0] * REACH
    return Corpus(np.array(numbers, np.int32), np.array(glued, np.int32), np.array(tags, np.int8),
                  np.array(begins), np.array(lengths))  # fmt: skip


def _tags(sample: Sample, starts: list[int], ends: list[int]) -> list[int]:
    tags = [0] * len(starts)
    place = 0
    for start, end, label in sorted(sample.spans):
        while place < len(starts) and ends[place] <= start:
            place += 1
        part = "B-"
        while place < len(starts) and starts[place] < end:
            tags[place] = TAGS.index(part + label)
            part = "I-"
            place += 1
    return tags
