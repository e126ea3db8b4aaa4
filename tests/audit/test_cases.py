"""A case knows how a finding was judged, and neither whose it was nor what."""

from __future__ import annotations

import json
from typing import Any

import pytest

from excise.audit.cases import build_cases, parse_cases, record_of, render_cases
from excise.audit.review import Review, seen_of
from excise.errors import AuditError

RULING = {
    "rule": "pci.pan", "entity": "payment.card", "kind": "personal", "severity": "high",
    "action": "redact", "mode": "enforce", "role": "user", "part": "prompt", "score": 0.9,
    "path": "messages/7/content", "fingerprint": "feedfacefeedface", "count": 3,
}  # fmt: skip
RECORD = {
    "id": "exchange-1", "direction": "request", "host": "api.example.org", "rulings": [RULING],
    "principal": {"id": "user:anna", "group": "sales"}, "client": {"address": "192.0.2.1"},
}  # fmt: skip


def review(verdict: bool = True, name: str = "exchange-1", **changed: Any) -> Review:
    seen = {**(seen_of([RECORD], "pci.pan") or {}), **changed}
    return Review(name, "pci.pan", verdict, "seen by anna", "anna", "2030-01-01", seen)


def test_a_case_has_features_and_nothing_of_the_exchange() -> None:
    (case,) = build_cases([review()])
    text = render_cases([case])
    for private in ("exchange-1", "anna", "feedface", "messages/7", "192.0.2"):
        assert private not in text
    assert case.features["host"] == "api.example.org" and case.right
    assert parse_cases(text, "cases") == [case]


def test_equal_verdicts_are_one_case_and_their_order_is_their_own() -> None:
    some = [review(), review(name="exchange-2"), review(False), review(score=0.5)]
    cases = build_cases(some)
    assert len(cases) == 3 and cases == build_cases(some[::-1])
    assert build_cases([Review("x", "pci.pan", True, "", "a", "2030")]) == []


def test_a_case_is_a_line_for_the_policy() -> None:
    (case,) = build_cases([review()])
    record = record_of(case)
    assert record["rulings"][0]["rule"] == "pci.pan" and record["principal"]["group"] == "sales"
    assert record["stage"] == record["direction"] == "request"


@pytest.mark.parametrize("line", ["{", "[]", "{}", json.dumps({"name": "a", "rule": "r"}),
                                  json.dumps({"name": "a", "rule": "r", "right": True,
                                              "features": {}})])  # fmt: skip
def test_what_is_no_case_is_named_by_its_line(line: str) -> None:
    text = render_cases(build_cases([review()])) + line + "\n"
    with pytest.raises(AuditError, match=r"cases:2"):
        parse_cases(text, "cases")
