"""`excise` with a detector that raises, its exception full of what it was reading."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from excise.cli.main import main
from excise.detectors.pattern import PatternScanner
from excise.model import Segment

WORD = "zebra-that-crashes"
_look = PatternScanner.look


def look(self: PatternScanner, segments: Sequence[Segment], *, whole: bool = True) -> Any:
    for segment in segments:
        if WORD in segment.text:
            raise RuntimeError(f"cannot read {segment.text!r}")
    return _look(self, segments, whole=whole)


PatternScanner.look = look  # type: ignore[method-assign]
sys.exit(main())
