"""Model, stream flag and tokens, as far as a body says."""

from __future__ import annotations

import pytest

from excise.codecs.facts import NO_FACTS, Facts, build_response_facts, request_facts, word
from excise.codecs.jsonvalue import parse_json
from excise.model import Usage


def parsed(text: str) -> object:
    return parse_json(text.encode(), many=False)[0][0]


@pytest.mark.parametrize(
    ("body", "facts"),
    [
        ('{"model":"m","stream":true}', Facts("m", True)),
        ('{"model":["m"],"stream":"true"}', NO_FACTS),
        ('{"stream":true,"stream":false,"model":"a","model":"b"}', Facts("b", True)),
        ("[1]", NO_FACTS),
    ],
)
def test_requests(body: str, facts: Facts) -> None:
    assert request_facts(parsed(body)) == facts


@pytest.mark.parametrize(
    ("body", "usage"),
    [
        ('{"usage":{"in":3,"out":4}}', Usage(input=3, output=4)),
        ('{"usage":{"in":-3,"out":1.5}}', Usage()),
        ('{"usage":null}', None),
        ("{}", None),
    ],
)
def test_responses(body: str, usage: Usage | None) -> None:
    assert build_response_facts("in", "out")(parsed(body)).usage == usage


def test_word() -> None:
    assert (word("x"), word(None), word(["x"])) == ("x", "", "")
