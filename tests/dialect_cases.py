"""How the tests of the dialects ask: where does a text stand, and what is it?"""

from __future__ import annotations

import json
from typing import Any

from excise.codecs import DIALECTS, read_body
from excise.codecs.base import Reading
from excise.model import Direction


def read(name: str, document: Any, direction: Direction = Direction.REQUEST) -> Reading:
    """`document` as the dialect of this name reads it."""
    return read_body(DIALECTS[name], direction, json.dumps(document).encode())


def where(reading: Reading, text: str = "X") -> list[tuple[str, str, str]]:
    """Role, part and label of every segment that is this text."""
    return [(s.role, s.part, s.label) for s in reading.segments if s.text == text]
