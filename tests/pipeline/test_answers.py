"""A streamed answer passes, is redacted, restored, ended or cut, and its lines tell it."""

from __future__ import annotations

import gzip
import json
from typing import Any

import jsonschema
import pytest
from planted import PlantScanner, planted_policy
from splits import every_two_way_split
from walled import GRAVE, SECRET, VAULT, chat, exchange, firewall

from excise.audit.fields import build_schema
from excise.model import Action, Answer, RefusalClass
from excise.pipeline.answers import AnswerStream
from excise.pipeline.firewall import Firewall
from excise.policy.build import Policy, build_policy
from excise.policy.load import parse_profile

HEAD = (("content-type", "text/event-stream"),)


def events(*texts: str) -> bytes:
    """A chat stream that spells these texts."""
    chunks = [{"index": 0, "delta": {"content": text}, "finish_reason": None} for text in texts]
    chunks.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    lines = [json.dumps({"id": "c", "model": "m", "choices": [chunk]}) for chunk in chunks]
    return "".join(f"data: {line}\n\n" for line in [*lines, "[DONE]"]).encode()


def opened(wall: Firewall, headers: tuple[tuple[str, str], ...] = HEAD) -> AnswerStream:
    """The stream of an answer to a chat request."""
    sent = exchange(chat("x"))
    context = wall.inspect_request(sent).context
    stream = wall.open_stream(sent, Answer(status=200, headers=headers), context)
    assert stream is not None
    return stream


def told(stream: AnswerStream) -> dict[str, Any]:
    """Its record, once that fits the schema."""
    record = stream.record()
    jsonschema.validate({"time": "2026-01-01T00:00:00.000Z", **record}, build_schema())
    assert "12345678" not in json.dumps(record)
    return record


def spoken(data: bytes) -> str:
    """The text that a client puts together."""
    lines = [line[6:] for line in data.decode().splitlines() if line.startswith("data: {")]
    deltas = [json.loads(line)["choices"][0]["delta"] for line in lines]
    return "".join(delta.get("content") or "" for delta in deltas)


def test_a_clean_stream_passes_byte_for_byte() -> None:
    """And its last line says how it ended."""
    body = events("he", "llo", " you")
    stream = opened(firewall())
    out = stream.feed(body).data + stream.finish().data
    assert out == body
    record = told(stream)
    assert (record["stage"], record["action"]) == ("stream", "allow")
    assert record["upstream"] == {"status": 200, "ended": "whole"}
    assert record["bytes"] == {"in": len(body), "out": len(body)}


@pytest.mark.parametrize("halves", every_two_way_split(events("it is SEC", "RET-1234", "5678 ok")))
def test_a_secret_split_over_events_is_cut_wherever_the_bytes_are_cut(
    halves: list[bytes],
) -> None:
    """With the ruling told in the same step that releases the text behind it."""
    stream = opened(firewall())
    steps = [*(stream.feed(half) for half in halves), stream.finish()]
    out = b"".join(step.data for step in steps)
    assert b"1234" not in out
    assert spoken(out).startswith("it is [SECRET_")
    assert spoken(out).endswith("] ok")
    assert sum(len(step.rulings) for step in steps) == 1


def test_each_line_tells_what_the_lines_before_did_not() -> None:
    """So that nothing is counted twice."""
    stream = opened(firewall())
    assert stream.feed(events(f"a {SECRET} b")).rulings
    assert told(stream)["edits"] == 1
    stream.finish()
    last = told(stream)
    assert "edits" not in last
    assert "rulings" not in last


def test_a_grave_secret_ends_the_stream_natively() -> None:
    """The notice, a finish reason, [DONE]; nothing of upstream after it."""
    stream = opened(firewall())
    step = stream.feed(events("fine so far, ", f"{GRAVE} and", " more"))
    assert step.closed
    assert b"12345678" not in step.data
    assert step.data.endswith(b"data: [DONE]\n\n")
    assert "0192" in spoken(step.data)
    record = told(stream)
    assert (record["action"], record["reference"]) == ("block", "0192")
    assert stream.feed(events("late")).data == b""
    assert stream.finish().closed


def test_placeholders_are_restored_for_their_owner() -> None:
    """Split over events, in one stream."""
    wall = firewall()
    (placeholder, _) = next(iter(wall.inspect_request(exchange(chat(SECRET))).kept.items()))
    VAULT.clear()
    VAULT[placeholder] = SECRET
    stream = opened(wall)
    out = stream.feed(events("use ", placeholder[:5], placeholder[5:], "!")).data
    out += stream.finish().data
    assert spoken(out) == f"use {SECRET}!"
    assert told(stream)["restored"] == 1


def test_a_coded_stream_is_decoded_on_the_way() -> None:
    """What goes out has no coding."""
    body = events("a", "b")
    stream = opened(firewall(), (*HEAD, ("content-encoding", "gzip")))
    coded = gzip.compress(body)
    pieces = [coded[at : at + 7] for at in range(0, len(coded), 7)]
    out = b"".join(stream.feed(piece).data for piece in pieces) + stream.finish().data
    assert out == body


@pytest.mark.parametrize("action", [Action.ALERT, Action.BLOCK])
def test_an_unreadable_stream_has_its_policy(action: Action) -> None:
    """Alert passes the bytes on, block ends with a notice; both with the reason."""
    stream = opened(firewall(policy=planted_policy(uninspectable=action)))
    bad = b'data: {"a": "\xff"}\n\n'
    step = stream.feed(events("ok")[:-14] + bad)
    assert step.closed is (action is Action.BLOCK)
    assert (bad in step.data) is (action is Action.ALERT)
    record = told(stream)
    assert record["reasons"] == ["uninspectable:charset"]
    assert record["action"] == action.value


