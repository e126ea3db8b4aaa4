"""Lines of one exchange become one span, whatever comes between them and however it ends."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from excise.audit.spans import LONGEST, MOST, Span, Spans, numbers_of

SECOND = 10**9
START = 1767323045 * SECOND  # of T


def line(stage: str, exchange: str = "a", at: float = 0, **more: Any) -> bytes:
    told = {
        "schema": 1,
        "time": f"2026-01-02T03:{4 + int(5 + at) // 60:02d}:{(5 + at) % 60:06.3f}Z",
        "stage": stage,
        "id": exchange,
        "seq": 7,
        "prev": "0" * 64,
        **more,
    }
    return json.dumps(told).encode()


def request(exchange: str = "a", at: float = 0, **more: Any) -> bytes:
    about = {"action": "allow", "would": "allow", "dialect": "openai-chat", "model": "m"}
    return line("request", exchange, at, **(about | {"path": "/v1/chat/completions"} | more))


def answer(stage: str = "response", exchange: str = "a", at: float = 2, **more: Any) -> bytes:
    return line(stage, exchange, at, **({"action": "allow", "would": "allow"} | more))


def picked(*lines: bytes) -> list[Span]:
    spans = Spans()
    return [Span(*json.loads(each)) for one in lines for each in spans.pick([one])]


def test_an_exchange_is_one_span_from_the_first_byte_judged_to_the_last() -> None:
    (span,) = picked(
        request(timings={"total": 500.0}, principal={"id": "anna"}, edits=1),
        answer(usage={"input": 3, "output": 4}, status=200, edits=2, timings={"total": 1.0}),
    )
    assert (span.start, span.end) == (START - SECOND // 2, START + 2 * SECOND)
    assert (span.name, span.error, span.parent) == ("chat m", "", 0)
    assert span.attributes["gen_ai.operation.name"] == "chat"
    assert span.attributes["gen_ai.request.model"] == "m"
    assert span.attributes["gen_ai.usage.output_tokens"] == 4
    assert span.attributes["user.id"] == "anna"
    assert span.attributes["excise.edits"] == 3
    assert not {"excise.seq", "excise.prev", "excise.direction"} & set(span.attributes)


def test_the_strictest_that_was_done_stands_and_findings_are_events() -> None:
    ruling = {"rule": "a.b", "severity": "low", "score": 0.5, "action": "redact"}
    (span,) = picked(
        request(action="redact", would="block", rulings=[ruling], direction="request"),
        answer(action="log", rulings=[ruling, ruling], direction="response"),
    )
    assert (span.attributes["excise.action"], span.attributes["excise.would"]) == (
        "redact",
        "block",
    )
    said = [(name, told["excise.rule"], told["excise.direction"]) for _, name, told in span.events]
    assert said == [
        ("excise.finding", "a.b", "request"),
        *[("excise.finding", "a.b", "response")] * 2,
    ]


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ([request(action="block")], "block"),
        ([request(action="limit")], "limit"),
        ([request(), answer(action="block")], "block"),
        ([request(), answer(status=529)], "529"),
        ([line("fault", fault={"kind": "KeyError"})], "KeyError"),
        ([request(), answer("stream", upstream={"ended": "cut"})], ""),
    ],
)
def test_how_it_ends(lines: list[bytes], error: str) -> None:
    (span,) = picked(*lines)
    assert span.error == span.attributes.get("error.type", "") == error


@pytest.mark.parametrize(
    ("dialect", "path", "name"),
    [
        ("openai-chat", "/v1/embeddings", "embeddings m"),
        ("gemini-content", "/v1/models/x:batchEmbedContents", "embeddings m"),
        ("openai-chat", "/v1/completions", "text_completion m"),
        ("ollama-chat", "/api/generate", "text_completion m"),
        ("gemini-stream", "/v1/models/x:streamGenerateContent?alt=sse", "generate_content m"),
        ("mcp-jsonrpc", "/mcp", "execute_tool m"),
        ("bedrock-agents", "/agents/x", "invoke_agent m"),
        ("generic-json", "/v1/brand/new", "h"),
    ],
)
def test_the_name_says_what_was_asked_for(dialect: str, path: str, name: str) -> None:
    (span,) = picked(request(dialect=dialect, path=path, host="h"), answer())
    assert span.name == name


def test_a_stream_is_over_with_its_end_and_an_answer_on_a_socket_with_what_it_took() -> None:
    spans = picked(
        request("a"),
        answer("stream", "a", usage={"input": 1}, status=200),
        answer("stream", "a", 5, usage={"input": 1}, status=200, upstream={"ended": "whole"}),
        request("b"),
        answer("stream", "b", status=101, rulings=[]),
        answer("stream", "b", 6, status=101, usage={"input": 1}),
        answer("stream", "b", 9, status=101, upstream={"ended": "whole"}),
    )
    assert [(span.trace, span.end) for span in spans] == [
        (numbers_of("a").trace, START + 5 * SECOND),
        (numbers_of("b").trace, START + 6 * SECOND),
    ]


def test_what_came_too_late_is_a_child_of_what_was_told() -> None:
    rulings = [{"rule": "a.b", "severity": "low"}]
    first, late = picked(request(), answer(), answer("response", at=3, rulings=rulings))
    assert (late.trace, late.parent) == (first.trace, first.span)
    assert late.span not in (first.span, 0)


def test_what_has_no_answer_is_told_when_the_proxy_stops_or_nobody_waits_any_more() -> None:
    assert picked(request(), line("stop", ""))[0].end == START
    assert picked(request(), request("b", LONGEST // SECOND + 1))[0].end == START
    many = [request(f"x{number}") for number in range(MOST + 3)]
    assert [span.trace for span in picked(*many)] == [
        numbers_of(f"x{number}").trace for number in range(3)
    ]


ODD = line("response", "odd", rulings=[{}])


@pytest.mark.parametrize(
    "bad", [b"no json", b"[]", b"{}", b'{"stage":"request","time":5}', b"\xff", ODD]
)
def test_what_cannot_be_read_is_left_out(bad: bytes) -> None:
    assert len(picked(request(), bad, answer())) == 1
    assert picked(line("start", ""), line("checkpoint", ""), line("tunnel", "")) == []


@given(
    st.permutations([(name, stage) for name in "abcd" for stage in ("request", "response")]),
    st.lists(st.integers(1, 4), max_size=8),
)
def test_each_exchange_has_one_span_however_lines_are_mixed_and_cut(
    order: list[tuple[str, str]], cuts: list[int]
) -> None:
    # An answer never stands before its request.
    lines, seen = [], set[str]()
    for name, _ in order:
        lines.append(answer(exchange=name) if name in seen else request(name))
        seen.add(name)
    spans, out = Spans(), list[bytes]()
    for cut in cuts:
        out += spans.pick(lines[:cut])
        lines = lines[cut:]
    out += spans.pick(lines)
    told = [Span(*json.loads(each)) for each in out]
    assert sorted(span.trace for span in told) == sorted(numbers_of(name).trace for name in "abcd")
    assert all(span.parent == 0 for span in told)
