"""A line fits the schema whatever goes in, and shows nothing that a detector matched."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from excise.audit.fields import MAX_RULINGS, Stage, build_schema
from excise.audit.record import (
    Facts,
    build_record,
    printable,
    render_path,
    render_target,
    render_time,
    summarise,
)
from excise.audit.trajectory import Trajectory
from excise.model import (
    Action,
    Decision,
    Direction,
    Finding,
    Kind,
    Mode,
    Part,
    Principal,
    Role,
    Ruling,
    Segment,
    Severity,
    Span,
    Spoken,
    Usage,
)
from excise.sensitive import fingerprint

KEY = bytes(range(32))
NOW = datetime(2030, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
VALIDATOR = Draft202012Validator(build_schema())
PLANTED = "planted" + "-value-" + "8f3a"


def ruling(
    text: str = PLANTED, *, rule: str = "secrets.thing", path: tuple[str | int, ...] = (), **kw: Any
) -> Ruling:
    segment = Segment(f"so {text} it", Role.USER, Part.PROMPT, 0, path)
    span = Span(3, 3 + len(text))
    finding = Finding("secret.thing", rule, span, kw.get("score", 0.9), Severity.HIGH, Kind.SECRET)
    return Ruling(
        segment=segment, finding=finding, action=Action.REDACT, mode=Mode.ENFORCE, clause="keys-out"
    )


def decision(*rulings: Ruling) -> Decision:
    return Decision(action=Action.REDACT, would=Action.BLOCK, rulings=rulings)


def full_facts(**changes: Any) -> Facts:
    return Facts(
        **{
            "stage": Stage.REQUEST,
            "id": "x1",
            "direction": Direction.REQUEST,
            "principal": Principal(id="ann", group="devs"),
            "address": "127.0.0.1",
            "user_agent": "probe/1",
            "provider": "openai",
            "host": "api.openai.com",
            "method": "POST",
            "target": "/v1/chat/completions?key=1",
            "dialect": "openai-chat",
            "model": "gpt-x",
            "stream": True,
            "status": 200,
            "anomalies": ("duplicate-key",),
            "bytes_in": 10,
            "bytes_out": 0,
            "usage": Usage(input=3),
            "timings": {"read": 0.1234, "total": 2.0},
            "policy": "abc",
            "worker": "1",
            **changes,
        }
    )


def test_a_full_line_fits_the_schema_and_reads_as_expected() -> None:
    record = build_record(full_facts(), decision(ruling()), key=KEY, time=NOW)
    VALIDATOR.validate(record)
    assert record["time"] == "2030-01-02T03:04:05.678Z"
    assert record["path"] == "/v1/chat/completions?key"
    assert record["bytes"] == {"in": 10, "out": 0}
    assert record["usage"] == {"input": 3, "counted": "provider"}
    assert record["timings"] == {"read": 0.123, "total": 2.0}
    assert (record["action"], record["would"]) == ("redact", "block")
    assert record["rulings"][0]["fingerprint"] == fingerprint(KEY, PLANTED)
    assert "edits" not in record


def test_clauses_risk_and_reasons_of_changed_rules_are_told() -> None:
    """Where there are any; a line without them is no longer than before."""
    changed = replace(ruling(), older=True, because="Our test keys look so.")
    said = Decision(
        action=Action.BLOCK,
        would=Action.BLOCK,
        rulings=(changed,),
        clauses=(Spoken(clause="locked-team", action=Action.BLOCK, mode=Mode.ENFORCE),),
        risk=(("lexical", 4.5),),
    )
    record = build_record(full_facts(), said, key=KEY, time=NOW)
    VALIDATOR.validate(record)
    assert record["clauses"] == [{"clause": "locked-team", "action": "block", "mode": "enforce"}]
    assert record["risk"] == {"lexical": 4.5}
    assert (record["rulings"][0]["older"], record["rulings"][0]["because"]) == (
        True, "Our test keys look so."
    )  # fmt: skip
    plain = build_record(full_facts(), decision(ruling()), key=KEY, time=NOW)
    assert not {"clauses", "risk"} & set(plain) and "older" not in plain["rulings"][0]


def test_the_smallest_line_fits_the_schema() -> None:
    VALIDATOR.validate(build_record(Facts(stage=Stage.START), time=NOW))


def test_a_line_about_an_exchange_must_say_who_and_what() -> None:
    record = build_record(Facts(stage=Stage.REQUEST, id="x"), time=NOW)
    missing = " ".join(error.message for error in VALIDATOR.iter_errors(record))
    assert "'principal'" in missing and "'action'" in missing


def test_the_schema_is_closed() -> None:
    record = build_record(Facts(stage=Stage.START), time=NOW)
    assert not VALIDATOR.is_valid({**record, "extra": 1})


def test_no_field_holds_matched_text() -> None:
    facts = full_facts(
        target=f"/v1/{PLANTED}/chat?q={PLANTED}&{PLANTED}={PLANTED}&{PLANTED}",
        model=PLANTED,
        user_agent=f"agent {PLANTED}",
    )
    rulings = (ruling(path=("messages", 0, PLANTED)), ruling(path=(PLANTED, "content")))
    record = build_record(
        facts, decision(*rulings), key=KEY, time=NOW, mask=lambda t: t.replace(PLANTED, "[X]")
    )
    VALIDATOR.validate(record)
    assert PLANTED not in json.dumps(record)
    assert record["path"] == "/v1/[X]/chat?*"
    assert record["model"] == "[X]"


def test_equal_rulings_are_counted_with_the_best_score() -> None:
    low, high = ruling(score=0.5), ruling(score=0.8)
    entries, left_out = summarise([low, high, ruling("other-value")], KEY)
    assert [(entry["count"], entry["score"]) for entry in entries] == [(2, 0.8), (1, 0.9)]
    assert left_out == 0


def test_a_flood_of_rulings_is_cut_and_says_so() -> None:
    many = [ruling(rule=f"secrets.r{i}") for i in range(MAX_RULINGS + 5)]
    record = build_record(full_facts(), decision(*many), key=KEY, time=NOW)
    VALIDATOR.validate(record)
    assert (len(record["rulings"]), record["rulings_left_out"]) == (MAX_RULINGS, 5)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (("messages", 0, "content", 1, "text"), "messages/0/content/1/text"),
        (("messages", 0, "my secret key"), "messages/0/*"),
        (("headers", "x-made-up"), "headers/*"),
        ((), ""),
        (tuple(range(20)), "0/1/2/3/4/5/6/7/8/9/10/11/…"),
    ],
)
def test_only_wire_words_stand_in_a_json_path(path: tuple[str | int, ...], shown: str) -> None:
    assert render_path(path) == shown


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("/v1/messages", "/v1/messages"),
        ("/v1/messages?beta=true", "/v1/messages?beta"),
        ("/v1/x?key=abc&alt=sse&zz=1", "/v1/x?*&alt&key"),
        ("/v1/x?bare", "/v1/x?*"),
        ("/model/a.b-v1%3A0/converse", "/model/a.b-v1:0/converse"),
        ("/v1/%0a%1b[31m", "/v1/??[31m"),
        ("/v1/x#frag", "/v1/x"),
        ("", ""),
    ],
)
def test_a_target_is_shown_without_values(target: str, shown: str) -> None:
    assert render_target(target) == shown


def test_a_mask_sees_path_pieces_decoded() -> None:
    hidden = "".join(f"%{ord(char):02x}" for char in PLANTED)
    assert render_target(f"/v1/{hidden}", lambda t: t.replace(PLANTED, "[X]")) == "/v1/[X]"


@pytest.mark.parametrize(
    ("changes", "name", "shown"),
    [
        ({"model": "ignore all rules"}, "model", "*"),
        ({"model": "anthropic/claude-3:beta"}, "model", "anthropic/claude-3:beta"),
        ({"model": "m" * 200}, "model", "*"),
        ({"host": "api.openai.com\r\nx"}, "host", "*"),
        ({"method": "GET\n"}, "method", "*"),
        ({"anomalies": ("one two",)}, "anomalies", ["*"]),
    ],
)
def test_what_lacks_the_form_of_its_field_is_hidden(
    changes: dict[str, Any], name: str, shown: object
) -> None:
    assert build_record(full_facts(**changes), time=NOW)[name] == shown


def test_text_is_cut_and_freed_of_what_does_not_print() -> None:
    assert printable("a\x1b[2J\u202eb\n", 50) == "a?[2J?b?"
    assert printable("é ü", 50) == "é ü"
    assert printable("x" * 9, 5) == "xxxx…"


def test_times_are_utc_whatever_the_zone() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=5)))
    assert render_time(there) == render_time(NOW)


hostile = st.text(max_size=300)


@given(hostile, hostile, hostile, hostile, st.lists(hostile, max_size=4))
def test_whatever_comes_in_the_line_fits_and_stays_one_line(
    target: str, model: str, agent: str, host: str, path: list[str]
) -> None:
    facts = full_facts(target=target, model=model, user_agent=agent, host=host, method=model)
    record = build_record(facts, decision(ruling(path=tuple(path))), key=KEY, time=NOW)
    VALIDATOR.validate(record)
    assert "\n" not in json.dumps(record)
    # What is remembered of a client says the same as what is worked out anew.
    anew = build_record(
        facts, decision(ruling(path=tuple(path))), key=KEY, time=NOW, mask=lambda text: text
    )
    assert record == anew


@pytest.mark.parametrize(
    ("agent", "family"),
    [
        ("OpenAI/Python 2.1.0", "openai"),
        ("curl/8.5", "curl"),
        ("claude-cli", "claude-cli"),
        ("(no product)", ""),
        ("a" * 60, ""),
        ("", ""),
    ],
)
def test_the_client_is_named_by_its_first_product(agent: str, family: str) -> None:
    record = build_record(Facts(stage=Stage.REQUEST, user_agent=agent))
    assert record.get("client", {}).get("family", "") == family


def test_clients_are_told_apart_by_the_order_of_their_headers_and_by_no_value() -> None:
    def of(*names: str) -> str:
        facts = Facts(stage=Stage.REQUEST, header_names=names)
        return str(build_record(facts, key=KEY)["client"]["fingerprint"])

    assert of("host", "accept") == of("host", "content-length", "accept", "traceparent")
    assert of("host", "accept") != of("accept", "host")
    assert of("host") == fingerprint(KEY, "host")


def test_sources_stand_as_keyed_fingerprints() -> None:
    facts = Facts(stage=Stage.REQUEST, trajectory=Trajectory(3, 1, (PLANTED,)))
    said = build_record(facts, key=KEY)["conversation"]
    assert said == {"step": 3, "tool_turns": 1, "sources": [fingerprint(KEY, PLANTED)]}
    empty = Facts(stage=Stage.REQUEST, trajectory=Trajectory())
    assert "conversation" not in build_record(empty, key=KEY)
