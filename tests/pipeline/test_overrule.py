"""A refusal that its user may overrule: told how, once, for a reason, and on the record."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from acting import clause, wall
from walled import SECRET, chat, exchange, valid

from excise.model import Action, Exchange
from excise.pipeline.firewall import Firewall
from excise.pipeline.overrule import Overrides
from excise.state.overrides import FileGrants, OverrideDesk, grant

NOW = [1_800_000_000.0]
MAY = clause("block", override="{minutes: 15, justification: required}")
ASKED = exchange(chat(f"a {SECRET}"))


def guarded(folder: Path, clauses: str = MAY) -> Firewall:
    overrides = Overrides(key=b"o" * 32, desk=OverrideDesk(FileGrants(folder)))
    return wall(clauses, overrides=overrides, clock=lambda: NOW[0])


def offered(firewall: Firewall, asked: Exchange = ASKED) -> str:
    reply = firewall.inspect_request(asked).reply
    assert reply is not None
    return dict(reply.headers).get("x-excise-override", "")


def test_the_refusal_tells_how_and_the_token_lifts_it_once(tmp_path: Path) -> None:
    """What the rule itself asks for is done all the same; reason and clause are recorded."""
    firewall = guarded(tmp_path)
    reply = firewall.inspect_request(ASKED).reply
    assert reply is not None
    token = dict(reply.headers)["x-excise-override"]
    assert token in json.loads(reply.body)["error"]["message"]
    wished = replace(ASKED, override=f"{token}; because=quarterly audit")
    outcome = firewall.inspect_request(wished)
    assert outcome.reply is None
    assert (outcome.decision.action, outcome.decision.would) == (Action.REDACT, Action.BLOCK)
    assert SECRET.encode() not in outcome.body
    assert valid(outcome.record)["override"] == {"clauses": ["said"], "because": "quarterly audit"}
    assert "override:said" in outcome.record["reasons"]
    assert firewall.inspect_request(wished).reply is not None, "it counts once"


@pytest.mark.parametrize("because", ["", "; because=ok"])
def test_a_reason_is_required(tmp_path: Path, because: str) -> None:
    """A token without one is not used up."""
    firewall = guarded(tmp_path)
    token = offered(firewall)
    assert firewall.inspect_request(replace(ASKED, override=token + because)).reply is not None
    good = replace(ASKED, override=f"{token}; because=good reasons")
    assert firewall.inspect_request(good).reply is None


def test_a_secret_in_the_reason_is_masked(tmp_path: Path) -> None:
    """The trail never shows it."""
    firewall = guarded(tmp_path)
    wished = replace(ASKED, override=f"{offered(firewall)}; because=it is {SECRET}")
    outcome = firewall.inspect_request(wished)
    assert valid(outcome.record)["override"]["because"] == "[masked]"


def test_it_is_good_for_this_request_and_a_while(tmp_path: Path) -> None:
    """Not for another text, and not later."""
    firewall = guarded(tmp_path)
    wish = f"{offered(firewall)}; because=good reasons"
    other = exchange(chat(f"b {SECRET}"))
    assert firewall.inspect_request(replace(other, override=wish)).reply is not None
    NOW[0] += 16 * 60
    try:
        assert firewall.inspect_request(replace(ASKED, override=wish)).reply is not None
    finally:
        NOW[0] -= 16 * 60


@pytest.mark.parametrize(
    "clauses",
    [
        clause("block"),
        MAY + "  - {id: hard, when: {rules: [test.secret]}, if: 'turns > 9', then: block}\n",
    ],
)
def test_nothing_is_offered_that_nobody_may(tmp_path: Path, clauses: str) -> None:
    """Only where all that refuses may be overruled."""
    asked = ASKED if "hard" not in clauses else exchange(chat("a GRAVE-12345678 " + SECRET))
    assert offered(guarded(tmp_path, clauses), asked) == ""


def test_an_administrator_grants_by_reference(tmp_path: Path) -> None:
    """The same request passes once more, without a header."""
    firewall = guarded(tmp_path)
    asked = replace(ASKED, id="ab" * 16)
    assert firewall.inspect_request(asked).reply is not None
    grant(FileGrants(tmp_path), asked.id, "approved by security")
    outcome = firewall.inspect_request(replace(asked, id="cd" * 16))
    assert outcome.reply is None
    assert valid(outcome.record)["override"]["because"] == "approved by security"
    assert firewall.inspect_request(asked).reply is not None
