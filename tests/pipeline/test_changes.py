"""What actions make of a request that goes on: masks, substitutes, a steered prompt."""

from __future__ import annotations

import json
from typing import Any

import pytest
from acting import clause, wall
from walled import SECRET, answer, chat, exchange, valid

from excise.model import Action

TEXT = "Do not advise on tax."
STEER = clause("steer", text=json.dumps(TEXT))


def sent(body: bytes) -> Any:
    return json.loads(body)


def test_a_mask_says_what_it_was_and_leads_nowhere() -> None:
    """Nothing is kept for the vault."""
    outcome = wall(clause("redact", how="mask")).inspect_request(exchange(chat(f"a {SECRET} b")))
    assert sent(outcome.body)["messages"][0]["content"] == "a [SECRET] b"
    assert outcome.kept == {}
    assert valid(outcome.record)["edits"] == 1


def test_a_substitute_has_the_form_of_the_value() -> None:
    """The same in every turn; in an answer it is not taken for the real thing."""
    firewall = wall(clause("redact", how="substitute"))
    first = firewall.inspect_request(exchange(chat(f"a {SECRET} b")))
    again = firewall.inspect_request(exchange(chat(f"a {SECRET} b")))
    (made,) = first.kept
    assert first.body == again.body
    assert len(made) == len(SECRET)
    assert made[6] == "-"
    assert made != SECRET
    assert sent(first.body)["messages"][0]["content"] == f"a {made} b"
    held = wall(clause("redact", how="mask"), lookup=lambda principal: {SECRET: "real"}.get)
    reply = answer({"choices": [{"message": {"content": f"you sent {SECRET}"}}]})
    got = held.inspect_response(exchange(chat("x")), reply, first.context)
    assert got.body == reply.body, "what the vault knows to be invented stays"


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (chat(SECRET), lambda b: b["messages"][0]),
        (
            {"messages": [{"role": "system", "content": "Be kind."}, *chat(SECRET)["messages"]]},
            lambda b: b["messages"][0],
        ),
    ],
)
def test_steering_amends_the_system_prompt_once(body: Any, where: Any) -> None:
    """The same bytes for the same request, and nothing more where it stands already."""
    firewall = wall(STEER)
    first = firewall.inspect_request(exchange(body))
    assert first.reply is None
    assert first.decision.action is Action.STEER
    assert valid(first.record)["action"] == "steer"
    system = where(sent(first.body))
    assert system["role"] == "system"
    assert system["content"].endswith(TEXT)
    assert firewall.inspect_request(exchange(body)).body == first.body
    assert firewall.inspect_request(exchange(first.body)).body == first.body


def test_steering_does_not_keep_others_from_cutting_out() -> None:
    """The worst action has its way, and the milder ones their edits."""
    both = STEER + "  - {id: cut, when: {rules: [test.grave]}, then: redact}\n"
    grave = "GRAVE-87654321"
    outcome = wall(both).inspect_request(exchange(chat(f"{SECRET} {grave}")))
    assert outcome.decision.action is Action.STEER
    assert grave.encode() not in outcome.body
    mild = "  - {id: cut, when: {rules: [test.secret]}, then: redact}\n" + (
        "  - {id: all, if: 'turns > 0', then: steer, text: Be brief.}\n"
    )
    outcome = wall(mild).inspect_request(exchange(chat(f"a {SECRET}")))
    assert outcome.decision.action is Action.STEER
    assert SECRET.encode() not in outcome.body
    assert sent(outcome.body)["messages"][0]["content"] == "Be brief."


@pytest.mark.parametrize(
    ("body", "headers", "why"),
    [
        ({"input": SECRET}, {}, "uneditable:steer"),
        (chat(SECRET), {"authorization": "AWS4-HMAC-SHA256 x"}, "uneditable:signed"),
    ],
)
def test_what_cannot_be_steered_is_stopped(body: Any, headers: Any, why: str) -> None:
    """Embeddings have no system prompt, signed bodies cannot be edited."""
    outcome = wall(STEER).inspect_request(exchange(body, headers=headers))
    assert outcome.reply is not None
    assert why in outcome.decision.reasons
