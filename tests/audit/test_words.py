"""The lists of words that may stand in a line are names, not free text."""

from __future__ import annotations

import re

from excise.audit.words import QUERY_WORDS, WIRE_WORDS


def test_words_have_the_form_of_names() -> None:
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z_-]{0,39}", word) for word in WIRE_WORDS | QUERY_WORDS)
