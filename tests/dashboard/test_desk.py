"""Verdicts given on the page: of findings that are there, with what the trail says of them."""

from __future__ import annotations

from typing import Any

import pytest
from dashboard.served import Served

from excise.audit.review import FILE, read_reviews


def waiting(page: Served) -> dict[str, Any]:
    return page.ask("/api/queue").told[0]


def test_a_verdict_is_kept_counted_and_leaves_the_queue(page: Served, state: Any) -> None:
    one = waiting(page)
    given = {"id": one["id"], "rule": one["rule"], "time": one["time"], "verdict": False,
             "reason": "a sample of the manual"}  # fmt: skip
    told = page.ask("/api/review", given)
    assert (told.status, told.told) == (200, {"rule": one["rule"], "wrong": 1, "judged": 1})
    (review,) = read_reviews(state / FILE)
    assert (review.id, review.verdict, review.by) == (one["id"], False, "iris")
    assert review.seen["entity"] == one["entity"] and len(review.seen["fingerprint"]) == 16
    assert one not in page.ask("/api/queue").told
    (rate,) = page.ask("/api/reviews").told["rates"]
    assert rate["share"] == 1.0 and 0.2 < rate["low"] < 0.21


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "nobody"},
        {"rule": "no.such-rule"},
        {"verdict": "false"},
        {"verdict": None},
        {"reason": "x" * 301},
        {"reason": 7},
        {"time": None},
        {"time": "never"},
    ],
)
def test_what_is_no_verdict_is_refused(page: Served, state: Any, changed: dict[str, Any]) -> None:
    one = waiting(page)
    before = read_reviews(state / FILE)
    given = {"id": one["id"], "rule": one["rule"], "time": one["time"], "verdict": True}
    reply = page.ask("/api/review", {**given, **changed})
    assert reply.status == 400 and reply.told["error"]
    assert read_reviews(state / FILE) == before
