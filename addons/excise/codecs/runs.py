"""What reads as text in bytes of which nothing else is known, as a list of strings does it."""

from __future__ import annotations

import re
from typing import Final

SHORTEST: Final = 12
"""Characters. Of random bytes one in 150 000 begins a run of so many; no key is shorter."""

LONGEST: Final = 1_000_000
"""Characters that are given of one file."""

_CHAR: Final = rb"[\t\n\r\x20-\x7e]"
_RUN: Final = re.compile(rb"%b{%d,}+|(?:%b\0){%d,}+" % (_CHAR, SHORTEST, _CHAR, SHORTEST))


def find_runs(data: bytes) -> str:
    """The runs of ASCII, in one byte or two for each character, a line each.

    Line ends belong to a run, so that a text which lies in a file as it is stays in one piece.
    """
    found: list[bytes] = []
    room = LONGEST
    for match in _RUN.finditer(data):
        run = match[0].replace(b"\0", b"")[:room]
        found.append(run)
        room -= len(run)
        if room <= 0:
            break
    return b"\n".join(found).decode()