def test_a_broken_coding_can_only_be_ended() -> None:
    """What cannot be decoded cannot be passed on without its coding."""
    stream = opened(firewall(), (*HEAD, ("content-encoding", "gzip")))
    step = stream.feed(b"not gzip at all, whatever the header says")
    assert step.closed
    assert told(stream)["reasons"] == ["uninspectable:encoding-broken"]


def test_an_upstream_that_dies_is_told() -> None:
    """What was decided goes out; the line says cut."""
    stream = opened(firewall())
    stream.feed(events("hello")[:40])
    stream.finish(cut=True)
    assert told(stream)["upstream"]["ended"] == "cut"


def test_a_fault_of_ours_ends_the_stream_natively() -> None:
    """With the reference the trail knows, in the words of its class."""
    stream = opened(firewall(scanner=PlantScanner()))
    stream.feed(events("hello")[:-30])
    ending = stream.close("ref-9", RefusalClass.AWAY)
    assert b"ref-9" in ending and b"cannot reach what it has to ask" in ending
    assert stream.feed(b"data: {}\n\n").data == b""


@pytest.mark.parametrize("action", [Action.LOG, Action.ALERT, Action.BLOCK])
def test_a_picture_in_a_stream_is_told_once(action: Action) -> None:
    """And ends the answer where policy wants that, before the client has it."""
    stream = opened(firewall(policy=planted_policy(uninspectable=action)))
    picture = "data:image/png;base64," + "iVBORw0KGgo" + "A" * 89
    step = stream.feed(events("hello", picture, picture))
    stream.finish()
    assert step.closed is (action is Action.BLOCK)
    assert (picture.encode() in step.data) is (action is not Action.BLOCK)
    record = told(stream)
    assert record["reasons"] == ["uninspectable:media"]
    assert record["action"] == action.value


@pytest.mark.parametrize(("status", "streams"), [(200, True), (400, False), (503, False)])
def test_an_error_is_no_stream(status: int, streams: bool) -> None:
    """Where an answer is streamed as an array, its error is one document."""
    target = "/v1beta/models/m:streamGenerateContent"
    sent = exchange(chat("x"), host="generativelanguage.googleapis.com", target=target)
    wall = firewall()
    context = wall.inspect_request(sent).context
    for media_type, expected in (("application/json", streams), ("text/event-stream", True)):
        head = (("content-type", media_type),)
        stream = wall.open_stream(sent, Answer(status=status, headers=head), context)
        assert (stream is not None) is expected


# -- clauses about the exchange ------------------------------------------------------------------

SEVERAL = f"one {SECRET} two {SECRET} three {SECRET} four"
IN_ANSWERS = "when: {directions: [response]}, "
CLAUSES = {
    "first": "if: 'principal.group == \"\"'",
    "growing": "if: 'findings.exists(f, f.count > 2)'",
    "last": "if: 'size > 3 && findings.all(f, f.count == 3)'",
}


def clauses_policy(clauses: str) -> Policy:
    """The planted rules in a profile with these clauses."""
    rules = planted_policy().rules.values()
    packs = "".join(f"  - {{pack: {name}}}\n" for name in sorted({each.pack for each in rules}))
    text = f"profile: p\ntitle: P\npacks:\n{packs}uninspectable: {{otherwise: alert}}\n"
    text += f"on-fault: block\nclauses:\n{clauses}"
    return build_policy(parse_profile(text, "p.yaml"), rules, "p.yaml", text.encode())


@pytest.mark.parametrize(("known", "words"), [("first", ""), ("growing", "two"), ("last", "four")])
def test_a_clause_about_the_exchange_ends_a_stream(known: str, words: str) -> None:
    """Law: however the bytes are cut, it ends at the same word, and the line names it; as a whole
    the same answer is refused by the same clause."""
    made = clauses_policy(f"  - {{id: {known}, {IN_ANSWERS}{CLAUSES[known]}, then: block}}\n")
    wall, body = firewall(policy=made), events(*(f"{word} " for word in SEVERAL.split(" ")))
    outs = set()
    for chunks in [[body], *list(every_two_way_split(body))[::97]]:
        stream = opened(wall)
        out = b"".join(stream.feed(chunk).data for chunk in chunks) + stream.finish().data
        outs.add(spoken(out))
        line = told(stream)
        assert line["action"] == "block" and line["clauses"][0]["clause"] == known
    (out,) = outs
    assert words in out and ("four" in out) is (known == "last")
    sent = exchange(chat("x"))
    answer = Answer(
        status=200, headers=(("content-type", "application/json"),),
        body=json.dumps({"model": "m", "choices": [
            {"index": 0, "message": {"role": "assistant", "content": SEVERAL}}]}).encode(),
    )  # fmt: skip
    whole = wall.inspect_response(sent, answer, wall.inspect_request(sent).context)
    assert [each.clause for each in whole.decision.clauses] == [known]
    assert whole.decision.action is Action.BLOCK


def test_a_clause_in_shadow_leaves_a_stream_as_it_is() -> None:
    """Law: byte for byte, and the line says what would have been done."""
    body = events(*(f"{word} " for word in SEVERAL.split(" ")))
    plain = opened(firewall())
    made = clauses_policy(
        "".join(
            f"  - {{id: {k}, {IN_ANSWERS}{c}, then: block, mode: shadow}}\n"
            for k, c in CLAUSES.items()
        )
    )
    shadowed = opened(firewall(policy=made))
    outs = [each.feed(body).data + each.finish().data for each in (plain, shadowed)]
    assert outs[0] == outs[1]
    line = told(shadowed)
    assert line["would"] == "block" and len(line["clauses"]) == 3 and line["action"] != "block"
