"""Where a text was edited, its tokens do not spell it again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.codecs.dialects.logprobs import drop_beside, drop_logprobs

TOKENS = [{"token": 'SE"]}', "bytes": [83, 69], "top_logprobs": [{"token": "SE", "bytes": [83]}]}]


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ({"choices": [{"logprobs": {"content": TOKENS}, "index": 0}]},
         {"choices": [{"logprobs": None, "index": 0}]}),
        ({"output": [{"content": [{"logprobs": TOKENS, "text": "a"}]}]},
         {"output": [{"content": [{"logprobs": [], "text": "a"}]}]}),
        ({"candidates": [{"logprobsResult": {"chosenCandidates": TOKENS}}, 1]},
         {"candidates": [{"logprobsResult": None}, 1]}),
        ({"logprobs": {"logprobs": [1]}, "b": [2]}, {"logprobs": None, "b": [2]}),
        ({"logprobs": None, "text": '"logprobs": {"a": 1}'}, None),
        ({"text": "logprobs", "a": {"b": 1}}, None),
        ({"logprobs": [], "a": {}}, None),
    ],
)  # fmt: skip
def test_whole_answers(body: Any, left: Any) -> None:
    assert json.loads(drop_logprobs(json.dumps(body).encode())) == (body if left is None else left)


def test_events() -> None:
    event = {"delta": '"bytes":[1]', "logprobs": TOKENS}
    left = json.loads(drop_beside(json.dumps(event).encode()))
    assert left == {
        "delta": '"bytes":[1]',
        "logprobs": [{"token": 'SE"]}', "bytes": None, "top_logprobs": []}],
    }


def test_numbers_and_runners_up_of_other_dialects() -> None:
    """Cohere tells the number of each token, Gemini too, and who came second."""
    tops = [{"candidates": [{"token": "SE", "tokenId": 7}]}]
    event = {
        "logprobsResult": {"chosenCandidates": [{"tokenId": 7}], "topCandidates": tops},
        "logprobs": {"text": '"tokenId": 7', "token_ids": [7, 8]},
    }
    assert json.loads(drop_beside(json.dumps(event).encode())) == {
        "logprobsResult": {"chosenCandidates": [{"tokenId": 0}], "topCandidates": []},
        "logprobs": {"text": '"tokenId": 7', "token_ids": []},
    }


JSON = st.recursive(
    st.none() | st.integers() | st.text(st.sampled_from('ab"\\[]{}logprs:'), max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["a", "logprobs", 'x"logprobs"', "logprobsResult"]), inner
        )
    ),
    max_leaves=9,
)


def without(value: Any) -> Any:
    """What is wanted, said plainly."""
    if isinstance(value, dict):
        return {
            key: ([] if isinstance(item, list) else None)
            if key in ("logprobs", "logprobsResult") and isinstance(item, list | dict)
            else without(item)
            for key, item in value.items()
        }
    return [without(item) for item in value] if isinstance(value, list) else value


@given(JSON)
def test_any_document(document: Any) -> None:
    assert json.loads(drop_logprobs(json.dumps(document).encode())) == without(document)
