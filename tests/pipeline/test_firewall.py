"""An exchange in, an outcome out: what leaves, what comes back, and what the trail says."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from planted import PlantScanner, planted_policy
from policy.samples import policy
from walled import GRAVE, SECRET, VAULT, answer, chat, exchange, firewall, valid

from excise.codecs.framing.encoding import encode
from excise.detectors.base import Scanned
from excise.enforce.redact import PLACEHOLDER
from excise.model import Action, Direction, Exchange, Mode, RefusalClass, Segment


def test_a_clean_request_passes_byte_for_byte() -> None:
    """Same body, target and headers; the line says allow."""
    sent = exchange(chat("hello"))
    outcome = firewall().inspect_request(sent)
    assert outcome.reply is None
    assert not outcome.changed
    assert (outcome.body, outcome.target, outcome.headers) == (sent.body, sent.target, sent.headers)
    assert valid(outcome.record)["action"] == "allow"
    assert outcome.record["model"] == "gpt-4o"


def test_a_secret_is_cut_and_nothing_else_changes() -> None:
    """Only the match, and its value is handed over for the vault."""
    sent = exchange(
        b'{ "model":"gpt-4o", "n":1.0,"messages":[{"role":"user","content":"a %s b"}]}'
        % SECRET.encode()
    )
    outcome = firewall().inspect_request(sent)
    placeholder = next(iter(outcome.kept))
    assert PLACEHOLDER.fullmatch(placeholder)
    assert outcome.kept == {placeholder: SECRET}
    assert outcome.body == sent.body.replace(SECRET.encode(), placeholder.encode())
    assert valid(outcome.record)["edits"] == 1
    assert outcome.record["rulings"][0]["path"] == "messages/0/content"


@pytest.mark.parametrize(
    ("where", "make"),
    [
        ("header", lambda s: exchange(chat("x"), headers={"x-note": f"a {s}"})),
        ("query", lambda s: exchange(chat("x"), target=f"/v1/chat/completions?note={s}")),
        ("path", lambda s: exchange(chat("x"), target=f"/v1/{s}/x")),
        ("key", lambda s: exchange({**chat("x"), "metadata": {s: "v"}})),
        ("unknown field", lambda s: exchange({**chat("x"), "brand_new": [{"deep": [s]}]})),
        ("escaped", lambda s: exchange(json.dumps(chat(s)).replace("S", "\\u0053").encode())),
        ("duplicate key", lambda s: exchange(b'{"a":"%s","a":"x"}' % s.encode())),
    ],
)
def test_wherever_a_secret_stands_it_does_not_leave(
    where: str, make: Callable[[str], Exchange]
) -> None:
    """Body, keys, headers and URL."""
    outcome = firewall().inspect_request(make(SECRET))
    left = outcome.body + outcome.target.encode() + repr(outcome.headers).encode()
    assert outcome.changed, where
    assert SECRET.encode() not in left
    assert b"12345678" not in left
    valid(outcome.record)


def test_the_providers_own_credential_is_not_touched() -> None:
    """The key in `authorization` is the client's business with its provider."""
    sent = exchange(chat("x"), headers={"authorization": f"Bearer {SECRET}"})
    assert not firewall().inspect_request(sent).changed


@pytest.mark.parametrize("coding", ["gzip", "gzip, gzip"])
def test_a_compressed_body_is_read_and_written_in_its_coding(coding: str) -> None:
    """Edited where needed, and byte for byte where not."""
    layers = coding.count("gzip")

    def packed(text: str) -> bytes:
        raw = json.dumps(chat(text)).encode()
        for _ in range(layers):
            raw = gzip.compress(raw)
        return raw

    sent = exchange(packed(SECRET), headers={"content-encoding": coding})
    outcome = firewall().inspect_request(sent)
    raw = outcome.body
    for _ in range(layers):
        raw = gzip.decompress(raw)
    assert SECRET.encode() not in raw
    clean = exchange(packed("x"), headers={"content-encoding": coding})
    assert firewall().inspect_request(clean).body == clean.body


@pytest.mark.parametrize(
    ("body", "headers", "reason"),
    [
        (b"\x00\x01", {"content-encoding": "rot13"}, "encoding-unknown"),
        (b"not gzip", {"content-encoding": "gzip"}, "encoding-broken"),
        (gzip.compress(b" " * 9_000_000, mtime=0), {"content-encoding": "gzip"}, "expansion"),
        (b'{"a": "\xff"}', {}, "charset"),
        (b'{"messages": [', {}, "malformed"),
    ],
)
@pytest.mark.parametrize("action", [Action.ALERT, Action.BLOCK])
def test_what_cannot_be_read_is_named_and_has_its_policy(
    body: bytes, headers: dict[str, str], reason: str, action: Action
) -> None:
    """Alert passes it on with the reason in the trail; block refuses."""
    outcome = firewall(policy=planted_policy(uninspectable=action)).inspect_request(
        exchange(body, headers=headers)
    )
    assert outcome.decision.action is action
    assert (outcome.reply is not None) is (action is Action.BLOCK)
    assert valid(outcome.record)["reasons"] == [f"uninspectable:{reason}"]


