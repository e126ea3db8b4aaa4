"""Paths and names at the beginning of bodies: what is a model's, and what is like it."""

from __future__ import annotations

import pytest

from excise.edge.likeness import answers, asked_path, asks_by_body


@pytest.mark.parametrize(
    ("method", "target", "want"),
    [
        ("POST", "/v1/chat/completions", "/chat/completions"),
        ("POST", "/team/ana/v1/messages?beta=true", "/v1/messages"),
        ("POST", "/api/generate/", "/api/generate"),
        ("POST", "/v1/models/zebra:generateContent", "/models/*:generateContent"),
        ("GET", "/v1/chat/completions", ""),
        ("POST", "/rooms/7/messages", ""),
        ("POST", "/graphql", ""),
        ("POST", "/v1/chat/completions/7", ""),
    ],
)  # fmt: skip
def test_a_path_is_told_by_its_end_alone(method: str, target: str, want: str) -> None:
    assert asked_path(method, target) == want


@pytest.mark.parametrize(
    ("body", "want"),
    [
        (b'{"model": "m", "messages": [{"role": "user"', True),
        (b'{"messages":[{"role":"user","content":"x"}]}', True),
        (b'{"contents":[{"parts":[]}],"generationConfig":{}}', True),
        (b'{"model":"m","prompt":"x"}', True),
        (b'{"model": "GT", "price": 5}', False),
        (b'{"input": "text"}', False),
        (b'{"messages": ["a"], "level": 2}', False),
        (b'{"query": "{ a }", "variables": {"model": "T", "messages": ["a"]}}', False),
        (b'[{"operationName": "A", "model": "m", "input": "x"}]', False),
        (b"", False),
        (b"\xff\x00", False),
    ],
)
def test_two_names_of_a_model_must_stand_in_a_body(body: bytes, want: bool) -> None:
    assert asks_by_body(body) is want


@pytest.mark.parametrize(
    ("body", "want"),
    [
        (b'{"id":"x","choices":[{"index":0', True),
        (b'event: message_start\ndata: {"type":"message_start"', True),
        (b'{"done":true,"eval_count":12}', True),
        (b'{"data": {"choice": 1}}', False),
        (b'{"type": "event"}', False),
    ],
)
def test_answers_are_known_by_their_names(body: bytes, want: bool) -> None:
    assert answers(body) is want
