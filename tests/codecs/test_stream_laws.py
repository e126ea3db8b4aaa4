"""The laws of a stream, over every dialect and framing: cutting changes nothing, nothing leaks,
everything comes back, and an ending is the dialect's own wherever it comes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

import pytest
from framings import (
    FRAMINGS,
    Events,
    compact,
    is_json_place,
    load_events,
    spell_events,
    told_right,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from spelled import VALUE, VAULT
from splits import (
    SECRET,
    BlindScanner,
    byte_by_byte,
    cut_at,
    every_two_way_split,
    open_stream,
    run,
    steps,
)

from excise.codecs import DIALECTS
from excise.codecs.base import StreamEvent, StreamReader
from excise.errors import Unreadable

NOTICE = "Stopped here."


class Case(NamedTuple):
    dialect: str
    fixture: str
    framing: str
    folder: str

    def reader(self) -> StreamReader:
        reader = DIALECTS[self.dialect].open_stream(FRAMINGS[self.framing].media_type)
        assert reader is not None
        return reader

    @property
    def events(self) -> Events:
        return load_events(self.folder, self.fixture)

    @property
    def body(self) -> bytes:
        return FRAMINGS[self.framing].write(self.events)

    def read(self, out: bytes) -> Events:
        return FRAMINGS[self.framing].read(out)


CASES = [
    Case(dialect, fixture, framing, folder or dialect)
    for dialect, folder, framing, fixtures in (
        ("gemini-content", "", "sse", ("text", "code-assist", "logprobs")),
        ("gemini-stream", "gemini-content", "array", ("text", "calls", "code-assist")),
        ("ollama-chat", "", "lines", ("chat", "generate", "logprobs")),
        ("cohere-chat", "", "named", ("text", "tools", "logprobs")),
        ("cohere-chat", "", "lines", ("old",)),
        ("mcp-jsonrpc", "", "sse", ("call",)),
        ("openai-assistants", "", "sse", ("text",)),
        ("mistral-conversations", "", "named", ("text",)),
        ("bedrock-converse", "", "converse", ("text", "tools")),
        ("bedrock-invoke", "", "chunks", ("anthropic", "meta", "mistral", "nova", "choices")),
    )
    for fixture in fixtures
]


def each(cases: list[Case]) -> pytest.MarkDecorator:
    ids = [f"{case.dialect}-{case.framing}-{case.fixture}" for case in cases]
    return pytest.mark.parametrize("case", cases, ids=ids)


each_case = each(CASES)
# Streams that have no mark for their end, or none that is known.
each_stream = each(
    [
        *CASES,
        *(Case("generic-json", name, "sse", "generic-json") for name in ("web", "tokens")),
        Case("generic-json", "tokens", "lines", "generic-json"),
        Case("bedrock-agents", "text", "agents", "bedrock-agents"),
    ]
)
# The streams whose laws are kept elsewhere.
OTHERS = [
    Case(dialect, fixture, "sse", dialect)
    for dialect, fixtures in (
        ("openai-chat", ("tools", "logprobs", "chunks", "legacy")),
        ("openai-responses", ("text", "tools", "reasoning")),
        ("anthropic-messages", ("tools", "thinking", "legacy")),
    )
    for fixture in fixtures
]


def test_every_framing_is_read_as_it_is_written() -> None:
    for case in CASES:
        assert case.read(case.body) == case.events


def texts_of(events: Iterable[StreamEvent]) -> list[list[str]]:
    """The texts of every event that has any."""
    pieces = [(*event.segments, *(delta.segment for delta in event.deltas)) for event in events]
    return [[segment.text for segment in segments] for segments in pieces if segments]


@each_stream
def test_every_cut_gives_every_byte_once(case: Case) -> None:
    """Law: events joined are what was fed and say the same, however it was cut."""
    body = case.body
    whole = texts_of(case.reader().feed(body))
    for chunks in [*every_two_way_split(body), byte_by_byte(body)]:
        reader = case.reader()
        events = [event for chunk in chunks for event in reader.feed(chunk)]
        assert texts_of(events) == whole
        assert b"".join(event.raw for event in (*events, *reader.finish())) == body
        assert reader.rest() == b""


@each_stream
def test_without_findings_every_byte_passes(case: Case) -> None:
    """Law: nothing to do means nothing done."""
    body = case.body
    assert run(open_stream(case.reader(), BlindScanner()), [body]) == body
    assert run(open_stream(case.reader(), BlindScanner()), byte_by_byte(body)) == body


@each_stream
def test_cutting_differently_changes_nothing(case: Case) -> None:
    """Law: the same bytes in other chunks give the same bytes."""
    body = case.body
    whole = run(open_stream(case.reader(), vault=VAULT), [body])
    assert whole != body
    for chunks in every_two_way_split(body):
        assert run(open_stream(case.reader(), vault=VAULT), chunks) == whole
    assert run(open_stream(case.reader(), vault=VAULT), byte_by_byte(body)) == whole


@each_stream
@settings(max_examples=10)
@given(cuts=st.lists(st.integers(0, 5000), max_size=12))
def test_cutting_into_many_chunks_changes_nothing(case: Case, cuts: list[int]) -> None:
    body = case.body
    whole = run(open_stream(case.reader(), vault=VAULT), [body])
    assert run(open_stream(case.reader(), vault=VAULT), cut_at(body, cuts)) == whole


@each_stream
def test_secrets_do_not_leak_and_values_come_back(case: Case) -> None:
    """Law: what the client puts together is upstream's text, redacted and restored."""
    right = told_right(case.events, case.dialect)
    out = case.read(run(open_stream(case.reader(), vault=VAULT), [case.body]))
    told = spell_events(out)
    assert told == right
    assert VALUE in "".join(told.values()) or any(map(is_json_place, told))
    free = [text for place, text in told.items() if not SECRET.search(spelled(case, place))]
    assert free
    for place, text in told.items():
        if is_json_place(place):
            json.loads(text)
        if right[place] != spelled(case, place):
            assert not SECRET.search(text)


