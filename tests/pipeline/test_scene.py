"""A message becomes a situation; an older turn is told from the newest in every dialect."""

import json

import pytest
from walled import chat, exchange, firewall

from excise.codecs import DIALECTS
from excise.model import Direction, Exchange
from excise.pipeline.outcome import Context
from excise.pipeline.scene import (
    app_of,
    build_situation,
    count_turns,
    find_turn,
    signals_of,
    tools_of,
)
from excise.policy.situation import Signals

CHATS = {
    "openai-chat": {
        "messages": [
            {"role": "system", "content": "SYS"},
            {"role": "user", "content": "OLD1"},
            {"role": "assistant", "content": "OLD2"},
            {"role": "user", "content": "NEW"},
        ]
    },
    "anthropic-messages": {
        "system": "SYS",
        "messages": [
            {"role": "user", "content": "OLD1"},
            {"role": "assistant", "content": [{"type": "text", "text": "OLD2"}]},
            {"role": "user", "content": [{"type": "text", "text": "NEW"}]},
            {"role": "assistant", "content": "NEW: so"},
        ],
    },
    "gemini-content": {
        "contents": [
            {"role": "user", "parts": [{"text": "OLD1"}]},
            {"role": "model", "parts": [{"text": "OLD2"}]},
            {"role": "user", "parts": [{"text": "NEW"}]},
        ]
    },
    "openai-responses": {
        "input": [
            {"role": "user", "content": "OLD1"},
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": '{"a":"OLD2"}'},
            {"type": "function_call_output", "call_id": "c", "output": "NEW"},
        ]
    },
    "cohere-chat": {"chat_history": [{"role": "USER", "message": "OLD1"}], "message": "NEW"},
    "mistral-chat": {"messages": [{"role": "user", "content": "NEW"}]},
}  # fmt: skip


@pytest.mark.parametrize("dialect", CHATS)
def test_the_newest_turn_is_told_from_what_was_sent_before(dialect: str) -> None:
    """System texts are nobody's turn."""
    body = json.dumps({"model": "m", **CHATS[dialect]}).encode()
    segments = DIALECTS[dialect].read_request(body).segments
    turn = find_turn(segments)
    told = {s.text: turn.is_older(s) for s in segments if s.text[:3] in ("OLD", "NEW", "SYS")}
    assert told and told == {text: text.startswith("OLD") for text in told}


def made(sent: Exchange, *reads: str, dialect: str = "openai-chat", found: bool = True) -> object:
    host = firewall().catalogue.find(sent.host)
    assert host is not None
    context = Context(exchange=sent, host=host, dialect=DIALECTS[dialect], model="gpt-4o")
    segments = DIALECTS[dialect].read_request(sent.body).segments
    return build_situation(
        context,
        Direction.REQUEST,
        segments,
        stage="request",
        found=found,
        reads=frozenset(reads),
        unix_time=1e9,
    )


def test_what_nobody_reads_is_not_computed() -> None:
    sent = exchange(chat("hello there"), headers={"user-agent": "Claude-CLI/2.1 (x)"})
    idle = made(sent, found=False)
    assert (idle.tokens, idle.turns, idle.app, idle.roles) == (0, 0, "", frozenset())  # type: ignore[attr-defined]
    busy = made(sent, "tokens", "turns", "app", "roles", "parts")
    assert busy.tokens > 0 and busy.turns == 1 and busy.app == "claude-cli"  # type: ignore[attr-defined]
    assert "user" in busy.roles and "prompt" in busy.parts  # type: ignore[attr-defined]
    assert (busy.moment.hour, busy.size) == (1, len(sent.body))  # type: ignore[attr-defined]


def test_tools_are_known_by_name() -> None:
    body = {
        "model": "m",
        "messages": [{"role": "user", "content": "x"}, {"role": "user", "content": "y"}],
        "tools": [{"type": "function", "function": {"name": "run_shell", "parameters": {}}}],
    }
    segments = DIALECTS["openai-chat"].read_request(json.dumps(body).encode()).segments
    assert tools_of(segments) == {"run_shell"}
    assert count_turns(segments) == 2


@pytest.mark.parametrize(
    ("agent", "app"), [("OpenAI/Python 2.1", "openai"), ("", ""), ("(odd)", "")]
)
def test_an_app_is_the_first_product(agent: str, app: str) -> None:
    assert app_of(exchange(chat("x"), headers={"user-agent": agent})) == app


def test_signals_are_what_classifiers_say() -> None:
    """The likeliest family of attack stands for all of them."""
    seen = {"topics": {"law": 0.9}, "unsafe": {"S1": 0.2}, "injection": {"direct": 0.4, "x": 0.7}}
    assert signals_of(seen) == Signals(topics={"law": 0.9}, unsafe={"S1": 0.2}, injection=0.7)
    assert signals_of({}) == Signals()
