"""A value planted in every cell of the census does not leave, or the message says why."""

from __future__ import annotations

import pytest
from census import (
    ANSWERED,
    CODINGS,
    EDITED,
    HEADS,
    LEFT_OUT,
    NOT_READ,
    OTHERS,
    RESTORED,
    SIGNED,
    Fixture,
    find_fields,
    judge,
    judge_head,
    judge_other,
    load_fixtures,
)

from excise.codecs import DIALECTS
from excise.model import Direction

FIXTURES = list(load_fixtures())
IDS = [f"{n}-{f.dialect}-{f.direction}-{f.mode}" for n, f in enumerate(FIXTURES)]
# Dialects of sockets have a census of their own; protobuf is among the other bodies.
ELSEWHERE = {"gemini-live", "openai-realtime", "grpc"}


@pytest.mark.parametrize("fixture", FIXTURES, ids=IDS)
def test_every_cell_is_explained(fixture: Fixture) -> None:
    """In every content coding, and in each alike."""
    fields = list(find_fields(fixture))
    assert fields
    for field in fields:
        verdicts = {judge(fixture, field, coding) for coding in CODINGS}
        assert len(verdicts) == 1, (field, verdicts)
        (verdict,) = verdicts
        assert verdict != NOT_READ, field
        if not verdict.startswith("uninspectable"):
            asked = fixture.direction is Direction.REQUEST
            beside = {LEFT_OUT} if fixture.mode == "whole" and "logprobs" in field.name else set()
            assert verdict in {SIGNED, EDITED if asked else RESTORED, *beside}, field


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("name", OTHERS)
def test_other_bodies(name: str, coding: str) -> None:
    body, expected = OTHERS[name]
    assert judge_other(body, coding, Direction.REQUEST) == expected
    answered = judge_other(body, coding, Direction.RESPONSE)
    assert answered == ANSWERED.get(name, expected)


@pytest.mark.parametrize("name", HEADS)
def test_heads(name: str) -> None:
    header, target, expected = HEADS[name]
    found = judge_head(header, target)
    assert found == (NOT_READ if expected.startswith("uninspectable") else expected)


def test_every_dialect_is_counted() -> None:
    """Asked, answered, and streamed."""
    for kind in ((Direction.REQUEST, "whole"), (Direction.RESPONSE, "whole")):
        counted = {f.dialect for f in FIXTURES if (f.direction, f.mode) == kind}
        assert counted >= set(DIALECTS) - ELSEWHERE - {"gemini-stream"}
    streamed = {f.dialect for f in FIXTURES if f.mode == "stream"}
    assert streamed >= set(DIALECTS) - ELSEWHERE


def test_the_census_can_fail() -> None:
    """A dialect that skips a field would be seen."""
    fixture = FIXTURES[0]._replace(document={"numbers": [1, 2]})
    (field,) = (each for each in find_fields(fixture) if each.numbers)
    assert judge(fixture, field, "") == NOT_READ