def spelled(case: Case, place: tuple[object, ...]) -> str:
    return spell_events(case.events)[place]


@each_case
def test_an_ending_is_native_wherever_it_comes(case: Case) -> None:
    """Law: after any number of events an ending makes a stream of this framing, which shows the
    notice and whose JSON texts are whole; after the end of the answer it adds nothing."""
    events = list(case.reader().feed(case.body))
    for count in range(len(events) + 1):
        reader = case.reader()
        for event in list(reader.feed(case.body))[:count]:
            reader.sent(event)
        ending = reader.close(NOTICE)
        given_out = b"".join(event.raw for event in events[:count])
        told = spell_events(case.read(given_out + ending))
        assert any(NOTICE in text for text in told.values()) or count >= len(events) - 1
        assert all(
            json.loads(text) is not None for place, text in told.items() if is_json_place(place)
        )
        assert reader.close(NOTICE) == b""
    assert ending == b""


@pytest.mark.parametrize(
    ("case", "said"),
    [
        *((case, True) for case in CASES + OTHERS if case.fixture in ("text", "chat", "old")),
        (Case("anthropic-messages", "thinking", "sse", "anthropic-messages"), False),
        (Case("openai-chat", "tools", "sse", "openai-chat"), False),
        (Case("openai-responses", "reasoning", "sse", "openai-responses"), False),
    ],
)
def test_a_notice_stands_apart_from_what_was_said(case: Case, said: bool) -> None:
    """It begins a paragraph where the answer has said anything, not where it has only thought or
    called; before the first event it is the first word."""
    events = list(case.reader().feed(case.body))
    for count in (0, len(events) - 2 if said else len(events) // 2):
        reader = case.reader()
        for event in list(reader.feed(case.body))[:count]:
            reader.sent(event)
        shown = b"".join(event.raw for event in events[:count]) + reader.close(NOTICE)
        told = [text for text in spell_events(case.read(shown)).values() if NOTICE in text]
        assert told
        assert any(text.endswith("\n\n" + NOTICE) for text in told) is (said and count > 0)


@each_case
def test_half_a_record_at_the_end_is_not_released(case: Case) -> None:
    """A stream that breaks off inside a record is unreadable, and the rest of it stays."""
    raws = [event.raw for event in case.reader().feed(case.body)]
    half = raws[1][: len(raws[1]) * 2 // 3]
    reader = case.reader()
    assert [event.raw for event in reader.feed(raws[0] + half)] == raws[:1]
    with pytest.raises(Unreadable):
        list(reader.finish())
    assert reader.rest() == half


@each_stream
def test_nothing_is_released_before_it_is_decided(case: Case) -> None:
    """At no moment does the client hold more than the beginning of the right texts."""
    right = told_right(case.events, case.dialect)
    stream = open_stream(case.reader(), vault=VAULT)
    out = b""
    for step in steps(stream, [event.raw for event in case.reader().feed(case.body)]):
        out += step.out
        closed = out + b"]" if case.framing == "array" and not out.rstrip().endswith(b"]") else out
        if out and step.out:
            told = spell_events(case.read(closed))
            assert all(right[place].startswith(text) for place, text in told.items())


ODD = st.sampled_from([None, True, 7, "X", "", [], ["X"], [["X"]], {}, {"a": "X"}, [{"text": "X"}]])


def mangle(value: Any, data: st.DataObject) -> Any:
    """The value with something else in one place of it, or with a member that is said twice."""
    if isinstance(value, dict) and value and data.draw(st.integers(0, 5)):
        key = data.draw(st.sampled_from(sorted(value)))
        return {**value, key: mangle(value[key], data)}
    if isinstance(value, list) and value and data.draw(st.integers(0, 5)):
        at = data.draw(st.integers(0, len(value) - 1))
        return [*value[:at], mangle(value[at], data), *value[at + 1 :]]
    return data.draw(ODD)


def twice(event: dict[str, Any], data: st.DataObject) -> bytes:
    """An event in which one member stands twice, first or last as something else."""
    key = data.draw(st.sampled_from(sorted(event)))
    other = compact({key: data.draw(ODD)})
    first, last = (compact(event), other)[:: data.draw(st.sampled_from([1, -1]))]
    return first[:-1] + b"," + last[1:]


@each(CASES + OTHERS)
@settings(max_examples=60)
@given(data=st.data())
def test_no_event_is_too_odd(case: Case, data: st.DataObject) -> None:
    """Law: whatever upstream sends is read or unreadable; every text in it is seen, in order, and
    the ending still is bytes of this framing."""
    events = case.events
    at = data.draw(st.integers(0, len(events) - 1))
    change = data.draw(st.sampled_from([mangle, twice]))
    if case.framing in ("converse", "agents"):
        ((name, value),) = events[at].items()
        events[at] = {name: change(value, data)}
    else:
        events[at] = change(events[at], data)
    body = FRAMINGS[case.framing].write(events)
    stream = open_stream(case.reader(), BlindScanner())
    assert run(stream, [body]) == body
    reader = case.reader()
    for event in list(reader.feed(body))[: at + 1]:
        reader.sent(event)
    assert isinstance(reader.close(NOTICE), bytes)
