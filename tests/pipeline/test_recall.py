"""A message that comes again has the verdict it had, and a line of its own; no other has it."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import PlantScanner, planted_policy
from walled import SECRET, VAULT, answer, chat, exchange, firewall, valid

from excise.enforce.redact import Placeholders
from excise.model import Answer, Exchange, Principal
from excise.pipeline.firewall import Firewall
from excise.pipeline.recall import LARGEST, RecallingFirewall, digest_of, digest_of_answer

MARK = "[SECRET_k3v9x2m7q]"
HELLO = {"choices": [{"message": {"role": "assistant", "content": "hello"}}]}


def recalling(**changes: Any) -> RecallingFirewall:
    """The firewall of the other tests, with a memory."""
    plain = firewall()
    given = {each.name: getattr(plain, each.name) for each in fields(Firewall) if each.init}
    return RecallingFirewall(**{**given, **changes})


def told(outcome: Any) -> Any:
    """What is done with a message, and its line without what the clock says."""
    record = {**outcome.record, "timings": None}
    done = [getattr(outcome, name, None) for name in ("body", "target", "headers", "kept")]
    return record, outcome.reply, outcome.changed, outcome.decision.action, done


requests = st.sampled_from(
    [chat("hello"), chat(f"a {SECRET}"), chat(MARK), {**chat("x"), "tools": [{"name": "t"}]}, b"{"]
)
answers = st.sampled_from(["hello", f"so {SECRET}", f"a {MARK} b", "[1]"])
steps = st.tuples(requests, answers, st.sampled_from(["me", "you"]), st.booleans())


@settings(deadline=None, max_examples=30)
@given(st.lists(steps, max_size=12))
def test_with_a_memory_and_without_one_the_same_is_done(every: list[Any]) -> None:
    """Whatever came before, and whatever a vault has come to know."""
    one, other = recalling(), firewall()
    try:
        for asked, said, who, knows in every:
            VAULT.clear()
            VAULT.update({MARK: SECRET} if knows else {})
            sent = exchange(asked, principal=who)
            came = answer({"choices": [{"message": {"content": said}}]})
            first, second = one.inspect_request(sent), other.inspect_request(sent)
            assert told(first) == told(second)
            back = one.inspect_response(sent, came, first.context)
            assert told(back) == told(other.inspect_response(sent, came, second.context))
    finally:
        VAULT.clear()


def test_what_is_known_is_not_read_again_and_has_its_own_line() -> None:
    """Both ways; the answer only as the answer to this request."""
    scanner = PlantScanner()
    wall = recalling(scanner=scanner)
    for number in range(3):
        sent = replace(exchange(chat("hello")), id=f"{number}" * 32)
        outcome = wall.inspect_request(sent)
        assert wall.open_stream(sent, answer(HELLO), outcome.context) is None
        back = wall.inspect_response(sent, answer(HELLO), outcome.context)
        assert valid(outcome.record)["id"] == valid(back.record)["id"] == sent.id
        assert bool(scanner.scanned) is (number == 0)
        del scanner.scanned[:]
    assert (wall.asked.hits, wall.answered.hits) == (2 + 1, 2)
    other = exchange(chat("other"))
    wall.inspect_response(other, answer(HELLO), wall.inspect_request(other).context)
    assert scanner.scanned.count("hello") == 1


def test_a_digest_stands_for_all_that_is_read() -> None:
    """Every field of a request but its id, and what overrules it, which is never remembered."""
    sent = exchange(chat("x"))
    changed: dict[str, Any] = {
        "id": "other", "method": "PUT", "host": "api.x.ai", "port": 8443, "target": "/v1/x",
        "headers": (*sent.headers, ("x-a", "b")), "body": b"", "address": "127.0.0.2",
        "principal": Principal(id="you"), "override": "token",
    }  # fmt: skip
    assert set(changed) == {each.name for each in fields(Exchange)}
    for name, value in changed.items():
        same = digest_of(replace(sent, **{name: value})) == digest_of(sent)
        assert same is (name in ("id", "override")), name
    for name in asdict(sent.principal):
        who = replace(sent.principal, **{name: "other"})
        assert digest_of(replace(sent, principal=who)) != digest_of(sent), name
    came = answer(HELLO)
    assert {each.name for each in fields(Answer)} == {"status", "headers", "body"}
    for other in (
        replace(came, status=500), replace(came, headers=()), replace(came, body=b""),
    ):  # fmt: skip
        assert digest_of_answer(b"r", other) != digest_of_answer(b"r", came)
    assert digest_of_answer(b"q", came) != digest_of_answer(b"r", came)


def test_where_a_field_ends_counts() -> None:
    """What moves from a header into the body is another request."""
    sent = exchange(b"ab", headers={"x": "y"})
    moved = replace(sent, headers=(*sent.headers[:-1], ("x", "ya")), body=b"b")
    assert digest_of(sent) != digest_of(moved)


@pytest.mark.parametrize(
    "sent",
    [
        exchange(chat(SECRET)),
        replace(exchange(chat("x")), override="token why"),
        exchange(chat("x" * LARGEST)),
        exchange({**chat("x"), "stream": True}),
        exchange({**chat("x"), "tools": [{"type": "function", "function": {"name": "t"}}]}),
    ],
    ids=["edited", "overruled", "large", "stream", "tools"],
)
def test_what_hangs_on_more_than_its_bytes_is_not_remembered(sent: Exchange) -> None:
    """Nor what did not pass as it came."""
    wall = recalling()
    wall.inspect_request(sent)
    assert wall.is_steady and not wall.asked._known


@pytest.mark.parametrize(
    "changes",
    [
        {"is_slow": True},
        {"excerpts": 40},
        {"judging": object()},
        {"positive": object()},
        {"policy": replace(planted_policy(), reads=frozenset({"time.hour"}))},
        {
            "policy": replace(planted_policy(), reads=frozenset({"session.risk"})),
            "sessions": object(),
        },
    ],
    ids=["slow", "excerpts", "judged", "learning", "timed", "sessions"],
)
def test_a_firewall_that_asks_others_remembers_nothing(changes: dict[str, Any]) -> None:
    """What they say is not in the bytes."""
    assert not recalling(**changes).is_steady


def test_whoever_changes_a_firewall_gets_an_empty_memory() -> None:
    """A verdict of one policy is never one of another."""
    wall = recalling()
    wall.inspect_request(exchange(chat("x")))
    assert wall.asked._known and not replace(wall, voice=wall.voice).asked._known


def test_nothing_of_a_text_is_kept() -> None:
    """Neither by request nor by answer."""
    wall = recalling(placeholders=Placeholders(b"k" * 32))
    sent = exchange(chat("a very private hello"))
    context = wall.inspect_request(sent).context
    wall.inspect_response(sent, answer({"choices": [{"text": "private, too"}]}), context)
    assert wall.answered._known
    assert "private" not in repr([*wall.asked._known.values(), *wall.answered._known.values()])


def test_an_unknown_answer_to_a_known_request_is_read_with_all_that_knows_it() -> None:
    """Whole, or as a stream."""
    wall = recalling(timer=float)
    sent = exchange(chat("x"))
    first, known = (wall.inspect_request(sent).context for _ in range(2))
    assert known.recalled and wall._whole(known) == first == wall._whole(first)
    events = replace(answer(b""), headers=(("content-type", "text/event-stream"),))
    stream = wall.open_stream(sent, events, known)
    assert stream is not None and stream.feed(b'data: {"x": 1}\n\n').data
