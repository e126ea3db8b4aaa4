"""How good the names detector is on labelled texts, and how silent on code."""

from __future__ import annotations

from bisect import bisect
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from generate import Sample

from excise.detectors.names.tagger import Name

ACTING = frozenset(("PERSON", "LOCATION", "ADDRESS"))
SOUGHT = frozenset(("PERSON", "ADDRESS"))

Find = Callable[[str], Sequence[Name]]


class Figures(NamedTuple):
    """Of one source: exact-span counts by label, and characters of persons and addresses."""

    rows: int
    exact: dict[str, tuple[int, int, int]]  # label: right, found, true
    covered: int
    characters: int

    def f1(self, label: str) -> float | None:
        """None where the source has no such label."""
        right, found, true = self.exact.get(label, (0, 0, 0))
        return 2 * right / (found + true) if true else None

    def recall(self) -> float | None:
        """Share of the characters of persons and addresses that acting labels cover."""
        return self.covered / self.characters if self.characters else None


def measure(find: Find, samples: Iterable[Sample], least: float = 0.0) -> Figures:
    """Runs `find` over labelled samples; names scored below `least` do not count."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    rows = covered = characters = 0
    for sample in samples:
        rows += 1
        found = {
            (n.span.start, n.span.end, str(n.label)) for n in find(sample.text) if n.score >= least
        }
        true = set(sample.spans)
        for _, _, label in found:
            counts[label][1] += 1
        for span in true:
            counts[span[2]][2] += 1
            counts[span[2]][0] += span in found
        sought = {i for start, end, label in true if label in SOUGHT for i in range(start, end)
                  if not sample.text[i].isspace()}  # fmt: skip
        acting = {i for start, end, label in found if label in ACTING for i in range(start, end)}
        characters += len(sought)
        covered += len(sought & acting)
    exact = {label: (right, found_, true_) for label, (right, found_, true_) in counts.items()}
    return Figures(rows, exact, covered, characters)


def inventions(find: Find, texts: Iterable[str], least: float = 0.0) -> float:
    """Names of acting labels per KB of code."""
    found = size = 0
    for text in texts:
        found += sum(n.label in ACTING and n.score >= least for n in find(text))
        size += len(text)
    return found / max(size / 1024, 1e-9)


class Bin(NamedTuple):
    """Names scored alike: how many, the mean of their scores, the share that was right."""

    count: int
    said: float
    right: float


EDGES = (0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97, 1.01)


def reliability(find: Find, samples: Iterable[Sample], label: str) -> list[Bin]:
    """Names of one label by score, cut at `EDGES`; right is what overlaps one labelled so."""
    seen: list[list[tuple[float, bool]]] = [[] for _ in EDGES[1:]]
    for sample in samples:
        for name in find(sample.text):
            if name.label == label:
                right = any(
                    start < name.span.end and end > name.span.start and true == label
                    for start, end, true in sample.spans
                )
                seen[bisect(EDGES, name.score) - 1].append((name.score, right))
    return [
        Bin(len(own), sum(s for s, _ in own) / max(len(own), 1),
            sum(r for _, r in own) / max(len(own), 1))
        for own in seen
    ]  # fmt: skip


def documents(samples: list[Sample], rows: int) -> list[Sample]:
    """So many rows at a time as one text of several lines."""
    out = []
    for begin in range(0, len(samples), rows):
        text = ""
        spans: list[tuple[int, int, str]] = []
        for sample in samples[begin : begin + rows]:
            text += "\n" if text else ""
            spans += [(start + len(text), end + len(text), label)
                      for start, end, label in sample.spans]  # fmt: skip
            text += sample.text
        out.append(Sample(text, spans, samples[0].source))
    return out
