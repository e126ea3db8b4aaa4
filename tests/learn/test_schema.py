"""What is inferred allows what it was inferred from, as jsonschema says, and holds no value."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.learn.schema import find_faults, find_unread, infer, is_name, is_schema, merge

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["a", "bC", "d_e", "X9", "metadata"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
CHAT: Any = {"model": "m", "messages": [{"role": "user", "content": "zebra"}], "n": 1}


@given(VALUES, VALUES)
def test_a_schema_allows_what_it_is_of_and_merging_only_widens(one: Any, other: Any) -> None:
    schema = merge(infer(one), infer(other))
    assert is_schema(schema)
    for value in (one, other):
        assert list(find_faults(schema, value)) == []
        jsonschema.Draft202012Validator(schema).validate(value)


@given(VALUES, VALUES)
def test_faults_are_those_that_jsonschema_sees(one: Any, other: Any) -> None:
    schema = infer(one)
    ours = any(True for _ in find_faults(schema, other))
    assert ours == (not jsonschema.Draft202012Validator(schema).is_valid(other))


@given(VALUES, VALUES, VALUES)
def test_merging_does_not_mind_the_order(a: Any, b: Any, c: Any) -> None:
    one, two, three = infer(a), infer(b), infer(c)
    assert merge(one, two) == merge(two, one)
    assert merge(merge(one, two), three) == merge(one, merge(two, three))
    assert merge(one, one) == one


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ({**CHAT, "extra": "x"}, [("*",)]),
        ({**CHAT, "model": 5}, [("model",)]),
        ({**CHAT, "messages": [{"role": "user", "name": "x"}]}, [("messages", "[]", "*")]),
        ({**CHAT, "n": 1.5}, [("n",)]),
        ({**CHAT, "n": 2}, []),
        ({}, []),
        ([], [()]),
    ],
)
def test_faults_are_named_without_what_was_sent(value: Any, where: list[Any]) -> None:
    assert list(find_faults(infer(CHAT), value)) == where


@pytest.mark.parametrize(
    ("text", "want"),
    [
        *((word, True) for word in ("model", "max_tokens", "topK", "tool_call_id", "$schema")),
        *((word, True) for word in ("finishReason", "v1", "top_2", "x-request-id")),
        *((word, False) for word in ("call_8h2kQ9", "ana@example.org", "4111111111111111", "")),
        *((word, False) for word in ("A" + "KIA" + "Q" * 16, "a b", "a1b2c3" * 8, "x" * 60)),
    ],
)  # fmt: skip
def test_names_are_told_from_values(text: str, want: bool) -> None:
    assert is_name(text) is want


def test_no_value_and_no_key_that_may_be_one_is_kept() -> None:
    body = {
        "model": "zebra",
        "zebra7423911": {"deep": "zebra"},
        "tools": [{"parameters": {"properties": {"zebra": {"type": "string"}}}}],
        "metadata": {"zebra": 1},
    }
    assert "zebra" not in json.dumps(infer(body))
    assert infer(body)["additionalProperties"] != False  # noqa: E712


def test_too_many_names_are_a_map() -> None:
    def spelled(number: int) -> str:
        return chr(97 + number // 26) + chr(97 + number % 26)

    schema = merge(
        infer({spelled(n): 1 for n in range(90)}), infer({spelled(n): 1 for n in range(80, 180)})
    )
    assert len(schema["properties"]) <= 96 and schema["additionalProperties"]["type"] == ["integer"]


def test_texts_that_nobody_reads_are_named() -> None:
    body = {**CHAT, "note": "x", "deep": [{"tag": "y", "count": 3}], "raw": {"a": "z"}}
    read = {("messages", 0, "content"), ("raw",)}
    assert find_unread(body, read, infer(body)) == {
        ("model",), ("messages", "[]", "role"), ("note",), ("deep", "[]", "tag"),
    }  # fmt: skip


@pytest.mark.parametrize(
    "value",
    [[], {"type": "string"}, {"type": ["text"]}, {"type": ["object"], "properties": 5},
     {"type": ["string"], "enum": ["a"]}, {"type": ["array"], "items": {"minItems": 1}}],
)  # fmt: skip
def test_more_of_json_schema_is_no_schema_of_ours(value: Any) -> None:
    assert not is_schema(value)
