"""When a clause about an answer in pieces is known, by what its expression reads."""

from __future__ import annotations

import pytest

from excise.policy.expression import parse_expression
from excise.policy.fields import FIELDS
from excise.policy.growth import GROWING, Known, known_when


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ('model == "o3" && principal.group != "support"', Known.FIRST),
        ("time.hour > 20 || stream", Known.FIRST),
        ('count("pii.email") > 5 && principal.group != "support"', Known.GROWING),
        ('5 < count("pii.email") + count("pii.phone")', Known.GROWING),
        ("risk >= 8.0 || size > 1000", Known.GROWING),
        ('findings.exists(f, f.severity == "high" && f.score > 0.8)', Known.GROWING),
        ('"pii.email" in entities && "reasoning" in parts', Known.GROWING),
        ('count("pii.email") < 5', Known.LAST),
        ('count("pii.email") == 5', Known.LAST),
        ('!(count("pii.email") > 5)', Known.LAST),
        ('(count("pii.email") > 5) == false', Known.LAST),
        ('5 > count("pii.email")', Known.LAST),
        ('1 < count("pii.email") && 9 > count("pii.email")', Known.LAST),
        ('count("pii.email") > count("pii.phone")', Known.LAST),
        ("findings.exists(f, f.count == 1)", Known.LAST),
        ("findings.all(f, f.score > 0.5)", Known.LAST),
        ("size(findings) > 2", Known.LAST),
        ('entities["pii.email"] > 2', Known.LAST),
        ("risk > 3.0 ? true : false", Known.LAST),
    ],
)
def test_an_expression_is_known_when_nothing_can_change_it(text: str, known: Known) -> None:
    assert known_when(parse_expression(text, "p.yaml:1")) is known


def test_no_expression_is_known_at_once_and_what_grows_is_a_field() -> None:
    assert known_when(None) is Known.FIRST
    assert set(FIELDS) >= GROWING
