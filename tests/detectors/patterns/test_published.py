"""Published samples: the table's form, and what is asked of it."""

import re

import pytest

from excise.detectors.patterns import published
from excise.detectors.patterns.published import PUBLISHED, digest, is_published
from excise.rules.fillers import fill


def test_the_table_holds_digests_with_their_source() -> None:
    """No value in clear text, none twice, each under the address it is published at."""
    digests = [each for group in PUBLISHED.values() for each in group]
    assert len(digests) == len(set(digests)) > 0
    assert all(re.fullmatch("[0-9a-f]{16}", each) for each in digests)
    assert all(address.startswith("https://") for address in PUBLISHED)


def test_a_listed_value_is_known_and_its_neighbour_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole values alone count."""
    value = fill("AIzaSy{b64url:33}", "listed")
    monkeypatch.setattr(published, "_ALL", frozenset({digest(value)}))
    assert is_published(value)
    assert not is_published(value[:-1]) and not is_published(f"{value} ")


def test_the_digest_stays_what_the_table_was_made_with() -> None:
    """Another key or length would make the table useless without a word."""
    assert digest("an invented sample") == "411405a6ce8ac376"
