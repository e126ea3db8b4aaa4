"""Values that hold raw text never show it; actions are ordered as the design says."""

import pytest

from excise.model import (
    Action,
    Answer,
    Edit,
    Exchange,
    Part,
    Place,
    Principal,
    Role,
    Segment,
    Span,
)


def exchange() -> Exchange:
    """An exchange with a body that must not be seen."""
    return Exchange(
        id="1",
        method="POST",
        host="api.openai.com",
        port=443,
        target="/v1/chat/completions?a=b",
        headers=(("x-a", "1"), ("x-b", "2"), ("x-a", "3")),
        body=b"hidden body",
        principal=Principal(id="p"),
    )


@pytest.mark.parametrize(
    "value",
    [
        Segment("hidden", Role.USER, Part.PROMPT, 0, ("a", 1)),
        Edit(1, Span(0, 2), "hidden"),
        exchange(),
        Answer(status=200, headers=(), body=b"hidden"),
    ],
)
def test_no_repr_shows_raw_text(value: object) -> None:
    """Neither `repr` nor `str` nor a format."""
    assert "hidden" not in f"{value!r} {value} {value!s}"


def test_actions_are_ordered_mildest_first() -> None:
    """block > tarpit > limit > fallback > steer > redact > alert > log > allow."""
    order = ["allow", "log", "alert", "redact", "steer", "fallback", "limit", "tarpit", "block"]
    assert sorted(Action, key=lambda action: action.rank) == [Action(word) for word in order]


def test_headers_are_joined_and_the_path_has_no_query() -> None:
    """As HTTP reads repeated headers."""
    assert exchange().header("x-a") == "1, 3"
    assert exchange().header("x-c") == ""
    assert exchange().path == "/v1/chat/completions"


def test_a_segment_says_where_it_stands() -> None:
    """Place and path in its repr, for people."""
    segment = Segment("x", Role.USER, Part.PROMPT, 0, ("messages", 0), place=Place.BODY)
    assert repr(segment) == "<Segment body messages/0 user prompt 1 chars>"


def test_a_segment_that_says_something_else_stands_where_it_stood() -> None:
    """As `_replace` makes it, only faster."""
    segment = Segment("a", Role.USER, Part.PROMPT, 3, ("x", 1), "key", Place.HEADER)
    assert segment.saying("b") == segment._replace(text="b")
    assert type(segment.saying("b")) is Segment
