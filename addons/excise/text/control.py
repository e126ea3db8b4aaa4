"""Texts without the control sequences of terminals (ECMA-48, 5.4), such as colours in logs."""

from __future__ import annotations

import re
from typing import Final

from excise.text.escapes import View
from excise.text.offsets import OffsetMap

_ESCAPE: Final = "\x1b"
_SEQUENCE: Final = re.compile(
    rf"{_ESCAPE}(?:\[[0-?]{{0,64}}[ -/]{{0,8}}[@-~]"  # control sequences, such as colours
    rf"|\][^\x07{_ESCAPE}]{{0,2048}}(?:\x07|{_ESCAPE}\\)"  # titles, links
    r"|[ -/]{0,8}[0-OQ-Z\\^-~])"
)


def bare(text: str) -> View | None:
    """The view of `text` without them, or None where it has none."""
    if _ESCAPE not in text:
        return None
    spans = [found.span() for found in _SEQUENCE.finditer(text)]
    if not spans:
        return None
    starts = [0, *(end for _, end in spans)]
    ends = [*(start for start, _ in spans), len(text)]
    kept = "".join(text[start:end] for start, end in zip(starts, ends, strict=True))
    return View(kept, OffsetMap((start, end, 0) for start, end in spans))
