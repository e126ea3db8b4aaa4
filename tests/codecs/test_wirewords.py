"""Keys that are never read are names of the wire, short enough to hide nothing in."""

from __future__ import annotations

import re

from excise.codecs.wirewords import WIRE_WORDS


def test_wire_words_are_names() -> None:
    assert {
        word for word in WIRE_WORDS if not re.fullmatch(r"\$?[A-Za-z][A-Za-z0-9_]*", word)
    } == set()
    assert max(map(len, WIRE_WORDS)) < 32
    assert "password" not in WIRE_WORDS
