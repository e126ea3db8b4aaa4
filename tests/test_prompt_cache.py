"""A provider keeps the beginning of a prompt it has seen: whatever is redacted and restored, each
turn of a session must send the bytes of the turns before it again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from planted import planted_policy
from walled import answer, exchange, firewall

from excise.enforce.redact import PLACEHOLDER

TURNS = 50
Json = dict[str, Any]


class Talk(NamedTuple):
    """How a dialect keeps a conversation.

    `head` stands in front of the turns under the key `turns`; `asked` and `called` are what a
    client adds for a question and for the result of a tool, `answered` what a provider answers, and
    `kept` takes from that what the client sends again.
    """

    host: str
    target: str
    turns: str
    head: Json
    asked: Callable[[str], Json]
    called: Callable[[str], list[Json]]
    answered: Callable[[str], Json]
    kept: Callable[[Json], Json]


def _chat_tool(text: str) -> list[Json]:
    call = {
        "id": "c",
        "type": "function",
        "function": {"name": "read", "arguments": _arguments(text)},
    }
    return [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": text},
    ]


def _arguments(text: str) -> str:
    return json.dumps({"path": text})


def _responses_tool(text: str) -> list[Json]:
    return [
        {"type": "function_call", "call_id": "c", "name": "read", "arguments": _arguments(text)},
        {"type": "function_call_output", "call_id": "c", "output": text},
    ]


def _anthropic_tool(text: str) -> list[Json]:
    use = {"type": "tool_use", "id": "t", "name": "read", "input": {"path": text}}
    result = {
        "type": "tool_result",
        "tool_use_id": "t",
        "content": [{"type": "text", "text": text}],
    }
    return [{"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]


def _gemini_tool(text: str) -> list[Json]:
    call = {"functionCall": {"name": "read", "args": {"path": text}}}
    result = {"functionResponse": {"name": "read", "response": {"output": text}}}
    return [{"role": "model", "parts": [call]}, {"role": "user", "parts": [result]}]


def _converse_tool(text: str) -> list[Json]:
    use = {"toolUse": {"toolUseId": "t", "name": "read", "input": {"path": text}}}
    result = {"toolResult": {"toolUseId": "t", "content": [{"text": text}]}}
    return [{"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]


def _said(role: str) -> Callable[[str], Json]:
    return lambda text: {"role": role, "content": text}


TALKS = {
    "openai-chat": Talk(
        "api.openai.com", "/v1/chat/completions", "messages", {"model": "gpt-4o"},
        _said("user"), _chat_tool,
        lambda text: {"choices": [{"index": 0, "message": _said("assistant")(text)}]},
        lambda answer: answer["choices"][0]["message"],
    ),
    "openai-responses": Talk(
        "api.openai.com", "/v1/responses", "input", {"model": "gpt-5", "instructions": "Be brief."},
        _said("user"), _responses_tool,
        lambda text: {"output": [{"type": "message", "role": "assistant", "content": [
            {"type": "output_text", "text": text, "annotations": []}]}]},
        lambda answer: answer["output"][0],
    ),
    "anthropic-messages": Talk(
        "api.anthropic.com", "/v1/messages", "messages", {"model": "claude", "system": "Be brief."},
        _said("user"), _anthropic_tool,
        lambda text: {"role": "assistant", "content": [{"type": "text", "text": text}]},
        lambda answer: answer,
    ),
    "gemini-content": Talk(
        "generativelanguage.googleapis.com", "/v1beta/models/gemini-3:generateContent", "contents",
        {"systemInstruction": {"parts": [{"text": "Be brief."}]}},
        lambda text: {"role": "user", "parts": [{"text": text}]}, _gemini_tool,
        lambda text: {"candidates": [{"content": {"role": "model", "parts": [{"text": text}]}}]},
        lambda answer: answer["candidates"][0]["content"],
    ),
    "bedrock-converse": Talk(
        "bedrock-runtime.us-east-1.amazonaws.com", "/model/m/converse", "messages",
        {"system": [{"text": "Be brief."}]},
        lambda text: {"role": "user", "content": [{"text": text}]}, _converse_tool,
        lambda text: {"output": {"message": {"role": "assistant", "content": [{"text": text}]}}},
        lambda answer: answer["output"]["message"],
    ),
    "cohere-chat": Talk(
        "api.cohere.com", "/v2/chat", "messages", {"model": "command"},
        _said("user"), _chat_tool,
        lambda text: {"message": {"role": "assistant", "content": [
            {"type": "text", "text": text}]}},
        lambda answer: answer["message"],
    ),
}  # fmt: skip


NOTE = 'What stands in square brackets is somebody\'s: repeat it "as it is". \N{EURO SIGN}'


def session(talk: Talk, note: str) -> Iterator[tuple[bytes, bytes]]:
    """What the client would send and what is sent, of each turn up to the end of its history."""
    vault: dict[str, str] = {}
    policy = planted_policy()
    noting = replace(policy, profile=replace(policy.profile, note=note))
    wall = firewall(lookup=lambda principal: vault.get, policy=noting)
    history: list[Json] = []
    for turn in range(TURNS):
        # The same value comes again in every turn, a new one in each, and both in results of tools.
        history.append(talk.asked(f"{turn}: SECRET-00000000 and SECRET-{turn:08} \N{EURO SIGN}"))
        history += talk.called(f"file {turn} holds SECRET-{turn % 7:08}") if turn % 2 else []
        document = {**talk.head, talk.turns: history}
        sent = exchange(json.dumps(document).encode(), host=talk.host, target=talk.target)
        outcome = wall.inspect_request(sent)
        assert outcome.reply is None
        vault.update(outcome.kept)
        yield sent.body.removesuffix(b"]}"), outcome.body.removesuffix(b"]}")
        (placeholder, *_) = PLACEHOLDER.finditer(outcome.body.decode())
        said = talk.answered(f"You gave me {placeholder[0]}.")
        told = wall.inspect_response(sent, answer(said), outcome.context)
        history.append(talk.kept(json.loads(told.body)))
        assert "SECRET-" in json.dumps(history[-1])


@pytest.mark.parametrize("note", ["", NOTE])
@pytest.mark.parametrize("dialect", TALKS)
def test_every_turn_begins_with_the_bytes_of_the_turn_before(dialect: str, note: str) -> None:
    turns = list(session(TALKS[dialect], note))
    for (asked, sent), (asked_next, sent_next) in pairwise(turns):
        assert asked_next.startswith(asked)  # else the client itself would have lost its prefix
        assert sent_next.startswith(sent)
        assert b"SECRET-" not in sent_next
        assert sent_next.count(json.dumps(NOTE, ensure_ascii=False)[1:-1].encode()) == bool(note)
    assert PLACEHOLDER.search(turns[-1][1].decode())


def test_what_holds_no_placeholder_has_no_note() -> None:
    policy = planted_policy()
    wall = firewall(policy=replace(policy, profile=replace(policy.profile, note=NOTE)))
    sent = exchange({"messages": [{"role": "user", "content": "nothing of interest"}]})
    assert wall.inspect_request(sent).body == sent.body
