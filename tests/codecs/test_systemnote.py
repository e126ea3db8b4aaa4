"""A note for the model stands once behind the system prompt; nothing else of a body moves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.codecs.systemnote import add_note

NOTE = 'Words like [NAME_x] stand for values; write them "as they are".'
CHAT = "/v1/chat/completions"
SAID = {"role": "user", "content": "a"}
GEMINI = "/v1beta/models/m:streamGenerateContent?alt=sse"
ASKED = {"contents": [{"parts": [{"text": "a"}]}]}
CONVERSE = {"messages": [{"role": "user", "content": [{"text": "a"}]}]}
TEXT = {"type": "text", "text": NOTE}

CASES: list[tuple[str, str, Any, Any]] = [
    ("openai-chat", CHAT, {"messages": [SAID]},
     {"messages": [{"role": "system", "content": NOTE}, SAID]}),
    ("openai-chat", CHAT, {"messages": []}, {"messages": [{"role": "system", "content": NOTE}]}),
    ("openai-chat", CHAT, {"messages": [{"content": "Be brief.\u2028", "role": "developer"}, SAID]},
     {"messages": [{"content": f"Be brief.\u2028\n\n{NOTE}", "role": "developer"}, SAID]}),
    ("mistral-chat", CHAT, {"messages": [{"role": "system", "content": [{"text": "b"}]}]},
     {"messages": [{"role": "system", "content": [{"text": "b"}, TEXT]}]}),
    ("ollama-chat", "/api/chat", {"messages": [{"role": "system", "content": ""}]},
     {"messages": [{"role": "system", "content": NOTE}]}),
    ("ollama-chat", "/api/generate", {"prompt": "a", "system": "b"},
     {"prompt": "a", "system": f"b\n\n{NOTE}"}),
    ("openai-responses", "/v1/responses?x=1", {"input": "a"}, {"instructions": NOTE, "input": "a"}),
    ("openai-responses", "/v1/responses", {"instructions": None, "input": "a"},
     {"instructions": NOTE, "input": "a"}),
    ("openai-responses", "/v1/responses", {"input": [], "instructions": "b \\ \""},
     {"input": [], "instructions": f"b \\ \"\n\n{NOTE}"}),
    ("anthropic-messages", "/v1/messages", {"messages": [SAID]},
     {"system": NOTE, "messages": [SAID]}),
    ("anthropic-messages", "/v1/messages", {"messages": [SAID], "system": []},
     {"messages": [SAID], "system": [TEXT]}),
    ("anthropic-messages", "/v1/messages/count_tokens?beta=true",
     {"system": [{"type": "text", "text": "b", "cache_control": {}}], "messages": [SAID]},
     {"system": [{"type": "text", "text": "b", "cache_control": {}}, TEXT], "messages": [SAID]}),
    ("bedrock-invoke", "/model/m/invoke", {"anthropic_version": "v", "messages": [SAID]},
     {"system": NOTE, "anthropic_version": "v", "messages": [SAID]}),
    ("bedrock-converse", "/model/m/converse", CONVERSE, {"system": [{"text": NOTE}], **CONVERSE}),
    ("bedrock-converse", "/model/m/converse", {**CONVERSE, "system": [{"text": "b"}]},
     {**CONVERSE, "system": [{"text": "b"}, {"text": NOTE}]}),
    ("gemini-content", GEMINI, ASKED, {"systemInstruction": {"parts": [{"text": NOTE}]}, **ASKED}),
    ("gemini-stream", GEMINI, {**ASKED, "system_instruction": {"parts": [{"text": "b"}]}},
     {**ASKED, "system_instruction": {"parts": [{"text": "b"}, {"text": NOTE}]}}),
    ("gemini-content", GEMINI, {"systemInstruction": {"parts": {"text": "b"}}, **ASKED},
     {"systemInstruction": {"parts": [{"text": "b"}, {"text": NOTE}]}, **ASKED}),
    ("gemini-content", "/v1internal:generateContent", {"project": "p", "request": ASKED},
     {"project": "p", "request": {"systemInstruction": {"parts": [{"text": NOTE}]}, **ASKED}}),
    ("cohere-chat", "/v2/chat", {"messages": [SAID]},
     {"messages": [{"role": "system", "content": NOTE}, SAID]}),
    ("cohere-chat", "/v1/chat", {"message": "a"}, {"preamble": NOTE, "message": "a"}),
    ("mistral-conversations", "/v1/conversations#stream", {"model": "m", "inputs": "a"},
     {"instructions": NOTE, "model": "m", "inputs": "a"}),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "target", "body", "amended"), CASES)
@pytest.mark.parametrize("spaces", [None, 2])
def test_places(dialect: str, target: str, body: Any, amended: Any, spaces: int | None) -> None:
    sent = json.dumps(body, ensure_ascii=False, indent=spaces).encode()
    put = add_note(dialect, target, sent, NOTE)
    assert put is not None
    assert json.loads(put) == amended
    assert list(json.loads(put)) == list(amended)
    assert add_note(dialect, target, put, NOTE) == put  # once
    left = iter(put)
    assert all(byte in left for byte in sent.replace(b"null", b""))  # all that was sent, in order


@pytest.mark.parametrize(
    ("dialect", "target", "body"),
    [
        ("openai-chat", "/v1/embeddings", {"input": "a"}),
        ("openai-chat", CHAT, {"messages": "a"}),
        ("openai-chat", CHAT, {"messages": [{"role": "system", "content": 5}]}),
        ("openai-chat", CHAT, [1]),
        ("openai-responses", "/v1/audio/speech", {"input": "a", "instructions": "softly"}),
        ("gemini-content", "/v1beta/models/m:countTokens", ASKED),
        ("gemini-content", GEMINI, {"cachedContent": "c", **ASKED}),
        ("bedrock-invoke", "/model/l/invoke", {"prompt": "a"}),
        ("mistral-conversations", "/v1/conversations", {"agent_id": "a", "inputs": "a"}),
        ("generic-json", "/", {"messages": []}),
    ],
)
def test_no_place(dialect: str, target: str, body: Any) -> None:
    assert add_note(dialect, target, json.dumps(body).encode(), NOTE) is None


WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(WORDS, VALUES, max_size=4), st.none() | WORDS, WORDS, st.booleans(),
    st.sampled_from([None, 0, 3]),
)  # fmt: skip
def test_what_stands_around_it_stays(
    around: dict[str, Any], prompt: str | None, note: str, escaped: bool, indent: int | None
) -> None:
    body = {**around, "messages": [SAID], **({} if prompt is None else {"system": prompt})}
    sent = json.dumps(body, ensure_ascii=escaped, indent=indent).encode()
    put = add_note("anthropic-messages", "/v1/messages", sent, note)
    assert put is not None
    told = json.loads(put)
    assert note in told.pop("system")
    assert told == {key: value for key, value in body.items() if key != "system"}
