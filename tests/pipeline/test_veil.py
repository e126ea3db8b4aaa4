"""What the trail shows of a text, and that the same text is looked at once."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from planted import PlantScanner
from walled import SECRET

from excise.detectors.base import Findings
from excise.model import Segment
from excise.pipeline.veil import MASKED, Veil


class Counting(PlantScanner):
    """Counts the texts that it is shown."""

    seen = 0

    def scan(self, segments: Sequence[Segment], *, whole: bool = True) -> list[Findings]:
        self.seen += len(segments)
        return super().scan(segments, whole=whole)


@pytest.mark.parametrize(
    ("text", "shown"), [("", ""), ("completions", "completions"), (f"a {SECRET} b", MASKED)]
)
def test_only_what_a_detector_sees_is_hidden(text: str, shown: str) -> None:
    scanner = Counting()
    veil = Veil(scanner)
    assert veil(text) == veil(text) == shown
    assert scanner.seen == bool(text)


def test_lone_surrogates_are_shown_as_they_came() -> None:
    assert Veil(PlantScanner())("\ud800") == "\ud800"
