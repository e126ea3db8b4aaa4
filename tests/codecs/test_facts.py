"""Model, stream flag and tokens, as far as a body says."""

from __future__ import annotations

import pytest

from excise.codecs.facts import (
    NO_FACTS,
    Facts,
    build_response_facts,
    request_facts,
    streams_by_path,
    usage_anywhere,
    word,
)
from excise.codecs.json.value import parse_json
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


@pytest.mark.parametrize(
    ("body", "usage"),
    [
        ('{"usage":{"prompt_tokens":3,"completion_tokens":4}}', Usage(input=3, output=4)),
        ('{"usage":{"input_tokens":3,"output_tokens":4}}', Usage(input=3, output=4)),
        ('{"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":4}}',
         Usage(input=3, output=4)),
        ('{"type":"x.completed","response":{"usage":{"input_tokens":3}}}', Usage(input=3)),
        ('{"interaction":{"usage":{"total_input_tokens":3,"total_output_tokens":4}}}',
         Usage(input=3, output=4)),
        ('{"usage":{"seconds":3}}', None),
        ('{"usage":[1],"response":"usage"}', None),
        ("[1]", None),
    ],
)  # fmt: skip
def test_counts_of_answers_of_no_dialect(body: str, usage: Usage | None) -> None:
    assert usage_anywhere(parsed(body)) == usage


def test_word() -> None:
    assert (word("x"), word(None), word(["x"])) == ("x", "", "")


@pytest.mark.parametrize(
    ("path", "streams"),
    [
        ("/v1beta/models/gemini-3:streamGenerateContent", True),
        ("//v1beta/models/gemini-3%3AstreamGenerateContent/", True),
        ("/v1internal:streamGenerateContent", True),
        ("/ml/v1/text/chat_stream", True),
        ("/v1/projects/p/locations/l/publishers/anthropic/models/m:streamRawPredict", True),
        ("/v1beta/models/gemini-3:generateContent", False),
        ("/model/arn%3Aaws%3Abedrock/converse-stream", True),
        ("/model/m/invoke-with-response-stream", True),
        ("/model/converse-stream/converse", False),
        ("/model/m/invoke", False),
        ("/agents/a/agentAliases/b/sessions/c/text", True),
        ("/v1/conversations#stream", True),
        ("/v1/chat/completions", False),
    ],
)
def test_a_path_may_ask_for_a_stream(path: str, streams: bool) -> None:
    assert streams_by_path(path) is streams
