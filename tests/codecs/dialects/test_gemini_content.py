"""Gemini and Vertex: who says what, in both spellings of every key and in every wrapping."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dialect_cases import read, where

from excise.codecs import DIALECTS
from excise.codecs.base import Asked
from excise.codecs.json.span import JsonReading
from excise.model import Direction, Edit, Refusal, RefusalClass, Span, Usage

NAME = "gemini-content"
CALL = ("user", "tool-arguments")
RESULT = ("tool", "tool-result")


@pytest.mark.parametrize(
    ("part", "role", "of", "label"),
    [
        ({"text": "X"}, "user", "prompt", ""),
        ({"text": "X", "thought": True}, "user", "reasoning", ""),
        ({"inlineData": {"data": "X"}}, "user", "document", "data"),
        ({"inline_data": {"data": "X"}}, "user", "document", "data"),
        ({"fileData": {"fileUri": "X"}}, "user", "document", "fileUri"),
        ({"functionCall": {"args": {"password": "X"}}}, *CALL, "password"),
        ({"function_call": {"args": {"password": "X"}}}, *CALL, "password"),
        ({"executableCode": {"code": "X"}}, *CALL, ""),
        ({"functionResponse": {"response": {"a": "X"}}}, *RESULT, "a"),
        ({"functionResponse": {"parts": [{"text": "X"}]}}, *RESULT, ""),
        ({"code_execution_result": {"output": "X"}}, *RESULT, ""),
        ({"toolResponse": {"a": "X"}}, *RESULT, "a"),
        ({"brandNew": {"er": [["X"]]}}, "user", "prompt", "er"),
    ],
)
def test_parts(part: Any, role: str, of: str, label: str) -> None:
    for body in (
        {"contents": [{"role": "user", "parts": [part]}]},
        {"contents": {"parts": [part]}},
        {"request": {"contents": [{"role": "user", "parts": [part]}]}},
        {"generateContentRequest": {"contents": [{"parts": [part]}]}},
    ):
        assert where(read(NAME, body)) == [(role, of, label)]


@pytest.mark.parametrize(
    ("body", "role", "part", "label"),
    [
        ({"contents": "X"}, "user", "prompt", ""),
        ({"contents": [{"role": "model", "parts": [{"text": "X"}]}]}, "assistant", "prompt", ""),
        ({"contents": [{"text": "X"}]}, "user", "prompt", ""),
        ({"systemInstruction": {"parts": [{"text": "X"}]}}, "system", "prompt", ""),
        ({"system_instruction": {"parts": {"text": "X"}}}, "system", "prompt", ""),
        (
            {"tools": [{"functionDeclarations": [{"description": "X"}]}]},
            *("system", "tool-definition", "description"),
        ),
        (
            {"generationConfig": {"responseSchema": {"title": "X"}}},
            *("system", "tool-definition", "title"),
        ),
        ({"content": {"parts": [{"text": "X"}]}}, "user", "embedding-input", ""),
        ({"title": "X"}, "user", "embedding-input", ""),
        ({"requests": [{"content": {"parts": [{"text": "X"}]}}]}, "user", "embedding-input", ""),
        (
            {
                "batch": {
                    "input_config": {
                        "requests": {"requests": [{"request": {"contents": [{"text": "X"}]}}]}
                    }
                }
            },
            *("user", "prompt", ""),
        ),
        ({"instances": [{"content": "X"}]}, "user", "prompt", ""),
        ({"instances": [{"prompt": "X"}]}, "user", "prompt", ""),
        ({"cachedContent": "X"}, "user", "metadata", "cachedContent"),
        ({"labels": {"team": "X"}}, "user", "metadata", "team"),
    ],
)
def test_other_fields_of_a_request(body: Any, role: str, part: str, label: str) -> None:
    assert where(read(NAME, body)) == [(role, part, label)]


@pytest.mark.parametrize(
    ("candidate", "part", "label"),
    [
        ({"content": {"parts": [{"text": "X"}]}}, "completion", ""),
        ({"content": {"parts": [{"text": "X", "thought": True}]}}, "reasoning", ""),
        ({"content": {"parts": [{"functionCall": {"args": {"a": "X"}}}]}}, "tool-arguments", "a"),
        ({"groundingMetadata": {"webSearchQueries": ["X"]}}, "completion", "webSearchQueries"),
    ],
)
def test_answers(candidate: Any, part: str, label: str) -> None:
    for body in ({"candidates": [candidate]}, {"response": {"candidates": [candidate]}}):
        reading = read(NAME, body, Direction.RESPONSE)
        assert where(reading) == [("assistant", part, label)]


def test_predictions_and_batch_answers() -> None:
    inline = {"inlinedResponses": [{"response": {"candidates": [{"content": {"text": "X"}}]}}]}
    for body in ({"predictions": [{"content": "X"}]}, {"predictions": ["X"]}, {"response": inline}):
        reading = read(NAME, body, Direction.RESPONSE)
        assert where(reading) == [("assistant", "completion", "")]


def test_thought_signatures_are_never_touched() -> None:
    parts = [{"text": "X", "thoughtSignature": "c2ln" * 40}, {"thought_signature": "short text"}]
    reading = read(NAME, {"contents": [{"role": "model", "parts": parts}]})
    assert isinstance(reading, JsonReading)
    assert (len(reading.sealed), reading.opaque) == (2, 1)
    assert where(reading, "short text") == [("assistant", "reasoning", "thought_signature")]
    for token in reading.sealed:
        with pytest.raises(ValueError, match="sealed"):
            reading.splice([Edit(token, Span(0, 1), "-")])


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (400, "INVALID_ARGUMENT"),
        (403, "PERMISSION_DENIED"),
        (429, "RESOURCE_EXHAUSTED"),
        (502, "INTERNAL"),
        (503, "UNAVAILABLE"),
    ],
)
def test_refusals(status: int, word: str) -> None:
    refusal = Refusal(cls=RefusalClass.POLICY, reference="r-1", message="No r-1.", status=status)
    error = DIALECTS[NAME].refuse(refusal).body
    for target, body in (("x:stream?alt=sse", error), ("x:stream", b"[%s]" % error), ("", error)):
        assert DIALECTS["gemini-stream"].refuse(refusal, Asked(target)).body == body
    assert json.loads(error) == {
        "error": {"code": status, "message": "No r-1.", "status": word, "details": []}
    }


@pytest.mark.parametrize(
    ("counts", "usage"),
    [
        ({"promptTokenCount": 7, "candidatesTokenCount": 8}, Usage(input=7, output=8)),
        ({"prompt_token_count": 7, "thoughts_token_count": 2}, Usage(input=7, output=2)),
        (
            {"promptTokenCount": 7, "candidatesTokenCount": 8, "thoughtsTokenCount": 2},
            Usage(input=7, output=10),
        ),
        ({"totalTokens": 7}, Usage()),
    ],
)
def test_facts(counts: Any, usage: Usage) -> None:
    body = {"modelVersion": "m", "usageMetadata": counts}
    for answer in (body, {"response": body}):
        reading = read(NAME, answer, Direction.RESPONSE)
        assert (reading.codec, reading.model, reading.usage) == (NAME, "m", usage)
    assert read(NAME, {}, Direction.RESPONSE).usage is None
