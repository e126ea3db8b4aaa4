"""What a detector is: segments → findings. It knows nothing of policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from excise.model import Direction, Finding, Segment, Span

Findings = tuple[Finding, ...]


class Sight(NamedTuple):
    """What a side detector saw, before a rule makes a finding of it.

    `label` is one of the detector's own words (`PERSON`, `python`, `own`), `span` points into the
    segment's text as received, `score` is calibrated: of sights scored 0.8, four in five are right.
    """

    label: str
    span: Span
    score: float
    met: int = 1  # columns of one record that stand together, for exact-data match


class Detector(Protocol):
    """Sees what no pattern can say: names, code, records. Safe to call from several threads."""

    @property
    def name(self) -> str:
        """What `match.detector` of a rule names."""
        ...

    @property
    def labels(self) -> frozenset[str]:
        """Every label that a sight of this detector may carry."""
        ...

    def find(self, segments: Sequence[Segment]) -> list[tuple[Sight, ...]]:
        """For each segment what was seen in its whole text, in order of place."""
        ...


class Scanned(NamedTuple):
    """What a look at whole texts gave: findings by segment, the names of detectors that did not
    answer, and what was left out of the look, as the audit's `anomalies`."""

    findings: list[Findings]
    missing: tuple[str, ...] = ()
    anomalies: tuple[str, ...] = ()


class Scanner(Protocol):
    """Finds in many segments at once; safe to call from several threads."""

    def inspect(self, segments: Sequence[Segment], direction: Direction) -> Scanned:
        """Everything that reads messages of this direction, on texts that came whole."""
        ...

    def scan(self, segments: Sequence[Segment], *, whole: bool = True) -> list[Findings]:
        """For each segment what was found in it, sorted by span; rules may overlap.

        Without `whole` the texts are pieces of growing ones: what is found in a piece that `hold`
        calls decided must not depend on where the text was cut.
        """
        ...

    def hold(self, text: str) -> int:
        """The first position of `text` from which something may still grow into a finding when
        more text follows; `len(text)` where nothing may. Everything before it is decided."""
        ...
