"""What a baseline of detect-secrets accepts is excused, and nothing else."""

from __future__ import annotations

import json

import pytest
from rules.samples import sample_rules

from excise.detectors.build import build_plain_scanner
from excise.model import Part, Role, Segment
from excise.rules.accepted import digest_of, excused, is_digest, parse_baseline
from excise.rules.fillers import fill

TOKEN = fill("key-{alnum:16}", "accepted")
OTHER = fill("key-{alnum:16}", "other")


def baseline(*entries: dict[str, object]) -> str:
    """As detect-secrets writes it."""
    return json.dumps({"version": "1.5.0", "results": {"a.py": list(entries)}})


def test_what_was_audited_as_real_is_not_accepted() -> None:
    """All else is: that is what a baseline is for."""
    entries = [
        {"hashed_secret": digest_of("a")},
        {"hashed_secret": digest_of("b"), "is_secret": False},
        {"hashed_secret": digest_of("c"), "is_secret": True},
    ]
    assert parse_baseline(baseline(*entries)) == {digest_of("a"), digest_of("b")}


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"results": []}', baseline({}), baseline({"hashed_secret": "xyz"})]
)
def test_what_is_no_baseline_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_baseline(text)


def test_a_digest_is_one_of_sha1() -> None:
    """As `sha1sum` prints it."""
    assert digest_of("abc") == "a9993e364706816aba3e25717850c26c9cd0d89d"
    assert is_digest(digest_of("")) and not is_digest("a" * 39) and not is_digest("A" * 40)


def test_an_accepted_value_is_let_go_and_its_neighbour_is_not() -> None:
    rules = excused(sample_rules(), frozenset({digest_of(TOKEN)}))
    segment = Segment(f"{TOKEN} and {OTHER}", Role.USER, Part.PROMPT, 0)
    (found,) = build_plain_scanner(rules).scan([segment])
    assert {segment.text[f.span.start : f.span.end] for f in found} == {OTHER}
    assert excused(sample_rules(), frozenset()) == list(sample_rules())
