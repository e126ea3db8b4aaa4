"""What a client is told: fixed answers, limits, and refusals that show no rule."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from acting import clause, wall
from test_refusals import SHAPES
from walled import SECRET, answer, chat, exchange, valid

from excise.codecs import DIALECTS
from excise.enforce.replies import parse_replies
from excise.model import Action, Direction, RefusalClass
from excise.pipeline.outcome import Context
from excise.pipeline.reply import Voice, deciding

FIXED = clause("fallback", text="Ask legal.")


@pytest.mark.parametrize("stream", [False, True])
def test_a_fallback_answers_in_the_models_place(stream: bool) -> None:
    """HTTP 200, whole or streamed, and the trail says so."""
    outcome = wall(FIXED).inspect_request(exchange({**chat(SECRET), "stream": stream}))
    assert outcome.reply is not None
    assert outcome.reply.status == 200
    assert b'"Ask legal."' in outcome.reply.body
    assert (b"[DONE]" in outcome.reply.body) is stream
    assert valid(outcome.record)["action"] == "fallback"


def test_an_answer_is_replaced_by_a_fallback() -> None:
    """On the way back, too."""
    firewall = wall(FIXED)
    asked = exchange(chat("x"))
    context = firewall.inspect_request(asked).context
    reply = answer({"choices": [{"message": {"content": SECRET}}]})
    outcome = firewall.inspect_response(asked, reply, context)
    assert outcome.reply is not None
    said = json.loads(outcome.reply.body)["choices"][0]["message"]["content"]
    assert said == "Ask legal."


def test_a_stream_ends_with_the_fallback() -> None:
    """In place of the words of a refusal."""
    firewall = wall(FIXED)
    asked = exchange({**chat("x"), "stream": True})
    context = firewall.inspect_request(asked).context
    head = replace(answer(b""), headers=(("content-type", "text/event-stream"),))
    stream = firewall.open_stream(asked, head, context)
    assert stream is not None
    delta = {"choices": [{"index": 0, "delta": {"content": f"it is {SECRET} ok"}}]}
    step = stream.feed(b"data: " + json.dumps(delta).encode() + b"\n\n")
    step = step if step.closed else stream.finish()
    assert b"Ask legal." in step.data
    assert SECRET.encode() not in step.data
    assert valid(stream.record())["action"] == "fallback"


def test_a_fallback_for_what_is_no_chat_is_a_refusal_in_its_words() -> None:
    """Embeddings have no answer to give."""
    outcome = wall(FIXED).inspect_request(exchange({"input": SECRET}, target="/v1/embeddings"))
    assert outcome.reply is not None
    assert outcome.reply.status == 400
    assert json.loads(outcome.reply.body)["error"]["message"].startswith("Ask legal.")


@pytest.mark.parametrize("then", ["limit", "tarpit", "block", "fallback"])
def test_a_value_of_an_older_turn_never_locks_a_session(then: str) -> None:
    """What was refused once is cut out when the chat sends it again."""
    text = {"text": "No."} if then == "fallback" else {}
    firewall = wall(clause(then, **text))
    turns = [{"role": "user", "content": SECRET}]
    assert firewall.inspect_request(exchange({"messages": turns})).reply is not None
    for number in range(3):
        turns += [
            {"role": "assistant", "content": "I could not."},
            {"role": "user", "content": f"go on {number}"},
        ]
        outcome = firewall.inspect_request(exchange({"messages": turns}))
        assert outcome.reply is None
        assert outcome.decision.action is Action.REDACT
        assert SECRET.encode() not in outcome.body
    locked = wall(clause(then, scope="all", **text))
    assert locked.inspect_request(exchange({"messages": turns})).reply is not None


def test_a_limit_says_when_to_come_back() -> None:
    """429 and `Retry-After`, also where it was decided outside."""
    outcome = wall(clause("limit", retry_after=7)).inspect_request(exchange(chat(SECRET)))
    assert outcome.reply is not None
    assert (outcome.reply.status, dict(outcome.reply.headers)["retry-after"]) == (429, "7")
    reply, record = wall("").refuse(
        exchange(chat("x")), RefusalClass.LIMIT, "limit:tokens", retry_after=30
    )
    assert (reply.status, dict(reply.headers)["retry-after"]) == (429, "30")
    assert valid(record)["action"] == "limit"


@pytest.mark.parametrize("then", ["block", "tarpit", "limit"])
@pytest.mark.parametrize("name", sorted(SHAPES))
def test_no_rule_and_no_clause_is_named(name: str, then: str) -> None:
    """In any dialect: neither the entity, nor the rule, nor the clause, nor the value."""
    made = wall(clause(then, tell="'See the handbook.'"))
    outcome = made.inspect_request(exchange(chat(SECRET)))
    context = Context(
        exchange=exchange(chat(SECRET)), host=outcome.context.host, dialect=DIALECTS[name]
    )
    reply = made.voice.refuse(
        context, outcome.decision, Direction.REQUEST, deciding(outcome.decision, made.policy)
    )
    shown = reply.body.decode() + repr(reply.headers)
    assert not [word for word in ("test.", "secret", "said", SECRET) if word in shown]
    assert "See the handbook." in shown
    assert "0192" in shown


def test_the_client_is_told_in_its_language() -> None:
    """By `Accept-Language`."""
    replies = parse_replies("replies: {de: {policy: 'Nein. {reference}'}}", "replies.yaml")
    made = wall(clause("block"), voice=Voice(replies=replies))
    headers: dict[str, Any] = {"accept-language": "de-AT"}
    reply = made.inspect_request(exchange(chat(SECRET), headers=headers)).reply
    assert reply is not None
    assert json.loads(reply.body)["error"]["message"] == "Nein. 0192"