def test_a_secret_in_an_unreadable_text_stops_it() -> None:
    """It can be seen, but not be cut out safely."""
    outcome = firewall().inspect_request(exchange(b'{"messages": ["%s' % SECRET.encode()))
    assert outcome.decision.action is Action.BLOCK
    assert "uneditable:unread" in valid(outcome.record)["reasons"]


def test_a_signed_body_is_never_edited() -> None:
    """An edit would break the signature upstream, so the request is refused with the reason."""
    sent = exchange(
        {"inputText": SECRET},
        host="bedrock-runtime.us-east-1.amazonaws.com",
        target="/model/m/invoke",
        headers={"authorization": "AWS4-HMAC-SHA256 Credential=x"},
    )
    outcome = firewall().inspect_request(sent)
    assert outcome.reply is not None
    assert valid(outcome.record)["reasons"] == ["uneditable:signed"]


def test_a_block_answers_in_the_providers_shape_and_tells_no_rule() -> None:
    """Error JSON, 400, no retry, a reference, and neither rule nor value."""
    outcome = firewall().inspect_request(exchange(chat(GRAVE)))
    assert outcome.reply is not None
    assert outcome.reply.status == 400
    assert ("x-should-retry", "false") in outcome.reply.headers
    message = json.loads(outcome.reply.body)["error"]["message"]
    assert "0192" in message
    assert b"grave" not in outcome.reply.body.lower()
    assert valid(outcome.record)["reference"] == "0192"
    assert outcome.kept == {}


def test_in_shadow_nothing_changes() -> None:
    """Recorded as would-have, passed byte for byte."""
    sent = exchange(chat(f"{SECRET} {GRAVE}"))
    outcome = firewall(policy=planted_policy(mode=Mode.SHADOW)).inspect_request(sent)
    assert outcome.body == sent.body
    assert (outcome.record["action"], outcome.record["would"]) == ("allow", "block")


def test_what_was_cut_is_put_back_for_its_owner_only() -> None:
    """In text and in tool arguments; another principal gets the placeholder."""
    wall = firewall()
    sent = exchange(chat(f"use {SECRET}"))
    outcome = wall.inspect_request(sent)
    placeholder = next(iter(outcome.kept))
    VAULT.clear()
    VAULT.update({placeholder: 'quote " and \n line'})
    reply = answer(
        {
            "choices": [
                {
                    "message": {
                        "content": f"here: {placeholder}",
                        "tool_calls": [
                            {"function": {"name": "f", "arguments": json.dumps({"k": placeholder})}}
                        ],
                    }
                }
            ],
            "usage": {"prompt_tokens": 3, "completion_tokens": 4},
        }
    )
    back = wall.inspect_response(sent, reply, outcome.context)
    message = json.loads(back.body)["choices"][0]["message"]
    assert message["content"] == 'here: quote " and \n line'
    arguments = json.loads(message["tool_calls"][0]["function"]["arguments"])
    assert arguments == {"k": 'quote " and \n line'}
    assert valid(back.record)["restored"] == 2
    assert back.record["usage"] == {"input": 3, "output": 4, "counted": "provider"}
    other = exchange(chat("x"), principal="other")
    context = wall.inspect_request(other).context
    assert wall.inspect_response(other, reply, context).body == reply.body


@pytest.mark.parametrize(("text", "action"), [(SECRET, "redact"), (GRAVE, "block")])
def test_the_answer_is_judged_too(text: str, action: str) -> None:
    """A key that the model itself writes is cut out; a grave one stops the answer."""
    wall = firewall()
    sent = exchange(chat("x"))
    context = wall.inspect_request(sent).context
    reply = answer({"choices": [{"message": {"content": f"it is {text}"}}]})
    outcome = wall.inspect_response(sent, reply, context)
    assert valid(outcome.record)["action"] == action
    shown = outcome.reply.body if outcome.reply else outcome.body
    assert text.encode() not in shown


def test_head_fields_that_hold_a_secret_do_not_reach_the_trail() -> None:
    """Model, user agent and path are masked where a detector finds something in them."""
    sent = exchange(
        {**chat("x"), "model": SECRET},
        headers={"user-agent": f"agent {SECRET}"},
        target=f"/v1/{SECRET}?{SECRET}=1",
    )
    valid(firewall().inspect_request(sent).record)


