"""Verdicts on findings: kept, read back, counted, and asked for where they are missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.audit.counted import open_counted
from excise.audit.review import (
    Review,
    append_review,
    count_hits,
    queue,
    rates,
    read_reviews,
    seen_of,
    wilson,
)
from excise.errors import AuditError


def review(name: str, verdict: bool = True, rule: str = "pii.email") -> Review:
    return Review(name, rule, verdict, "seen", "anna", "2026-01-01T00:00:00.000Z")


def line(number: int, *rules: tuple[str, float]) -> dict[str, Any]:
    return {
        "v": 1, "id": f"x{number:03}", "time": "2026-01-01T00:00:00.000Z",
        "principal": {"id": f"p{number % 3}", "source": "address"},
        "rulings": [
            {"rule": rule, "entity": rule, "score": score, "count": 2, "clause": "c"}
            for rule, score in rules
        ],
    }  # fmt: skip


@pytest.fixture(scope="module")
def trail(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("trail") / "audit.jsonl"
    lines = [line(n, ("pii.email", 0.6 if n % 2 else 0.95)) for n in range(12)]
    lines += [line(20, ("pii.phone", 1.0)), line(21)]
    path.write_text("".join(json.dumps(each) + "\n" for each in lines))
    return path


def test_the_last_verdict_counts(tmp_path: Path) -> None:
    path = tmp_path / "state" / "reviews.jsonl"
    assert read_reviews(path) == []
    for each in (review("a"), review("b"), review("a", False)):
        append_review(path, each)
    assert read_reviews(path) == [review("a", False), review("b")]
    ((rule, wrong, judged, false),) = rates(read_reviews(path))
    assert (rule, wrong, judged, false) == ("pii.email", 1, 2, wilson(1, 2))
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("text", ["{", "[]", '{"id": "a"}', json.dumps(review("a")[:6])])
def test_what_is_no_review_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "reviews.jsonl"
    append_review(path, review("a"))
    with path.open("a") as file:
        file.write(text + "\n")
    with pytest.raises(AuditError, match=r"reviews\.jsonl:2"):
        read_reviews(path)


def test_hits_are_counted_over_the_trail(trail: Path) -> None:
    assert count_hits(trail, "pii.email") == (12, 24, 3, 14)
    assert count_hits(trail, "c")[:2] == (13, 26)
    assert count_hits(trail, "absent")[:3] == (0, 0, 0)


def test_a_queue_asks_of_every_band_what_nobody_judged(trail: Path) -> None:
    with open_counted(trail) as counted:
        waiting = queue(counted, [], "pii.email", 2)
        assert [(each.score, each.band) for each in waiting] == [(0.6, 1)] * 2 + [(0.95, 3)] * 2
        assert queue(counted, [], "pii.email", 2) == waiting
        again = queue(counted, [review(waiting[0].id)], "pii.email", 2)
        assert waiting[0] not in again and len(again) == 4
        assert {each.rule for each in queue(counted, [])} == {"pii.email", "pii.phone"}


def test_a_review_repeats_what_the_trail_says_of_the_surest_finding(tmp_path: Path) -> None:
    lines = [line(1, ("pii.email", 0.6)), line(1, ("pii.email", 0.9), ("pii.phone", 1.0))]
    lines[1] |= {"host": "h", "action": "block", "principal": {"id": "p", "group": "g"}}
    seen = seen_of(lines, "pii.email")
    assert seen == {"entity": "pii.email", "score": 0.9, "clause": "c", "host": "h",
                    "principal": "p", "group": "g"}  # fmt: skip
    assert seen_of(lines, "absent") is None
    path = tmp_path / "reviews.jsonl"
    append_review(path, review("x1")._replace(seen=seen))
    (kept,) = read_reviews(path)
    assert kept.seen == seen


def test_the_surely_worst_rule_comes_first() -> None:
    said = [review(str(n), n > 0, "seldom") for n in range(9)]
    said += [review(str(n), False, "once") for n in range(1)]
    said += [review(str(n), False, "always") for n in range(9)]
    assert [rate.rule for rate in rates(said)] == ["always", "once", "seldom"]


@given(hits=st.integers(0, 500), more=st.integers(0, 500))
def test_a_share_lies_in_its_interval(hits: int, more: int) -> None:
    """Law: and more cases of the same share make it narrower."""
    made = wilson(hits, hits + more)
    assert 0 <= made.low <= made.share <= made.high + 1e-12 and made.high <= 1
    if hits + more:
        wider = wilson(hits * 4, (hits + more) * 4)
        assert wider.high - wider.low <= made.high - made.low


def test_an_interval_is_wilsons() -> None:
    """By hand: 8 of 10."""
    made = wilson(8, 10)
    assert (round(made.low, 4), round(made.high, 4)) == (0.4902, 0.9433)
