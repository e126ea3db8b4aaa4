"""An expression is tried on all worlds it can tell apart."""

import pytest

from excise.policy.cel import Checker
from excise.policy.expression import parse_expression
from excise.policy.worlds import Truth, try_out


def tried(text: str) -> Truth:
    expression = parse_expression(text, "f:1")
    checker = Checker(expression.measures)
    checker.check(expression)
    return try_out(expression, checker)


@pytest.mark.parametrize(
    "text",
    [
        'model == "a" && model == "b"',
        "tokens > 100 && tokens < 101",
        "size < 0",
        'count("pii.email") < 0',
        "time.hour > 23",
        "finding.score > 1.0",
        'direction == "sideways"',
        'direction != "request" && direction != "response"',
        "principal.group in []",
        "risk > 5.0 && risk < 4.5",
        "false",
    ],
)
def test_what_cannot_hold_is_seen(text: str) -> None:
    assert tried(text).never


@pytest.mark.parametrize(
    "text",
    [
        "size >= 0",
        'model == "a" || model != "a"',
        'time.weekday in ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday",'
        ' "sunday"]',
        "injection.score <= 1.0",
        "true",
    ],
)
def test_what_must_hold_is_seen(text: str) -> None:
    assert tried(text).always


@pytest.mark.parametrize(
    "text",
    [
        'model == "a" && principal.group != "b"',
        "tokens > 100 && tokens < 102",
        'unsafe.categories.exists(c, c in ["S10", "S12"])',
        'findings.exists(f, f.entity == "a" && f.count > 3 && f.score > 0.9)',
        'model.startsWith("gpt-") && size > 10',
        'model.matches("^gpt-[0-9]+$")',
        "finding.older && !stream",
        "topics.exists(t, topics[t] > 0.8)",
        'count("pii.*") > 3 && layer("meaning") > 2.5',
    ],
)
def test_what_may_go_either_way_is_left_alone(text: str) -> None:
    truth = tried(text)
    assert not truth.always and not truth.never and not truth.fault


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('topics["politics"] > 0.5', "Key not found"),
        ("100 / tokens > 1", "divide by zero"),
        ('findings.exists(f, f.score > "a")', "overload"),
    ],
)
def test_what_fails_somewhere_is_seen(text: str, why: str) -> None:
    assert why in tried(text).fault
