"""What a detector is: segments → findings. It knows nothing of policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from excise.model import Finding, Segment

Findings = tuple[Finding, ...]


class Scanner(Protocol):
    """Finds in many segments at once; safe to call from several threads."""

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
