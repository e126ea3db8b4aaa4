"""`excise` with a detector that raises, its exception full of what it was reading."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from excise.cli.main import main
from excise.detectors.patterns.scan import PatternScanner
from excise.model import Segment

WORD = "zebra-that-crashes"
_look, _rests = PatternScanner.look, PatternScanner.rests


def _read(segment: Segment) -> None:
    if WORD in segment.text:
        raise RuntimeError(f"cannot read {segment.text!r}")


def look(self: PatternScanner, segments: Sequence[Segment], *, whole: bool = True) -> Any:
    for segment in segments:
        _read(segment)
    return _look(self, segments, whole=whole)


def rests(self: PatternScanner, piece: Segment, done: int) -> bool:
    _read(piece)
    return _rests(self, piece, done)


PatternScanner.look, PatternScanner.rests = look, rests  # type: ignore[method-assign]
sys.exit(main())