@pytest.mark.parametrize("cls", RefusalClass)
def test_a_refusal_from_outside_has_the_native_shape_and_a_record(cls: RefusalClass) -> None:
    """For faults, limits and uninspectable transports."""
    reply, record = firewall().refuse(exchange(b""), cls, "uninspectable:websocket", 426)
    assert reply.status == 426
    assert json.loads(reply.body)["error"]
    assert valid(record)["action"] == ("limit" if cls is RefusalClass.LIMIT else "block")


@pytest.mark.parametrize("action", [Action.LOG, Action.ALERT, Action.BLOCK])
def test_what_nobody_read_is_up_to_the_policy(action: Action) -> None:
    """Beside what was found in the rest, which is cut out or stops the message all the same."""
    wall = firewall(policy=planted_policy(uninspectable=action))
    body = {"prompt": [[1, 2, 3]], "suffix": SECRET}
    outcome = wall.inspect_request(exchange(body, target="/v1/completions"))
    assert outcome.decision.reasons == ("uninspectable:token-ids",)
    assert outcome.decision.action is max(action, Action.REDACT, key=lambda each: each.rank)
    assert (outcome.reply is not None) is (action is Action.BLOCK)
    assert outcome.reply or SECRET.encode() not in outcome.body


@pytest.mark.parametrize("coding", ["", "gzip"])
def test_an_mcp_call_is_refused_under_its_own_id(coding: str) -> None:
    """The refusal is given the request, whatever its coding."""
    params = {"arguments": {"text": GRAVE}}
    call = {"jsonrpc": "2.0", "id": "call-7", "method": "tools/call", "params": params}
    raw = json.dumps(call).encode()
    sent = exchange(
        encode(raw, coding) if coding else raw,
        host="api.githubcopilot.com",
        target="/mcp/readonly",
        headers={"content-encoding": coding} if coding else None,
    )
    reply = firewall().inspect_request(sent).reply
    assert reply is not None
    assert (reply.status, json.loads(reply.body)["id"]) == (200, "call-7")


@pytest.mark.parametrize(
    ("mild", "headers", "searched"),
    [
        ({"test.secret"}, {}, False),
        ({"test.secret"}, {"x-note": SECRET}, True),
        (set(), {}, True),
    ],
)
def test_head_fields_are_searched_once_more_where_they_may_hold_it(
    mild: set[str], headers: dict[str, str], searched: bool
) -> None:
    """Not for what rules only record in a text of the body."""
    scanner = PlantScanner()
    policy = replace(planted_policy(), mild=frozenset(mild))
    wall = firewall(scanner=scanner, policy=policy)
    valid(wall.inspect_request(exchange(chat(SECRET), headers=headers)).record)
    assert (scanner.scanned.count("tester/1") > 1) is searched


def test_a_clause_about_the_exchange_stops_a_clean_request() -> None:
    """Nothing was found; the line names the clause."""
    made = policy("  - {id: no-o3, if: 'model == \"gpt-4o\" && turns == 1', then: block}\n")
    outcome = firewall(policy=made).inspect_request(exchange(chat("hello")))
    assert outcome.reply is not None and outcome.decision.action is Action.BLOCK
    assert valid(outcome.record)["clauses"][0]["clause"] == "no-o3"


class Suspicious(PlantScanner):
    """Finds nothing, and says how much each text reads like an attack."""

    def inspect(
        self, segments: Sequence[Segment], direction: Direction, seconds: float = 0.0
    ) -> Scanned:
        return Scanned([()] * len(segments), signals={"injection": {"direct": 0.9}})


@pytest.mark.parametrize(
    ("condition", "blocked"), [("injection.score > 0.8", True), ("injection.score > 0.95", False)]
)
def test_clauses_know_what_classifiers_say(condition: str, blocked: bool) -> None:
    """Whatever any rule makes of it."""
    said = policy(f"  - {{id: c, if: '{condition}', then: block}}\n")
    outcome = firewall(scanner=Suspicious(), policy=said).inspect_request(exchange(chat("hello")))
    assert (outcome.reply is not None) is blocked


def test_what_the_request_waited_is_taken_from_what_the_answer_may() -> None:
    """One budget for an exchange."""
    now = [0.0]
    given: list[float] = []

    class Waiting(PlantScanner):
        def inspect(
            self, segments: Sequence[Segment], direction: Direction, seconds: float = 0.0
        ) -> Scanned:
            given.append(seconds)
            now[0] += 1.5
            return Scanned([()] * len(segments), missing=("deep",))

    wall = firewall(scanner=Waiting(), seconds=2.0, timer=lambda: now[0])
    sent = exchange(chat("x"))
    outcome = wall.inspect_request(sent)
    assert valid(outcome.record)["missing"] == ["deep"]
    wall.inspect_response(
        sent, answer({"choices": [{"message": {"content": "y"}}]}), outcome.context
    )
    assert given == [2.0, 0.5]
